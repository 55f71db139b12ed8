"""The model against the readers, over time."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass

from sqlalchemy import select

from hemavision.records.classes import ClassList
from hemavision.store.database import Store
from hemavision.store.schema import cases, cells, images, reads
from hemavision.store.second_readings import ReadState

_LENGTHS = {"day": 10, "month": 7, "year": 4}
PERIODS = tuple(_LENGTHS)


@dataclass(frozen=True)
class Agreement:
    """One model's suggestions of one period, against what readers decided.

    Attributes:
        period: day, month or year of the decisions, such as ``"2026-11"``.
        model_name: whose suggestions.
        model_sha256: of its bundle.
        decided: cells that a person decided on.
        agreed: of them, those where the model had said the same.
        by_status: status → [decided, agreed].
        confusion: the reader's type → the model's type → cells. A class that is part of one of the
            model's types counts as that type.
    """

    period: str
    model_name: str
    model_sha256: str
    decided: int
    agreed: int
    by_status: dict[str, list[int]]
    confusion: dict[str, dict[str, int]]


def model_against_readers(
    store: Store, period: str = "month", case_id: int | None = None, who: str = ""
) -> list[Agreement]:
    """Return how often readers kept what the model suggested, the oldest period first.

    Of models in one period the one comes first whose suggestions were decided on first of all.

    Args:
        store: whose decisions.
        period: one of :data:`PERIODS`.
        case_id: of this case; None is all.
        who: asks; cases that they are reading a second time are left out: they must stay blind.
    """
    whose = (cells.c.decided_at, images.c.model_name, cells.c.model_sha256)
    said = (cells.c.status, cells.c.decided_type, cells.c.suggested_type)
    blind = select(reads.c.case_id).where(reads.c.reader == who, reads.c.state == ReadState.OPEN)
    found = select(cells.c.case_id, *whose, *said).join_from(cells, images)
    found = found.where(cells.c.decided_type.is_not(None), cells.c.case_id.not_in(blind))
    if case_id is not None:
        found = found.where(cells.c.case_id == case_id)
    lists = select(cases.c.id, cases.c.classes)
    seen: defaultdict[tuple[str, str, str], Counter[tuple[str, str, str]]] = defaultdict(Counter)
    began: dict[tuple[str, str], str] = {}
    with store.reading() as connection:
        classes = {n: ClassList.of(kept) for n, kept in connection.execute(lists)}
        for case, at, name, model, status, decided, suggested in connection.execute(found):
            answer = (status, classes[case].type_of(decided), suggested)
            seen[at[: _LENGTHS[period]], name, model][answer] += 1
            began[name, model] = min(at, began.get((name, model), at))
    order = sorted(seen, key=lambda key: (key[0], began[key[1:]], key))
    return [_agreement(*key, seen[key]) for key in order]


def _agreement(
    period: str, name: str, model: str, counts: Counter[tuple[str, str, str]]
) -> Agreement:
    by_status: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
    confusion: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for (status, decided, suggested), count in counts.items():
        by_status[status][0] += count
        by_status[status][1] += count * (decided == suggested)
        confusion[decided][suggested] += count
    total = sum(count for count, _ in by_status.values())
    agreed = sum(count for _, count in by_status.values())
    tables = {kind: dict(row) for kind, row in sorted(confusion.items())}
    return Agreement(period, name, model, total, agreed, dict(by_status), tables)
