"""How foreign an image's laboratory is to a network: by its colours alone, not by its cell.

A rare cell at home and a common one under another stain are both unlike what was learned, and
must be doubted in different ways. Cells of one laboratory differ in colours far less than
laboratories do, so the nearest of some thousand known images tells them apart.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hemavision.compat.onnx_graph import Graph


@dataclass(frozen=True)
class ForeignModel:
    """Distance to the nearest known image, in whitened colours.

    Attributes:
        whiten: float32 15×15, applied to :func:`hemavision.compat.colours.colours_of` from the
            right.
        known: float32 M×15, images that were learned from, after whitening.
        scale: the distance that counts as 1.
    """

    whiten: np.ndarray
    known: np.ndarray
    scale: float

    def measure(self, colours: np.ndarray) -> np.ndarray:
        """Return how foreign the laboratory of each is (float N); ``colours`` is N×15."""
        nearest = [((self.known - place) ** 2).sum(axis=1).min() for place in colours @ self.whiten]
        distances: np.ndarray = np.sqrt(nearest) / self.scale
        return distances


def add_foreign(graph: Graph, foreign: ForeignModel, colours: str, output: str) -> str:
    """Add how foreign each input's laboratory is, float N.

    Args:
        graph: to add to.
        foreign: what is known.
        colours: name of the inputs' colours, N×15.
        output: name for the result.
    """
    whiten = graph.floats("foreign:whiten", foreign.whiten)
    x = graph.add("MatMul", [colours, whiten], "foreign:whitened")
    x = graph.add("Unsqueeze", [x, graph.ints("axis_1", 1)], "foreign:rows")
    known = graph.floats("foreign:known", foreign.known[None])
    x = graph.add("Sub", [x, known], "foreign:offsets")
    x = graph.add("ReduceL2", [x], "foreign:distances", axes=[2], keepdims=0)
    x = graph.add("ReduceMin", [x], "foreign:nearest", axes=[1], keepdims=0)
    return graph.add("Div", [x, graph.floats("foreign:scale", foreign.scale)], output)
