"""How far an image lies from what a network was trained on, as numbers and as ONNX nodes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hemavision.compat.onnx_graph import Graph


@dataclass(frozen=True)
class NoveltyModel:
    """Distance to the nearest known type, in whitened embedding space.

    Attributes:
        whiten: float32 D×d, applied to embeddings from the right.
        centres: float32 K×d, the types' centres after whitening.
        scale: the distance that counts as 1.
    """

    whiten: np.ndarray
    centres: np.ndarray
    scale: float

    @classmethod
    def neutral(cls, dimensions: int) -> NoveltyModel:
        """Return one that finds nothing novel: what a bundle holds before it is fitted."""
        zeros = np.zeros((dimensions, 1), np.float32)
        return cls(zeros, np.zeros((1, 1), np.float32), 1.0)

    def distances(self, embeddings: np.ndarray) -> np.ndarray:
        """Return each embedding's distance (float N) to the nearest centre; input is N×D."""
        offsets = (embeddings @ self.whiten)[:, None] - self.centres[None]
        nearest: np.ndarray = np.sqrt((offsets**2).sum(axis=2)).min(axis=1) / self.scale
        return nearest


def add_novelty(graph: Graph, novelty: NoveltyModel, embedding: str, output: str) -> str:
    """Add the distance of each embedding (N×D) to the nearest centre, float N."""
    whiten = graph.floats("novelty:whiten", novelty.whiten)
    x = graph.add("MatMul", [embedding, whiten], "novelty:whitened")
    x = graph.add("Unsqueeze", [x, graph.ints("axis_1", 1)], "novelty:rows")
    centres = graph.floats("novelty:centres", novelty.centres[None])
    x = graph.add("Sub", [x, centres], "novelty:offsets")
    x = graph.add("ReduceL2", [x], "novelty:distances", axes=[2], keepdims=0)
    x = graph.add("ReduceMin", [x], "novelty:nearest", axes=[1], keepdims=0)
    return graph.add("Div", [x, graph.floats("novelty:scale", novelty.scale)], output)
