"""Distances to known points, in whitened features, in NumPy and as ONNX nodes."""

from __future__ import annotations

import numpy as np

from hemavision.compat.onnx_graph import Graph


def distances(places: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Return how far N places (float N×d) lie from M points (float M×d): float N×M."""
    rows = [np.sqrt(((points - place) ** 2).sum(axis=1)) for place in places]
    return np.stack(rows) if rows else np.empty((0, len(points)))


def add_distances(graph: Graph, name: str, features: str, whiten: str, points: str) -> str:
    """Add :func:`distances` of whitened features; return its name.

    Args:
        graph: to add to.
        name: that the nodes' names begin with.
        features: name of what is whitened, N×D.
        whiten: name of a matrix, D×d.
        points: name of the points after whitening, 1×M×d.
    """
    x = graph.add("MatMul", [features, whiten], f"{name}:whitened")
    x = graph.add("Unsqueeze", [x, graph.ints("axis_1", 1)], f"{name}:rows")
    x = graph.add("Sub", [x, points], f"{name}:offsets")
    return graph.add("ReduceL2", [x], f"{name}:distances", axes=[2], keepdims=0)
