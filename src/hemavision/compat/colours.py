"""The colours of a network's input as a few numbers, in NumPy and as ONNX nodes.

They say which laboratory's light, stain and camera an image shows, whatever cell is in it.
"""

from __future__ import annotations

import numpy as np

from hemavision.compat.onnx_graph import Graph

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
