"""Finds the white cell of a field by its nucleus, the most strongly stained thing in it.

No learning, no state, under two milliseconds a field.
"""

from __future__ import annotations

import math

import numpy as np
from PIL import Image

from hemavision.images.stain import nuclear_stain
from hemavision.records.results import Box

#: The long side of the image that the search runs on, in pixels.
SEARCH_PX = 160
#: Side of the box, in radii of a disc with the nucleus's area. A neutrophil's lobes
#: cover about a third of the cell and a lymphocyte's nucleus most of it: at 5 radii
#: either cell lies whole in the box.
BOX_RADII = 5.0
#: A cell stands in the middle of an image if, of the disc around it with this radius (in shorter
#: sides), this share is stained as nuclei are. Of the training images' wandering cells none was
#: left for a platelet there, and of the centred ones half as many were left for a neighbour.
MIDDLE_RADIUS, MIDDLE_STAINED = 0.1, 0.3
#: The box's side stays within these fractions of the image's shorter side.
SIDE_RANGE = (0.30, 1.0)
#: Likewise, in longer sides of the cell's own box, where that is known.
CELL_SIDES = (1.0, 3.0)


def locate_cell(rgb: np.ndarray) -> Box:
    """Return a square box around the nucleus in the middle, or else the most strongly stained one.

    A photograph of one cell has it in the middle, however much darker a neighbour at the rim is.

    Args:
        rgb: uint8, H×W×3, 0 to 255.

    Returns:
        A square box in pixels of ``rgb``, centred on the nucleus; it may reach outside the
        image where the cell lies at its edge. An image without any stain gives the
        largest centred square.
    """
    height, width = rgb.shape[:2]
    small, shrink = _shrunk(rgb)
    stain = nuclear_stain(small)
    mass = stain.sum()
    if mass < 1e-3 * stain.size:
        side = min(height, width)
        return Box.square(width / 2, height / 2, side)
    x, y = _middle(stain) or _densest_point(stain, window=max(3, min(stain.shape) // 4))
    x, y, radius = _settle(stain, x, y)
    shorter = min(height, width)
    low, high = (shorter * fraction for fraction in SIDE_RANGE)
    side = min(max(BOX_RADII * radius * shrink, low), high)
    return Box.square((x + 0.5) * shrink, (y + 0.5) * shrink, side)


def locate_nucleus(rgb: np.ndarray, cell: Box) -> Box:
    """Return a square box around the nucleus of a cell whose place is known.

    Args:
        rgb: uint8, H×W×3, 0 to 255: the cell with its surroundings, which say what is stained.
        cell: its box, in pixels of ``rgb``; stain outside it is another cell's.

    Returns:
        As :func:`locate_cell`; where nothing in ``cell`` is stained, the square of
        :data:`CELL_SIDES` sides around it.
    """
    small, shrink = _shrunk(rgb)
    stain = np.zeros(small.shape[:2], np.float32)
    rows = slice(max(cell.top // shrink, 0), -(-cell.bottom // shrink))
    columns = slice(max(cell.left // shrink, 0), -(-cell.right // shrink))
    stain[rows, columns] = nuclear_stain(small)[rows, columns]
    long_side = max(cell.right - cell.left, cell.bottom - cell.top)
    x, y = (cell.left + cell.right) / 2, (cell.top + cell.bottom) / 2
    if stain.sum() < 1e-3 * stain.size:
        return Box.square(x, y, CELL_SIDES[1] * long_side)
    x, y, radius = _settle(stain, x / shrink, y / shrink)
    low, high = (long_side * sides for sides in CELL_SIDES)
    side = min(max(BOX_RADII * radius * shrink, low), high)
    return Box.square((x + 0.5) * shrink, (y + 0.5) * shrink, side)


def _shrunk(rgb: np.ndarray) -> tuple[np.ndarray, int]:
    """Return the image that is searched, float32, and how many times smaller it is."""
    shrink = max(1, round(max(rgb.shape) / SEARCH_PX))
    return np.asarray(Image.fromarray(rgb).reduce(shrink), dtype=np.float32), shrink


def _middle(stain: np.ndarray) -> tuple[float, float] | None:
    """Return (x, y) of the middle of the image if something stained stands there."""
    height, width = stain.shape
    x, y = (width - 1) / 2, (height - 1) / 2
    squares = (np.arange(height)[:, None] - y) ** 2 + (np.arange(width) - x) ** 2
    disc = squares < (MIDDLE_RADIUS * min(stain.shape)) ** 2
    # An image of one or two pixels has no disc; a mean of nothing is not asked for.
    return (x, y) if disc.any() and stain[disc].mean() > MIDDLE_STAINED else None


def _densest_point(stain: np.ndarray, window: int) -> tuple[float, float]:
    """Return (x, y) of the centre of the ``window``-sided square that holds most stain."""
    half = window // 2
    sums = _running_sums(_running_sums(stain, half).T, half).T
    row, column = np.unravel_index(np.argmax(sums), sums.shape)
    return float(column), float(row)


def _running_sums(values: np.ndarray, half: int) -> np.ndarray:
    """Return, for each row, the sum of the rows at most ``half`` away."""
    rows = len(values)
    table = np.zeros((rows + 2 * half + 1, *values.shape[1:]), values.dtype)
    np.cumsum(values, axis=0, out=table[half + 1 : half + 1 + rows])
    table[half + 1 + rows :] = table[half + rows]
    sums: np.ndarray = table[2 * half + 1 :] - table[:rows]
    return sums


def _settle(stain: np.ndarray, x: float, y: float) -> tuple[float, float, float]:
    """Move to the centroid of the stain around (x, y); return it and the nucleus's radius.

    The neighbourhood grows with the nucleus found in it, so that the lobes of one nucleus
    are taken together and a second cell further off is not.
    """
    height, width = stain.shape
    reach = min(stain.shape) / 4
    ys, xs = np.arange(height)[:, None], np.arange(width)
    radius = reach / 2
    for _ in range(4):
        # Only the square around the disc: the rest counts for nothing.
        rows = slice(max(math.ceil(y - reach), 0), math.floor(y + reach) + 1)
        columns = slice(max(math.ceil(x - reach), 0), math.floor(x + reach) + 1)
        inside = (xs[columns] - x) ** 2 + (ys[rows] - y) ** 2 <= reach**2
        weight = np.where(inside, stain[rows, columns], 0.0)
        area = weight.sum()
        if area < 1.0:
            break
        x = float(weight.sum(axis=0) @ xs[columns] / area)
        y = float(weight.sum(axis=1) @ ys[rows, 0] / area)
        radius = float(np.sqrt(area / np.pi))
        reach = min(max(2.2 * radius, 6.0), max(stain.shape) / 2)
    return x, y, radius
