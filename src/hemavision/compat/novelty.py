"""How far an image lies from what a network was trained on, as numbers and as ONNX nodes.

Far from all that is known is one sign; a short embedding is another: nothing that the network
learned to look for is much in the picture, whatever mixture of it lies near a known type.

A network that is taught to look past a laboratory's stain gives a foreign laboratory's cells much
the same embedding as its own, so whether the colours are foreign is asked of the pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hemavision.compat.nearest import add_distances, distances
from hemavision.compat.onnx_graph import Graph

#: A length below this share of the faint one counts as this: a blank embedding has none.
SHORTEST = 0.1


@dataclass(frozen=True)
class NoveltyModel:
    """Distance to the nearest known kind of cell, in whitened embeddings and, maybe, colours.

    Attributes:
        whiten: float32 D×d, or (D+15)×d, applied to embeddings (with colours) from the right.
        centres: float32 M×d, what is known, after whitening: the centres of the types, each of
            each laboratory.
        scale: the sum of both signs that counts as 1.
        colours: how many of the last columns are colours.
        faint: the length of an embedding that adds 1 to the distance; it adds (faint / length)³,
            and nothing where this is 0.
    """

    whiten: np.ndarray
    centres: np.ndarray
    scale: float
    colours: int = 0
    faint: float = 0.0

    @classmethod
    def neutral(cls, dimensions: int) -> NoveltyModel:
        """Return one that finds nothing novel: what a bundle holds before it is fitted."""
        zeros = np.zeros((dimensions, 1), np.float32)
        return cls(zeros, np.zeros((1, 1), np.float32), 1.0)

    def measure(self, features: np.ndarray) -> np.ndarray:
        """Return how novel each is (float N); ``features`` has as many columns as ``whiten``."""
        novelty: np.ndarray = distances(features @ self.whiten, self.centres).min(axis=1)
        if self.faint:
            embeddings = features[:, : features.shape[1] - self.colours]
            lengths = np.maximum(np.linalg.norm(embeddings, axis=1), self.faint * SHORTEST)
            novelty = novelty + (self.faint / lengths) ** 3
        return novelty / self.scale


def add_novelty(
    graph: Graph, novelty: NoveltyModel, embedding: str, colours: str, output: str
) -> str:
    """Add how novel each input is, float N.

    Args:
        graph: to add to.
        novelty: what is familiar.
        embedding: name of the embeddings, N×D.
        colours: name of the inputs' colours, N×15; not asked for where ``novelty`` has none.
        output: name for the result.
    """
    features = embedding
    if novelty.colours:
        features = graph.add("Concat", [embedding, colours], "novelty:features", axis=1)
    whiten = graph.floats("novelty:whiten", novelty.whiten)
    centres = graph.floats("novelty:centres", novelty.centres[None])
    x = add_distances(graph, "novelty", features, whiten, centres)
    x = graph.add("ReduceMin", [x], "novelty:nearest", axes=[1], keepdims=0)
    if novelty.faint:
        x = graph.add("Add", [x, _add_faintness(graph, novelty, embedding)], "novelty:both")
    return graph.add("Div", [x, graph.floats("novelty:scale", novelty.scale)], output)


def _add_faintness(graph: Graph, novelty: NoveltyModel, embedding: str) -> str:
    """Add (faint / length)³ of each embedding, float N."""
    faint = graph.floats("novelty:faint", novelty.faint)
    shortest = graph.floats("faint:shortest", novelty.faint * SHORTEST)
    x = graph.add("ReduceL2", [embedding], "faint:length", axes=[1], keepdims=0)
    x = graph.add("Div", [faint, graph.add("Max", [x, shortest], "faint:kept")], "faint:ratio")
    return graph.add("Pow", [x, graph.floats("faint:power", 3.0)], "faint:added")
