"""What two readers read: each one's percentage of a type, slide by slide."""

from __future__ import annotations

from collections.abc import Sequence

from hemavision.records.cells import COUNTED_APART
from hemavision.store import Store, reads


def percents_by_slide(store: Store, cell_type: str, who: str) -> tuple[list[float], list[float]]:
    """Return what the first and the second reader made of each slide that both have read.

    Each finished second reading is a slide; percentages are of the white cells in it. Cases that
    the asking reader is reading a second time are left out: they must stay blind.

    Args:
        store: whose cases.
        cell_type: whose percentages.
        who: asks.

    Returns:
        Percentages, 0 to 100, in the same order.
    """
    first: list[float] = []
    second: list[float] = []
    finished = [read for _, read in reads.list_finished(store, who)]
    for pairs in reads.list_all_pairs(store, finished).values():
        ones = _percent([pair.first for pair in pairs], cell_type)
        twos = _percent([pair.second for pair in pairs], cell_type)
        if ones is not None and twos is not None:
            first.append(ones)
            second.append(twos)
    return first, second


def _percent(types: Sequence[str | None], cell_type: str) -> float | None:
    """Return a type's share of the white cells; None where one is undecided, or none is white."""
    white = [name for name in types if name not in COUNTED_APART]
    if None in types or not white:
        return None
    return 100 * white.count(cell_type) / len(white)
