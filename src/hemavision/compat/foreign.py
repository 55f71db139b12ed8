"""How foreign an image's laboratory is to a network: by its colours alone, not by its cell.

A rare cell at home and a common one under another stain are both unlike what was learned, and
must be doubted in different ways. Cells of one laboratory differ in colours far less than
laboratories do, so the nearest of some thousand known images tells them apart. It also tells which
of the known laboratories an image is from, and so how far its answers are to be trusted there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hemavision.compat.nearest import add_distances, distances
from hemavision.compat.onnx_graph import Graph


@dataclass(frozen=True)
class ForeignModel:
    """Distance to the nearest known image, in whitened colours, and what is known of that image.

    Attributes:
        whiten: float32 15×15, applied to :func:`hemavision.compat.colours.colours_of` from the
            right.
        known: float32 M×15, images that were learned from, after whitening.
        heats: float32 M: what the temperature is multiplied by in each one's laboratory.
        scale: the distance that counts as 1.
    """

    whiten: np.ndarray
    known: np.ndarray
    heats: np.ndarray
    scale: float

    def measure(self, colours: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return how foreign each one's laboratory is and its heat (float N and N).

        Args:
            colours: float N×15.
        """
        far = distances(colours @ self.whiten, self.known)
        return far.min(axis=1) / self.scale, self.heats[far.argmin(axis=1)]


def add_foreign(graph: Graph, foreign: ForeignModel, colours: str, output: str) -> str:
    """Add how foreign each input's laboratory is, as ``output``; return its heat's name: float N.

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
    place = graph.add("ArgMin", [far], "foreign:place", axis=1, keepdims=0)
    return graph.add("Gather", [graph.floats("foreign:heats", foreign.heats), place], "heat")
