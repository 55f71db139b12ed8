"""The few cells of a case that its report shows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

from hemavision.store import Store
from hemavision.store.cells import Filter, list_cells
from hemavision.store.records import Cell, Page

#: Representative cells of each type: the surest one and the most doubtful one.
CELLS_A_TYPE = 2
#: Types whose cells are shown, and cells in all: one page prints well.
MOST_CELLS = 12


def representative_cells(store: Store, case_id: int, critical: Collection[str]) -> list[Cell]:
    """Return the critical cells, and of each other decided type the most doubtful and the surest.

    Args:
        store: where the case is.
        case_id: of the case.
        critical: types of which it holds a critical number, the weightiest first. All their cells
            are shown while the page has room, and as many of each.
    """
    decided, _ = list_cells(store, case_id, Filter(decided=True), Page(100_000))
    by_type: defaultdict[str, list[Cell]] = defaultdict(list)
    for cell in decided:
        by_type[cell.decided_type or ""].append(cell)
    chosen: list[Cell] = []
    for name in critical:
        chosen += by_type.pop(name, [])[: MOST_CELLS // len(critical)]
    for cells in sorted(by_type.values(), key=len, reverse=True):
        chosen += [cells[-1], cells[0]][: min(CELLS_A_TYPE, len(cells))]
    return chosen[:MOST_CELLS]
