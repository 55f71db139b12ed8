"""Large fields in overlapping tiles, each place of the field answered for by one of them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

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


def tiles_of(width: int, height: int) -> Iterator[Tile]:
    """Yield tiles that cover a field of ``width``×``height`` pixels, row by row."""
    for top, bottom, first, last in _spans(height):
        for left, right, before, after in _spans(width):
            yield Tile(left, top, right, bottom, (before, first, after, last))


def _spans(length: int) -> list[tuple[int, int, float, float]]:
    """Return (start, end, where its own begins, where it ends) along one side."""
    if length <= TILE_PX:
        return [(0, length, float("-inf"), float("inf"))]
    count = -(-(length - OVERLAP_PX) // (TILE_PX - OVERLAP_PX))
    starts = [round(i * (length - TILE_PX) / (count - 1)) for i in range(count)]
    # Two neighbours part in the middle of what they share.
    cuts = [(b + a + TILE_PX) / 2 for a, b in itertools.pairwise(starts)]
    limits = [float("-inf"), *cuts, float("inf")]
    return [(s, s + TILE_PX, limits[i], limits[i + 1]) for i, s in enumerate(starts)]
