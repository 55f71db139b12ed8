"""What a case's cells are called, counted by the database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import func, select

from hemavision.results import Status
from hemavision.store.database import Store
from hemavision.store.schema import cells


@dataclass(frozen=True)
class Tally:
    """A case's cells, counted.

    Attributes:
        decided: type → cells that a person called so.
        suggested: type → undecided cells that the model called so; no unfamiliar ones.
        unfamiliar: undecided cells unlike any that the model knows.
    """

    decided: dict[str, int]
    suggested: dict[str, int]
    unfamiliar: int

    @property
    def undecided(self) -> int:
        """Cells that nobody has decided on."""
        return sum(self.suggested.values()) + self.unfamiliar

    def counts(self, looked_for: Iterable[str], *, with_suggestions: bool) -> dict[str, int]:
        """Return type → cells as :func:`hemavision.differential.find_differential` takes them.

        Args:
            looked_for: types that were looked for, in order: 0 where none was found.
            with_suggestions: count the model's word for cells that nobody has decided on; what
                is unfamiliar to it is never counted.
        """
        counts = Counter(self.decided) + Counter(self.suggested if with_suggestions else {})
        ordered = dict.fromkeys([*looked_for, *sorted(counts)])
        left = self.unfamiliar if with_suggestions else self.undecided
        return {name: counts[name] for name in ordered} | {"undecided": left}


def tally(store: Store, case_id: int) -> Tally:
    """Return a case's cells, counted by what they are called."""
    columns = (cells.c.decided_type, cells.c.suggested_type, cells.c.status)
    found = select(*columns, func.count()).where(cells.c.case_id == case_id).group_by(*columns)
    decided: Counter[str] = Counter()
    suggested: Counter[str] = Counter()
    unfamiliar = 0
    with store.reading() as connection:
        for by_person, by_model, status, count in connection.execute(found):
            if by_person is not None:
                decided[by_person] += count
            elif status == Status.UNFAMILIAR:
                unfamiliar += count
            else:
                suggested[by_model] += count
    return Tally(dict(decided), dict(suggested), unfamiliar)
