"""What a case's cells are called, as a differential takes it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from hemavision.records.json_values import Count
from hemavision.records.results import Status
from hemavision.store.cells import count_types
from hemavision.store.database import Store


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
    unfamiliar: Count

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
    counts = count_types(store, case_id)
    _, unfamiliar = counts.pop(Status.UNFAMILIAR, (0, 0))
    decided = {name: done for name, (done, _) in counts.items() if done}
    suggested = {name: left for name, (_, left) in counts.items() if left}
    return Tally(decided, suggested, unfamiliar)
