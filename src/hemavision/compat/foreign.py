"""How foreign an image's laboratory is to a network: by its colours alone, not by its cell.

A rare cell at home and a common one under another stain are both unlike what was learned, and a
person should know which it is. Cells of one laboratory differ in colours far less than
laboratories do, so the nearest of some thousand known images tells them apart.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hemavision.compat.nearest import add_distances, distances
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
        """Return how foreign the laboratory of each of N images is, by its colours (float N×15)."""
        nearest: np.ndarray = distances(colours @ self.whiten, self.known).min(axis=1)
        return nearest / self.scale


def add_foreign(graph: Graph, foreign: ForeignModel, colours: str, output: str) -> None:
    """Add how foreign each input's laboratory is, as ``output``: float N.

    Args:
        graph: to add to.
        foreign: what is known.
        colours: name of the inputs' colours, N×15.
        output: name for the result.
    """
    whiten = graph.floats("foreign:whiten", foreign.whiten)
    known = graph.floats("foreign:known", foreign.known[None])
    far = add_distances(graph, "foreign", colours, whiten, known)
    least = graph.add("ReduceMin", [far], "foreign:nearest", axes=[1], keepdims=0)
    graph.add("Div", [least, graph.floats("foreign:scale", foreign.scale)], output)
