"""A slide's differential beside an analyser's: which classes differ by more than chance.

Each class gets an exact test of its own, and the p-values are adjusted for their number by Holm
(1979, Scandinavian Journal of Statistics 6:65), so that a slide that agrees with its analyser
has one class called different in at most one of twenty comparisons.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hemavision.differential.intervals import LEVEL, clopper_pearson
from hemavision.errors import SettingsError
from hemavision.records.cells import COUNTED_APART, NOT_DECIDED
from hemavision.records.classes import USUAL_PLACES, ClassList
from hemavision.records.json_values import Count, Record, member

#: Where an analyser has no class of its own for a type, the class that its cells are counted in.
COUNTED_AS = {"immature_granulocyte": "neutrophil"}
#: The classes of every five-part differential, and those of them that make up most of the blood.
USUAL = frozenset({"neutrophil", "lymphocyte", "monocyte", "eosinophil", "basophil"})
COMMON = frozenset({"neutrophil", "lymphocyte"})
#: Up to this sum classes with a common one among them are fractions of 1; under this one
#: something is missing from all five.
MOST_AS_FRACTIONS, LEAST_OF_ALL = 1.05, 90.0
_AGAINST_SHARE = (
    "two-sided exact binomial test against the analyser's percentage, taken at whichever value "
    "that rounds to it fits the slide best; adjusted by Holm"
)
_AGAINST_CELLS = "Fisher's exact test against the analyser's cells; adjusted by Holm"


@dataclass(frozen=True)
class Analyser:
    """What an analyser says of the same blood.

    Attributes:
        percents: type → share of the white cells, percent.
        cells: white cells that it classified, where it says so; else its shares are taken as
            known, for it counts thousands.
        step: what its percentages are rounded to, in percent.
        name: of the analyser, for the report.
    """

    percents: Mapping[str, float]
    cells: int | None = None
    step: float = 0.1
    name: str = ""

    def check(self) -> None:
        """Say what of it cannot be used.

        Raises:
            SettingsError: a percentage, their sum, the cells or the step.
        """
        for name, percent in self.percents.items():
            if not 0 <= percent <= 100:
                raise SettingsError(f"The analyser's {name} is {percent:g}; it must be 0 to 100%.")
        self._check_sum()
        if self.cells is not None and self.cells < 1:
            raise SettingsError(f"The analyser's cells are {self.cells}; it must be 1 or more.")
        if not 0 < self.step <= 5:
            raise SettingsError(f"The analyser's step is {self.step:g}; it must be 0 to 5%.")

    def _check_sum(self) -> None:
        # Nucleated red cells are given for a hundred white ones, not among them.
        total = sum(n for name, n in self.percents.items() if name not in COUNTED_APART)
        # Rounding may carry a sum of several classes past 100, by half a step each.
        if total > 100 + self.step * max(1, len(self.percents)):
            raise SettingsError(f"The analyser's percentages sum to {total:g}; at most 100 can be.")
        if 0 < total <= MOST_AS_FRACTIONS and COMMON & self.percents.keys():
            name = max(self.percents, key=lambda name: self.percents[name])
            fraction = self.percents[name]
            raise SettingsError(
                f"The analyser's classes sum to {total:g}: those are fractions, and percentages "
                f"are wanted ({name} {fraction:g} is {100 * fraction:g}%)."
            )
        if self.percents.keys() >= USUAL and total < LEAST_OF_ALL:
            raise SettingsError(
                f"The analyser's percentages sum to {total:g}, though its five usual classes are "
                "all there; give what is missing, as other=… where it has no name."
            )


@dataclass(frozen=True)
class ComparedShare:
    """One class, by the slide and by the analyser.

    Attributes:
        cell_type: the class.
        includes: other types of the slide that the analyser counts in this class.
        count: cells of it on the slide, those included.
        percent: of the slide's white cells.
        low: of the exact interval, percent.
        high: of the exact interval, percent.
        analyser_percent: as entered.
        p_value: of the exact test.
        adjusted: the same by Holm.
        disagrees: whether that is below 1 - level.
    """

    cell_type: str
    includes: tuple[str, ...]
    count: Count
    percent: float
    low: float
    high: float
    analyser_percent: float
    p_value: float
    adjusted: float
    disagrees: bool


@dataclass(frozen=True)
class Comparison(Record):
    """A slide beside an analyser.

    Attributes:
        shares: the classes that both have.
        method: the test, in words.
        not_compared: white cell types that only one of them has.
        total: white cells of the slide.
        analyser: its name.
    """

    shares: tuple[ComparedShare, ...]
    method: str
    not_compared: tuple[str, ...]
    total: Count
    analyser: str = field(default="")

    @property
    @member
    def disagreeing(self) -> tuple[str, ...]:
        """The classes that differ by more than chance."""
        return tuple(share.cell_type for share in self.shares if share.disagrees)


def compare(
    counts: Mapping[str, int],
    analyser: Analyser,
    level: float = LEVEL,
    classes: ClassList = USUAL_PLACES,
) -> Comparison:
    """Compare a slide's counts with an analyser's percentages, class by class.

    Args:
        counts: type → cells, as for
            :func:`~hemavision.differential.counting.find_differential`.
        analyser: what it says.
        level: of the intervals; a class disagrees where its adjusted p-value is below 1 - level.
        classes: by which the cells were called.

    Raises:
        SettingsError: the analyser's figures cannot be used, or no white cell was counted.
    """
    analyser.check()
    decided = {name: n for name, n in counts.items() if name not in NOT_DECIDED}
    white = {name: n for name, n in decided.items() if classes.counts(name)}
    total = sum(white.values())
    if total == 0:
        raise SettingsError("No white cell was counted: there is nothing to compare.")
    compared = _compared(white, analyser, classes)
    hits = {name: sum(white[member] for member in types) for name, types in compared.items()}
    tests = {n: _p_value(hits[n], total, analyser.percents[n], analyser) for n in compared}
    adjusted = _holm(tests)
    shares = []
    for name, types in compared.items():
        low, high = (100 * bound for bound in clopper_pearson(hits[name], total, level))
        share = ComparedShare(
            cell_type=name,
            includes=tuple(types[1:]),
            count=hits[name],
            percent=100 * hits[name] / total,
            low=low,
            high=high,
            analyser_percent=analyser.percents[name],
            p_value=tests[name],
            adjusted=adjusted[name],
            disagrees=adjusted[name] < 1 - level,
        )
        shares.append(share)
    seen = {member for types in compared.values() for member in types}
    alone = tuple(n for n in dict.fromkeys([*white, *analyser.percents]) if n not in seen)
    method = _AGAINST_SHARE if analyser.cells is None else _AGAINST_CELLS
    return Comparison(tuple(shares), method, alone, total, analyser.name)


def _compared(
    white: Mapping[str, int], analyser: Analyser, classes: ClassList
) -> dict[str, list[str]]:
    """Return the analyser's classes with the slide's types in each, its own first."""
    found = {name: [name] for name in white if name in analyser.percents}
    for name in white:
        parent = classes.type_of(name)
        wider = [n for n in (parent, COUNTED_AS.get(parent, parent)) if n in found]
        if name not in found and wider:
            found[wider[0]].append(name)
    return found


def _p_value(hits: int, total: int, percent: float, analyser: Analyser) -> float:
    # The only use of SciPy's statistics, which take most of a second to load.
    from scipy.stats import binomtest, fisher_exact

    if analyser.cells is not None:
        theirs = round(percent / 100 * analyser.cells)
        table = [[hits, total - hits], [theirs, analyser.cells - theirs]]
        return float(fisher_exact(table).pvalue)
    half = analyser.step / 2
    nearest = min(max(100 * hits / total, percent - half), percent + half)
    return float(binomtest(hits, total, min(max(nearest / 100, 0.0), 1.0)).pvalue)


def _holm(tests: Mapping[str, float]) -> dict[str, float]:
    """Return the p-values adjusted for their number, step down."""
    adjusted: dict[str, float] = {}
    highest = 0.0
    for rank, name in enumerate(sorted(tests, key=lambda name: tests[name])):
        highest = max(highest, min(1.0, (len(tests) - rank) * tests[name]))
        adjusted[name] = highest
    return adjusted
