"""How far an image lies from what a network was trained on, as numbers and as ONNX nodes.

Near what is known lie many known cells. The distance to the k-th nearest of them, between
embeddings of length 1 (Sun et al. 2022), tells types left out of training, red cells, fields and
photographs: whatever mixture of known things an image is, no known cell points where it does.

A network that is taught to look past a laboratory's stain gives a foreign laboratory's cells much
the same embedding as its own, so whether the colours are foreign is asked of the pixels: a few
quantiles say which light, stain and camera an image shows, whatever cell is in it. Cells of one
laboratory differ in them far less than laboratories do, so the nearest of some thousand known
images tells them apart. A rare cell at home and a common one under another stain are both unlike
what was learned, and a person should know which it is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hemavision.graph.onnx_graph import Graph


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


#: Of the values of each channel, over every fourth row and column.
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
STEP = 4
#: How many numbers that makes.
COLOURS = 3 * len(QUANTILES)


def colours_of(crops: np.ndarray) -> np.ndarray:
    """Return the quantiles of each channel of N inputs (uint8 N×S×S×3): float32 N×15, −1 to 1."""
    pixels = crops[:, ::STEP, ::STEP].reshape(len(crops), -1, 3)
    ordered = np.sort(pixels, axis=1)[:, _ranks(pixels.shape[1])]
    values = ordered.astype(np.float32) / np.float32(127.5) - np.float32(1.0)
    return values.transpose(0, 2, 1).reshape(len(crops), COLOURS)


def add_colours(graph: Graph, pixels: str, size_px: int) -> str:
    """Add :func:`colours_of` the inputs; return its name.

    Args:
        graph: to add to.
        pixels: name of the inputs as floats N×3×S×S, 0 to 255.
        size_px: S.
    """
    count = len(range(0, size_px, STEP)) ** 2
    start, end = graph.ints("colours:start", 0, 0), graph.ints("colours:end", size_px, size_px)
    axes, steps = graph.ints("colours:axes", 2, 3), graph.ints("colours:steps", STEP, STEP)
    x = graph.add("Slice", [pixels, start, end, axes, steps], "colours:pixels")
    x = graph.add("Reshape", [x, graph.ints("colours:rows", 0, 3, count)], "colours:channels")
    kept = graph.ints("colours:count", count)
    results = ["colours:ordered", "colours:places"]
    x = graph.add_several("TopK", [x, kept], results, largest=0)[0]
    x = graph.add("Gather", [x, graph.ints("colours:ranks", *_ranks(count))], "colours:q", axis=2)
    half, one = graph.floats("colours:half", 127.5), graph.floats("one", 1.0)
    x = graph.add("Sub", [graph.add("Div", [x, half], "colours:scaled"), one], "colours:each")
    return graph.add("Flatten", [x], "colours", axis=1)


def _ranks(count: int) -> list[int]:
    return [round(quantile * (count - 1)) for quantile in QUANTILES]


#: No embedding counts as shorter: a blank one has no length.
SHORTEST = 1e-6


def unit(embeddings: np.ndarray) -> np.ndarray:
    """Return embeddings (float N×D) of length 1."""
    lengths = np.linalg.norm(embeddings, axis=1, keepdims=True)
    return np.asarray(embeddings / np.maximum(lengths, SHORTEST))


@dataclass(frozen=True)
class NoveltyModel:
    """Distance to the k-th nearest known cell, 1 less the cosine between embeddings.

    Attributes:
        known: float32 M×D, embeddings of length 1.
        nearest: k, 1 to M.
        scale: the distance that counts as 1.
    """

    known: np.ndarray
    nearest: int
    scale: float

    @classmethod
    def neutral(cls, dimensions: int) -> NoveltyModel:
        """Return one that finds nothing novel: what a bundle holds before it is fitted."""
        return cls(np.zeros((1, dimensions), np.float32), 1, np.inf)

    def measure(self, embeddings: np.ndarray) -> np.ndarray:
        """Return how novel each embedding (float N×D) is: float N."""
        alike = unit(embeddings) @ self.known.T
        kth = np.partition(alike, -self.nearest, axis=1)[:, -self.nearest]
        # What is known is rounded: a known cell itself may lie nearer than not at all.
        return np.asarray(np.maximum(1 - kth, 0) / self.scale)


def add_novelty(graph: Graph, novelty: NoveltyModel, embedding: str, output: str) -> None:
    """Add how novel each input is, float N.

    Args:
        graph: to add to.
        novelty: what is familiar.
        embedding: name of the embeddings, N×D.
        output: name for the result.
    """
    x = graph.add("ReduceL2", [embedding], "novelty:length", axes=[1], keepdims=1)
    x = graph.add("Max", [x, graph.floats("novelty:shortest", SHORTEST)], "novelty:kept")
    x = graph.add("Div", [embedding, x], "novelty:unit")
    known = graph.floats("novelty:known", novelty.known.T)
    x = graph.add("MatMul", [x, known], "novelty:alike")
    nearest = graph.ints("novelty:nearest", novelty.nearest)
    x, _ = graph.add_several("TopK", [x, nearest], ["novelty:most", "novelty:places"])
    x = graph.add("ReduceMin", [x], "novelty:kth", axes=[1], keepdims=0)
    x = graph.add("Sub", [graph.floats("one", 1.0), x], "novelty:difference")
    x = graph.add("Relu", [x], "novelty:distance")
    graph.add("Div", [x, graph.floats("novelty:scale", novelty.scale)], output)


@dataclass(frozen=True)
class ForeignModel:
    """Distance to the nearest known image, in whitened colours.

    Attributes:
        whiten: float32 15×15, applied to :func:`hemavision.graph.doubt.colours_of` from the
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
