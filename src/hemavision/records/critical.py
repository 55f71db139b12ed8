"""Cells that must not be overlooked: which, from how many on, and who says so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from hemavision.records.classes import USUAL_PLACES, ClassList
from hemavision.records.json_values import HIDDEN, Count, Record, member

#: More than this for each hundred white cells is no share.
MOST = 1000.0


@dataclass(frozen=True)
class CriticalRule(Record):
    """When a type's cells are critical.

    Attributes:
        name: of the cell type.
        above: more cells than this for each 100 white ones are critical; at 0, any is.
        source: where that comes from.
    """

    name: str
    above: float
    source: str


@dataclass(frozen=True)
class Critical(Record):
    """A type of which a case holds a critical number.

    Attributes:
        rule: that it meets.
        count: its cells, with those that are not counted.
        per_100: for each 100 white cells, of those counted or of all, whichever is more; None where
            there is no white cell.
        types: whose cells they are: its own, and classes that are part of it.
        uncounted: of its cells, those that nobody decided on before the count stopped.
    """

    rule: CriticalRule = field(metadata=HIDDEN)
    count: Count
    per_100: float | None
    types: tuple[str, ...]
    uncounted: Count = 0

    @property
    @member
    def cell_type(self) -> str:
        """The type."""
        return self.rule.name

    @property
    @member
    def above(self) -> float:
        """More than this for each 100 white cells is critical; 0: any."""
        return self.rule.above

    @property
    @member
    def source(self) -> str:
        """Where that comes from."""
        return self.rule.source


def find_critical(
    counts: Mapping[str, int],
    rules: Iterable[CriticalRule],
    classes: ClassList = USUAL_PLACES,
    uncounted: Mapping[str, int] | None = None,
) -> list[Critical]:
    """Return which rules a count meets, in their order.

    Args:
        counts: type → cells that a person called so.
        rules: of the laboratory.
        classes: that the cells were called by. A class without a rule falls under its parent's.
        uncounted: type → cells that the model alone called so, where the count stopped without
            them: what must not be overlooked is weighed wherever it stands.
    """
    beyond = uncounted or {}
    everything = Counter(counts) + Counter(beyond)
    rules = tuple(rules)
    found = []
    for rule in rules:
        types = types_under(rule, rules, classes)
        shares = [_per_100(some, types, classes) for some in (counts, everything)]
        per_100 = max((share for share in shares if share is not None), default=None)
        count = sum(everything[name] for name in types)
        if count and (per_100 is None or per_100 > rule.above):
            left = sum(beyond.get(name, 0) for name in types)
            found.append(Critical(rule, count, per_100, types, left))
    return found


def _per_100(counts: Mapping[str, int], types: Iterable[str], classes: ClassList) -> float | None:
    white = sum(n for name, n in counts.items() if classes.counts(name))
    return 100 * sum(counts.get(name, 0) for name in types) / white if white else None


def types_under(
    rule: CriticalRule, rules: Iterable[CriticalRule], classes: ClassList
) -> tuple[str, ...]:
    """Return the classes whose cells a rule is about: its own, and its parts that have none."""
    ruled = {other.name for other in rules}
    parts = classes.parts_of(rule.name, (one.name for one in classes.classes))
    return (rule.name, *(name for name in parts if name not in ruled))
