"""Where to look: one way to a white cell, in a picture of it alone and in a field.

The nucleus says where a cell is that fills its picture. Where nothing that large is stained, or the
picture has a field's size and cells, it is a field: the detector finds its cells, the nucleus says
which of them is meant, and is looked for in that one's box alone, as for every box of that field on
any page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from hemavision.reading.finding import locate_cell, locate_nucleus
from hemavision.reading.finding.detector import Finder
from hemavision.reading.heard import Stage, stage
from hemavision.reading.preprocess import PreprocessSpec, around
from hemavision.records.results import Box, CellKind

#: Side of what is looked through around a found cell, in longer sides of its box: what is stained
#: is told by the surroundings. In BCCD that is nearly the whole field, and named best what was
#: tried (benchmarks/surroundings.py).
SURROUNDINGS = 6.0
#: Side of what a model of whole pictures is given, likewise: as in the sets of single cells.
WHOLE_SIDES = 2.0
#: A located box of less than this part of the shorter side is of nothing that fills a picture: such
#: is nearly every field of BCISC, however far reduced, and hardly a picture of a single cell.
FILLING = 0.5
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
    with stage(Stage.LOCATE):
        box = locate_cell(rgb)
    fills = box.right - box.left >= FILLING * min(height, width)
    if finder is None or (fills and not may_be_field(rgb)):
        return around(box, spec)
    with stage(Stage.DETECT):
        found = finder().find(rgb)
    white = [cell for cell in found if cell.kind is CellKind.WHITE]
    if not white or (fills and not is_field(cell.kind for cell in found)):
        return around(box, spec)
    # The cell that the nucleus lies in, or else the one in the middle, or else the surest.
    places = (box, Box(0, 0, width, height))
    meant = (cell for place in places for cell in white if holds(cell.box, place))
    return where_found(rgb, next(meant, white[0]).box, spec)


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


def holds(part: Box, box: Box) -> bool:
    """Whether the centre of a box lies in a part of its picture."""
    x, y = (box.left + box.right) / 2, (box.top + box.bottom) / 2
    return part.left <= x < part.right and part.top <= y < part.bottom
