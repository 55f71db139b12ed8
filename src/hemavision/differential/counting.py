"""From counts to a differential: shares with exact intervals, flags, absolute counts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from hemavision.differential.flags import Flag, Verdict, find_flag, place
from hemavision.differential.intervals import LEVEL, Interval, clopper_pearson, ratio_interval
from hemavision.errors import SettingsError
from hemavision.records.cells import NOT_DECIDED, NUCLEATED_RED
from hemavision.records.classes import ClassList, load_classes
from hemavision.records.json_values import Count
from hemavision.records.reference import CellReference, Profile
from hemavision.records.results import Noticed

#: How many white cells a differential is usually counted to.
TARGETS = (100, 200, 400)
#: Nucleated red cells for each hundred white ones from which the white cell count is corrected:
#: https://www.medicalalgorithms.com/correction-of-wbc-for-nucleated-red-blood-cells. Laboratories
#: differ (any, 5 or 10), and analysers that count nucleated red cells apart need none.
CORRECT_FROM = 5.0
#: The highest total white cell count that is believed, 10⁹/L.
MOST_WHITE_CELLS = 10_000.0


@dataclass(frozen=True)
class Terms:
    """What counts are read against.

    Attributes:
        profile: the reference ranges; none, no flags.
        white_cells: total white cell count as entered, 10⁹/L.
        target: white cells to count.
        level: of the intervals.
        correct_from: nucleated red cells for each hundred white ones from which the white cell
            count is corrected; ``math.inf`` where the analyser has left them out itself.
        classes: by which the cells were called.
    """

    profile: Profile | None = None
    white_cells: float | None = None
    target: int = TARGETS[0]
    level: float = LEVEL
    correct_from: float = CORRECT_FROM
    classes: ClassList = field(default_factory=load_classes)


@dataclass(frozen=True)
class Absolute:
    """A type's count in blood, 10⁹/L.

    The interval is that of the share: the error of the total white cell count is not in it.
    """

    value: float
    low: float
    high: float
    reference: Interval | None
    flag: Flag


@dataclass(frozen=True)
class Share:
    """One white cell type's part of the differential.

    Attributes:
        cell_type: its name.
        count: cells of it.
        percent: of the white cells counted, 0 to 100.
        low: of the exact interval, percent.
        high: of the exact interval, percent.
        reference: lowest and highest share in health, percent, where the profile has them.
        flag: what the share says about them.
        more_cells: as :class:`~hemavision.differential.flags.Verdict` has it.
        absolute: where the total white cell count was entered.
        parts: classes counted beside it that are part of it, where the profile has a range for it
            and none for them: that range is one of them all, so the share is read against none.
    """

    cell_type: str
    count: Count
    percent: float
    low: float
    high: float
    reference: Interval | None
    flag: Flag
    more_cells: int | None
    absolute: Absolute | None
    parts: tuple[str, ...] = ()


@dataclass(frozen=True)
class PerHundred:
    """Nucleated red cells for each hundred white ones, with the exact interval of the ratio."""

    count: Count
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class WhiteCells:
    """The total white cell count, 10⁹/L.

    Attributes:
        entered: as the analyser gave it.
        value: what absolute counts are made from: entered × 100 / (100 + nucleated red cells
            for each hundred white ones) where it was corrected, else as entered.
        corrected: whether it was.
    """

    entered: float
    value: float
    corrected: bool


@dataclass(frozen=True)
class Differential(Noticed):
    """What was counted on a slide and what it says.

    Attributes:
        total: white cells counted.
        shares: one for each white cell type that was looked for, in the order of the counts;
            none before the first white cell.
        target: white cells to count.
        missing: white cells still to count to it.
        nucleated_red: where nucleated red cells were looked for and a white cell was counted.
        white_cells: where the total was entered.
        left_out: other things counted (platelets, nucleated red cells), by name.
        undecided: cells whose type nobody has decided.
        level: of the intervals.
    """

    total: Count
    shares: tuple[Share, ...]
    target: Count
    missing: Count
    nucleated_red: PerHundred | None
    white_cells: WhiteCells | None
    left_out: dict[str, int]
    undecided: Count
    level: float = LEVEL


def find_differential(counts: Mapping[str, int], terms: Terms | None = None) -> Differential:
    """Return the differential of counted cells.

    Args:
        counts: type → cells. Give 0 for a type that was looked for and not found: a type that
            is left out was not looked for and gets no share. Which are white cells the terms'
            classes say; ``undecided`` and ``unfamiliar`` are not counted.
        terms: what they are read against.

    Raises:
        SettingsError: a count, the total white cell count, target or level cannot be used.
    """
    terms = terms or Terms()
    _check(counts, terms)
    decided = {name: n for name, n in counts.items() if name not in NOT_DECIDED}
    white = {name: n for name, n in decided.items() if terms.classes.counts(name)}
    total = sum(white.values())
    nucleated = _nucleated_red(counts, total, terms.level)
    blood = _white_cells(nucleated, terms)
    shares = (_share(name, white, blood, terms) for name in white) if total else ()
    return Differential(
        total=total,
        shares=tuple(shares),
        target=terms.target,
        missing=max(0, terms.target - total),
        nucleated_red=nucleated,
        white_cells=blood,
        left_out={name: n for name, n in decided.items() if name not in white},
        undecided=sum(n for name, n in counts.items() if name in NOT_DECIDED),
        level=terms.level,
    )


def _share(name: str, white: Mapping[str, int], blood: WhiteCells | None, terms: Terms) -> Share:
    count, total = white[name], sum(white.values())
    low, high = (100 * bound for bound in clopper_pearson(count, total, terms.level))
    reference = _reference(name, terms.profile)
    parts = terms.classes.parts_of(name, (other for other, n in white.items() if n))
    parts = tuple(part for part in parts if reference and not _reference(part, terms.profile))
    reference = None if parts else reference
    ranges = reference.percent if reference else None
    verdict = find_flag(count, total, ranges, terms.level) if ranges else Verdict(Flag.NONE)
    percent = 100 * count / total
    absolute = _absolute((percent, low, high), blood, reference) if blood else None
    return Share(
        name, count, percent, low, high, ranges, verdict.flag, verdict.more_cells, absolute, parts
    )


def _absolute(
    percents: tuple[float, float, float], blood: WhiteCells, reference: CellReference | None
) -> Absolute:
    value, low, high = (percent / 100 * blood.value for percent in percents)
    ranges = reference.absolute if reference else None
    flag = place(value, (low, high), ranges) if ranges else Flag.NONE
    return Absolute(value, low, high, ranges, flag)


def _reference(name: str, profile: Profile | None) -> CellReference | None:
    found = [cell for cell in (profile.cell_types if profile else ()) if cell.name == name]
    return found[0] if found else None


def _nucleated_red(counts: Mapping[str, int], total: int, level: float) -> PerHundred | None:
    if NUCLEATED_RED not in counts:
        return None
    count = counts[NUCLEATED_RED]
    interval = ratio_interval(count, total, level)
    if interval is None:
        return None
    return PerHundred(count, 100 * count / total, 100 * interval[0], 100 * interval[1])


def _white_cells(nucleated: PerHundred | None, terms: Terms) -> WhiteCells | None:
    entered = terms.white_cells
    if entered is None:
        return None
    if nucleated is None or nucleated.count == 0 or nucleated.value < terms.correct_from:
        return WhiteCells(entered, entered, False)
    return WhiteCells(entered, entered * 100 / (100 + nucleated.value), True)


def _check(counts: Mapping[str, int], terms: Terms) -> None:
    for name, count in counts.items():
        if isinstance(count, bool) or not isinstance(count, int) or count < 0:
            raise SettingsError(f"The count of {name} is {count!r}; it must be whole, 0 or more.")
    entered = terms.white_cells
    if entered is not None and not 0 < entered <= MOST_WHITE_CELLS:
        raise SettingsError(
            f"The total white cell count is {entered:g}; it must be in 10⁹/L, above 0 and at most "
            f"{MOST_WHITE_CELLS:,.0f} (6,200 cells per µl are 6.2)."
        )
    if terms.target < 1:
        raise SettingsError(f"The target is {terms.target}; it must be 1 cell or more.")
    if not 0 < terms.level < 1:
        raise SettingsError(f"The level is {terms.level:g}; it must lie between 0 and 1.")
    if math.isnan(terms.correct_from) or terms.correct_from < 0:
        raise SettingsError(f"correct_from is {terms.correct_from:g}; it must be 0 or more.")
