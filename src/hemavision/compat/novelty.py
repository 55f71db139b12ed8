"""How far an image lies from what a network was trained on, as numbers and as ONNX nodes.

A network that is taught to look past a laboratory's stain gives a foreign laboratory's cells much
the same embedding as its own, so whether the colours are foreign is asked of the pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hemavision.compat.onnx_graph import Graph

#: Of each channel of the input on the scale [-1, 1], its mean and its root mean square.
COLOURS = 6


def colours_of(crops: np.ndarray) -> np.ndarray:
    """Return what novelty sees of the pixels of N inputs (uint8 N×H×W×3): float32 N×6."""
    values = crops.astype(np.float32) / np.float32(127.5) - np.float32(1.0)
    roots = np.sqrt((values**2).mean(axis=(1, 2)))
    return np.concatenate([values.mean(axis=(1, 2)), roots], axis=1)


@dataclass(frozen=True)
class NoveltyModel:
    """Distance to the nearest known kind of cell, in whitened embeddings and, maybe, colours.

    Attributes:
        whiten: float32 D×d, or (D+6)×d, applied to embeddings (with colours) from the right.
        centres: float32 M×d, what is known, after whitening: the centres of the types, each of
            each laboratory.
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

    def distances(self, features: np.ndarray) -> np.ndarray:
        """Return the distance (float N) to the nearest centre; of as many columns as ``whiten``."""
        offsets = (features @ self.whiten)[:, None] - self.centres[None]
        nearest: np.ndarray = np.sqrt((offsets**2).sum(axis=2)).min(axis=1) / self.scale
        return nearest


def add_novelty(
    graph: Graph, novelty: NoveltyModel, embedding: tuple[str, int], pixels: str, output: str
) -> str:
    """Add the distance of each input to the nearest centre, float N.

    Args:
        graph: to add to.
        novelty: what is familiar.
        embedding: name of the embeddings, N×D, and D.
        pixels: name of the inputs as floats N×3×H×W, 0 to 255.
        output: name for the result.
    """
    features, width = embedding
    if len(novelty.whiten) > width:
        features = _add_colours(graph, features, pixels)
    whiten = graph.floats("novelty:whiten", novelty.whiten)
    x = graph.add("MatMul", [features, whiten], "novelty:whitened")
    x = graph.add("Unsqueeze", [x, graph.ints("axis_1", 1)], "novelty:rows")
    centres = graph.floats("novelty:centres", novelty.centres[None])
    x = graph.add("Sub", [x, centres], "novelty:offsets")
    x = graph.add("ReduceL2", [x], "novelty:distances", axes=[2], keepdims=0)
    x = graph.add("ReduceMin", [x], "novelty:nearest", axes=[1], keepdims=0)
    return graph.add("Div", [x, graph.floats("novelty:scale", novelty.scale)], output)


def _add_colours(graph: Graph, embedding: str, pixels: str) -> str:
    """Add :func:`colours_of` beside the embedding."""
    half = graph.floats("colours:half", 127.5)
    x = graph.add("Div", [graph.add("Sub", [pixels, half], "colours:centred"), half], "colours:x")
    mean = graph.add("GlobalAveragePool", [x], "colours:mean")
    x = graph.add(
        "GlobalAveragePool", [graph.add("Mul", [x, x], "colours:square")], "colours:power"
    )
    x = graph.add("Concat", [mean, graph.add("Sqrt", [x], "colours:root")], "colours:six", axis=1)
    x = graph.add("Flatten", [x], "colours", axis=1)
    return graph.add("Concat", [embedding, x], "colours:beside", axis=1)
