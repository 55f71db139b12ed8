"""Where to look: one way to a white cell, in a picture of it alone and in a field.

The nucleus says where a cell is that fills its picture. Where nothing that large is stained, or the
picture has a field's size and cells, it is a field: the detector finds the cell, and its nucleus is
looked for in its box alone, as for every box of that field on any page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from hemavision.reading.finding import locate_cell, locate_nucleus
from hemavision.reading.finding.detector import Finder
from hemavision.reading.finding.stain import SIDE_RANGE
from hemavision.reading.preprocess import PreprocessSpec, around
from hemavision.records.results import Box, CellKind, Detection

#: Side of what is looked through around a found cell, in longer sides of its box: what is stained
#: is told by the surroundings. In BCCD that is nearly the whole field, and named best what was
#: tried (benchmarks/surroundings.py).
SURROUNDINGS = 6.0
#: Side of what a model of whole pictures is given, likewise: as in the sets of single cells.
WHOLE_SIDES = 2.0
#: A located box of no more than the least side, in its parts, is of nothing that fills a picture.
HARDLY_MORE = 1.02
#: Longest side of the single-cell pictures of the public image sets, in pixels (PBC, 360×363).
CUTOUT_PX = 363
#: A picture of at least so many times a cut-out's area may be a field.
FIELD_FROM = 2.0


def where_to_look(
    rgb: np.ndarray, spec: PreprocessSpec, finder: Callable[[], Finder] | None = None
) -> Box:
    """Return what is cut out of a picture of one cell, or of a field that is asked for one.

    Args:
        rgb: uint8 H×W×3.
        spec: what the network takes.
        finder: gives what finds the cells of a field; without one, the nucleus alone decides.

    Returns:
        A box in pixels of ``rgb``; may reach outside.
    """
    height, width = rgb.shape[:2]
    if spec.crop != "nucleus":
        return Box(0, 0, width, height)
    box = locate_cell(rgb)
    least = SIDE_RANGE[0] * min(height, width)
    fills = box.right - box.left > HARDLY_MORE * least
    if finder is None or (fills and not may_be_field(rgb)):
        return around(box, spec)
    found = finder().find(rgb)
    white = [cell for cell in found if cell.kind is CellKind.WHITE]
    if not white or (fills and not is_field(cell.kind for cell in found)):
        return around(box, spec)
    return where_found(rgb, _meant(white, width / 2, height / 2).box, spec)


def may_be_field(rgb: np.ndarray) -> bool:
    """Return whether a picture, uint8 H×W×3, is larger than one of a single cell."""
    height, width = rgb.shape[:2]
    return bool(height * width >= FIELD_FROM * CUTOUT_PX**2)


def is_field(kinds: Iterable[CellKind]) -> bool:
    """Return whether what was found in such a picture makes it a field."""
    return {CellKind.WHITE, CellKind.RED} <= set(kinds)


def where_found(rgb: np.ndarray, cell: Box, spec: PreprocessSpec) -> Box:
    """Return what is cut out of a field, uint8 H×W×3, for the white cell found in a box of it."""
    longer = max(cell.right - cell.left, cell.bottom - cell.top)
    x, y = (cell.left + cell.right) / 2, (cell.top + cell.bottom) / 2
    if spec.crop != "nucleus":
        return Box.square(x, y, WHOLE_SIDES * longer)
    height, width = rgb.shape[:2]
    wide = Box.square(x, y, SURROUNDINGS * longer)
    left, top = max(wide.left, 0), max(wide.top, 0)
    seen = rgb[top : min(wide.bottom, height), left : min(wide.right, width)]
    return around(moved(locate_nucleus(seen, moved(cell, -left, -top)), left, top), spec)


def moved(box: Box, right: int, down: int) -> Box:
    """Return a box moved by whole pixels."""
    return Box(box.left + right, box.top + down, box.right + right, box.bottom + down)


def _meant(white: list[Detection], x: float, y: float) -> Detection:
    """Return the cell that covers the middle of the picture, or else the surest."""
    middle = (c for c in white if c.box.left <= x < c.box.right and c.box.top <= y < c.box.bottom)
    return next(middle, white[0])
