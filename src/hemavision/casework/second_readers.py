"""What two readers read: every finished second reading, and each reader's percentage of a type."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hemavision.cells import COUNTED_APART
from hemavision.store import Store, reads
from hemavision.store.cases import Search, list_cases
from hemavision.store.records import Case, Page

_AT_ONCE = 500


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
    for _, read in finished_reads(store, who):
        pairs = reads.list_pairs(store, read.id)
        ones = _percent([pair.first for pair in pairs], cell_type)
        twos = _percent([pair.second for pair in pairs], cell_type)
        if ones is not None and twos is not None:
            first.append(ones)
            second.append(twos)
    return first, second


def finished_reads(store: Store, who: str) -> Iterator[tuple[Case, reads.Read]]:
    """Yield every finished second reading and its case.

    Args:
        store: whose cases.
        who: asks; cases that they are reading a second time are left out: they must stay blind.
    """
    for case in _cases(store):
        if reads.is_blind(store, case.id, who):
            continue
        for read in reads.list_reads(store, case.id):
            if read.state is reads.ReadState.FINISHED:
                yield case, read


def _cases(store: Store) -> Iterator[Case]:
    offset, total = 0, 1
    while offset < total:
        found, total = list_cases(store, Search(), Page(_AT_ONCE, offset))
        yield from found
        offset += _AT_ONCE


def _percent(types: Sequence[str | None], cell_type: str) -> float | None:
    """Return a type's share of the white cells; None where one is undecided, or none is white."""
    white = [name for name in types if name not in COUNTED_APART]
    if None in types or not white:
        return None
    return 100 * white.count(cell_type) / len(white)
