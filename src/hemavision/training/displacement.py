"""How far a network's maps lie beside what it answers to, which training leaves free.

The mean over all places is the same wherever evidence was written: nothing in training holds the
map of an EfficientNet to its place, and a network may draw all its maps a place too high. What it
answers to is seen from outside, by covering the picture (occlusion: Zeiler and Fergus 2014).
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from PIL import Image, ImageFilter
from scipy.special import logit

from hemavision.reading.engine import Engine

#: Standard deviation of the blur that covers a place, as a share of the crop's side.
BLUR_SHARE = 1 / 16
#: Cells whose odds fall by less, summed over all places, say nothing about where.
LEAST_FALL = 0.1


def measure_displacement(engine: Engine, crops: np.ndarray) -> tuple[float, float]:
    """Return by how much evidence lies below, and right of, where maps draw it, in their places.

    Args:
        engine: any; asked about each crop and about as many covered ones as a map has places.
        crops: uint8 N×S×S×3 RGB, as :meth:`Engine.run` takes them.

    Returns:
        Means over the cells, (0.0, 0.0) where none says anything.
    """
    distances = [between for crop in crops if (between := _displacement(engine, crop)) is not None]
    down, right = np.mean(distances, axis=0) if distances else (0.0, 0.0)
    return round(float(down), 3), round(float(right), 3)


def _displacement(engine: Engine, crop: np.ndarray) -> np.ndarray | None:
    plain = engine.run(crop[None])
    named = plain.probabilities[0].argmax()
    drawn = plain.heatmaps[0, named]
    chances = engine.run(covered(crop, drawn.shape)).probabilities[:, named]
    whole, *each = logit(np.clip([plain.probabilities[0, named], *chances], 1e-6, 1 - 1e-6))
    falls = np.maximum(whole - np.array(each), 0).reshape(drawn.shape)
    if falls.sum() < LEAST_FALL or drawn.sum() <= 0:
        return None
    return np.asarray(_centre(falls) - _centre(drawn))


def covered(crop: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Return a crop once for every place of a map, which is blurred: uint8 N×S×S×3, row by row.

    Args:
        crop: uint8 S×S×3.
        shape: rows and columns of the map.
    """
    blur = ImageFilter.GaussianBlur(crop.shape[0] * BLUR_SHARE)
    soft = np.asarray(Image.fromarray(crop).filter(blur))
    rows, columns = (
        np.linspace(0, side, places + 1).round().astype(int)
        for side, places in zip(crop.shape, shape, strict=False)
    )
    views = []
    for top, bottom in pairwise(rows):
        for left, right in pairwise(columns):
            view = crop.copy()
            view[top:bottom, left:right] = soft[top:bottom, left:right]
            views.append(view)
    return np.stack(views)


def _centre(weights: np.ndarray) -> np.ndarray:
    """Return row and column of a map's centre of mass."""
    return np.array([np.average(places, weights=weights) for places in np.indices(weights.shape)])
