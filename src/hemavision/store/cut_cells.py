"""White cells that the border of a field cuts: found, but in no count until a reader says so."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select

from hemavision.records.json_values import Count, Record, Share
from hemavision.records.results import Box, CellKind
from hemavision.store.database import Store
from hemavision.store.schema import cells, images

#: Boxes that share more of the smaller one are around one cell: one may lie in the other.
SAME_CELL = 2 / 3


@dataclass(frozen=True)
class CutCell(Record):
    """A white cell at the border.

    Attributes:
        image_id: its image.
        box: around it, in pixels of the image.
        score: the finder's, 0 to 1.
    """

    image_id: Count
    box: Box
    score: Share


def list_cut_cells(store: Store, case_id: int) -> list[CutCell]:
    """Return the cut cells of a case that no reader has counted yet, by image, top ones first."""
    places = (cells.c.image_id, cells.c.left, cells.c.top, cells.c.right, cells.c.bottom)
    here = select(*places).where(cells.c.case_id == case_id)
    found = select(images.c.id, images.c.others).where(images.c.case_id == case_id)
    counted: defaultdict[int, list[Box]] = defaultdict(list)
    with store.reading() as connection:
        rows = connection.execute(found.order_by(images.c.id)).all()
        for image_id, *edges in connection.execute(here):
            counted[image_id].append(Box(*edges))
    cut = [
        CutCell(number, Box(**other["box"]), other["score"])
        for number, others in rows
        for other in others
        if other["kind"] == CellKind.WHITE
    ]
    return sorted(
        (one for one in cut if not is_there(one.box, counted[one.image_id])),
        key=lambda one: (one.image_id, one.box.top, one.box.left),
    )


def is_there(box: Box, others: Iterable[Box]) -> bool:
    """Return whether one of the boxes is around the same cell."""
    return any(covered(box, other) > SAME_CELL for other in others)


def covered(one: Box, other: Box) -> float:
    """Return the area that two boxes share as a part of the smaller one's."""
    wide = min(one.right, other.right) - max(one.left, other.left)
    high = min(one.bottom, other.bottom) - max(one.top, other.top)
    both = max(wide, 0) * max(high, 0)
    areas = [(b.right - b.left) * (b.bottom - b.top) for b in (one, other)]
    return both / min(areas)
