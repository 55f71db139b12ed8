"""Large fields in overlapping tiles, each place of the field answered for by one of them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

#: Longest side that is looked at in one go, in pixels of the network's input.
TILE_PX = 768
#: What two tiles share: more than the largest cell at home, so that each is whole in one of them.
OVERLAP_PX = 256


@dataclass(frozen=True)
class Tile:
    """A part of a field.

    Attributes:
        left: first column.
        top: first row.
        right: column after the last.
        bottom: row after the last.
        own: left, top, right and bottom of what it answers for: centres of cells there are its.
    """

    left: int
    top: int
    right: int
    bottom: int
    own: tuple[float, float, float, float]


def tiles_of(
    width: int, height: int, tile_px: int = TILE_PX, overlap_px: int = OVERLAP_PX
) -> Iterator[Tile]:
    """Yield tiles that cover a field of ``width``×``height`` pixels, row by row.

    Args:
        width: of the field.
        height: likewise.
        tile_px: longest side of a tile.
        overlap_px: least that two neighbours share.
    """
    columns = _spans(width, tile_px, overlap_px)
    for top, bottom, first, last in _spans(height, tile_px, overlap_px):
        for left, right, before, after in columns:
            yield Tile(left, top, right, bottom, (before, first, after, last))


def _spans(length: int, tile_px: int, overlap_px: int) -> list[tuple[int, int, float, float]]:
    """Return (start, end, where its own begins, where it ends) along one side."""
    if length <= tile_px:
        return [(0, length, float("-inf"), float("inf"))]
    count = -(-(length - overlap_px) // (tile_px - overlap_px))
    starts = [round(i * (length - tile_px) / (count - 1)) for i in range(count)]
    # Two neighbours part in the middle of what they share.
    cuts = [(b + a + tile_px) / 2 for a, b in itertools.pairwise(starts)]
    limits = [float("-inf"), *cuts, float("inf")]
    return [(s, s + tile_px, limits[i], limits[i + 1]) for i, s in enumerate(starts)]


#: Intersection over union from which on a found box shows the marked cell.
SAME_CELL = 0.5


def surest_boxes(boxes: np.ndarray, scores: np.ndarray, most: float) -> np.ndarray:
    """Return which boxes stay when none may overlap a surer one by more than ``most``.

    Args:
        boxes: float B×4, left, top, right, bottom.
        scores: float B.
        most: largest intersection over union that two cells have, 0 to 1.

    Returns:
        Their positions, int, the surest first.
    """
    order = np.argsort(-scores, kind="stable")
    kept: list[int] = []
    while len(order):
        first, rest = order[0], order[1:]
        kept.append(int(first))
        order = rest[overlap(boxes[first], boxes[rest]) <= most]
    return np.array(kept, int)


def matched(boxes: np.ndarray, found: np.ndarray) -> list[int]:
    """Return which marked box each found one shows, -1 for none.

    Args:
        boxes: float B×4, marked.
        found: float F×4, the surest first; each mark is taken once.
    """
    free = np.ones(len(boxes), bool)
    shown = []
    for box in found:
        likeness = np.where(free, overlap(box, boxes), 0.0)
        best = int(likeness.argmax()) if len(boxes) else -1
        same = best >= 0 and likeness[best] >= SAME_CELL
        shown.append(best if same else -1)
        if same:
            free[best] = False
    return shown


def overlap(box: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return the intersection over union of a box (4) with others (B×4): float B, 0 to 1."""
    low = np.maximum(box[:2], others[:, :2])
    high = np.minimum(box[2:], others[:, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=1)
    areas = (others[:, 2:] - others[:, :2]).prod(axis=1)
    joint = (box[2:] - box[:2]).prod() + areas - shared
    share: np.ndarray = shared / np.maximum(joint, 1e-9)
    return share
