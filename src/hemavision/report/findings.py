"""What a report found, counted once for all formats, and the same in words."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from hemavision.differential import (
    Comparison,
    Corrected,
    Differential,
    Flag,
    Share,
    compare,
    correct,
    find_differential,
)
from hemavision.records.cells import CUT
from hemavision.records.reference import display_name
from hemavision.report.record import ReportInput, ReportStatus

#: 10⁹ cells per litre, for people.
PER_LITRE = "× 10⁹/L"
EXACT = "exact (Clopper-Pearson)"
#: What a page and a report say while suggestions are counted that nobody has looked at.
PROVISIONAL = (
    "Provisional until committed: suggestions are counted, and no share is called high or low."
)


@dataclass(frozen=True)
class Report:
    """A record with everything that follows from it.

    Attributes:
        given: the record.
        differential: of its counts.
        comparison: with the analyser, where one was entered and a white cell was counted.
        corrected: the estimate, where the model's calls and confusions were given.
    """

    given: ReportInput
    differential: Differential
    comparison: Comparison | None
    corrected: Corrected | None

    @property
    def uncounted(self) -> int:
        """Cells that were signed without being decided on, because the count had stopped."""
        found, status = self.differential, self.given.status
        stopped = status is not ReportStatus.PRELIMINARY and not found.missing
        return found.undecided if stopped else 0

    @classmethod
    def of(cls, given: ReportInput) -> Report:
        """Count, compare and correct.

        Raises:
            SettingsError: a count or what it is read against cannot be used.
        """
        level = given.terms.level
        found = find_differential(given.counts, given.terms)
        comparison = corrected = None
        if given.analyser and found.total:
            comparison = compare(given.counts, given.analyser, level, given.terms.classes)
        if given.confusion and given.model_calls and found.total:
            corrected = correct(given.model_calls, given.confusion, level)
        return cls(given, found, comparison, corrected)


def number(value: float, digits: int = 1) -> str:
    """Return a figure for people; 0 and 100 without decimals."""
    return f"{value:.0f}" if value in (0, 100) else _rounded(value, digits)


def absolute_number(value: float) -> str:
    """Return a count in 10⁹/L for people."""
    return _rounded(value, 2)


def _rounded(value: float, digits: int) -> str:
    """Return a figure with so many decimals, halves up: as the page rounds what it shows."""
    return f"{Decimal(value).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP):f}"


def in_words(report: Report) -> list[str]:
    """Return the report's findings as sentences, the weightiest first."""
    return [*critical_words(report.given), *counted_words(report)]


def counted_words(report: Report) -> list[str]:
    """Return what was counted as sentences, without what is critical."""
    found, notes = report.differential, report.given.notes
    if not found.total:
        return ["No white cell has been counted.", *notes]
    provisional = [PROVISIONAL] if report.given.provisional else []
    sure = [share for share in found.shares if share.flag.is_sure]
    possible = [
        share for share in found.shares if share.flag is not Flag.NONE and share not in sure
    ]
    sentences = [_flagged(share, found.level) for share in (*sure, *possible)]
    if not sentences and any(share.reference for share in found.shares):
        sentences.append("No share lies outside its reference range.")
    sentences += _absolute(found)
    sentences += _compared(report.comparison)
    if cut := found.left_out.get(CUT):
        sentences.append(f"{cut:,} {_cells(cut)} the border of a field cuts {_are(cut)} left out.")
    sentences += aside_words(found, signed=bool(report.uncounted))
    if found.missing:
        sentences.append(
            f"{found.total:,} of {found.target:,} white cells counted, {found.missing:,} missing."
        )
    return [*provisional, *sentences, *notes]


def aside_words(found: Differential, *, signed: bool) -> list[str]:
    """Return what is to be said beside the shares: the page and every report print these.

    Args:
        found: the shares.
        signed: whether whoever signed left undecided what the count did not need.
    """
    sentences = [
        f"{display_name(share.cell_type)} is read against no range: "
        f"{', '.join(display_name(name).lower() for name in share.parts)} "
        f"{_are(len(share.parts))} counted apart, and the ranges have none for {_it(share.parts)}."
        for share in found.shares
        if share.parts
    ]
    sentences += _blood(found)
    left = found.undecided
    if left and signed:
        cells = "further cell was" if left == 1 else "further cells were"
        sentences.append(f"{left:,} {cells} not counted: the count stopped at {found.total:,}.")
    elif left:
        sentences.append(f"{left:,} {_cells(left)} nobody has decided on {_are(left)} not counted.")
    return sentences


def settle_words(share: Share) -> str:
    """Return what would settle a possible flag, in a sentence, or ""."""
    if share.flag is Flag.NONE or share.flag.is_sure:
        return ""
    if share.more_cells is None:
        return "This slide cannot settle it."
    cells = "white cell" if share.more_cells == 1 else "white cells"
    return f"About {share.more_cells:,} more {cells} at this share would settle it."


def critical_words(given: ReportInput) -> list[str]:
    """Return a sentence for each critical type: how many, and whether somebody has named it."""
    sentences = []
    for one in given.critical:
        share = "" if one.per_100 is None else f", {number(one.per_100)} for each 100 white cells"
        cells = "cell" if one.count == 1 else "cells"
        done = "acknowledged" if one.rule.name in given.acknowledged else "not acknowledged yet"
        name = display_name(one.rule.name)
        left = f", {one.uncounted:,} of them not counted" if one.uncounted else ""
        sentences.append(f"Critical: {name}, {one.count:,} {cells}{share}{left}; {done}.")
    return sentences


def _flagged(share: Share, level: float) -> str:
    name = display_name(share.cell_type)
    low, high = share.reference or (0.0, 100.0)
    text = (
        f"{name}: {share.flag.words}, {number(share.percent)}% ({100 * level:.0f}% interval "
        f"{number(share.low)} to {number(share.high)}) against {low:g} to {high:g}%."
    )
    return f"{text} {settle_words(share)}".rstrip()


def _absolute(found: Differential) -> list[str]:
    sentences = []
    for share in found.shares:
        absolute = share.absolute
        if absolute and absolute.reference and absolute.flag is not Flag.NONE:
            low, high = absolute.reference
            sentences.append(
                f"{display_name(share.cell_type)}, absolute: {absolute.flag.words}, "
                f"{absolute_number(absolute.value)} ({absolute_number(absolute.low)} to "
                f"{absolute_number(absolute.high)}) against {low:g} to {high:g} {PER_LITRE}."
            )
    return sentences


def _blood(found: Differential) -> list[str]:
    nucleated, blood = found.nucleated_red, found.white_cells
    sentences = []
    if nucleated and nucleated.count:
        sentences.append(
            f"{number(nucleated.value)} nucleated red cells for 100 white cells "
            f"({number(nucleated.low)} to {number(nucleated.high)})."
        )
    if blood and blood.corrected:
        sentences.append(
            f"White cell count corrected for nucleated red cells: {absolute_number(blood.entered)} "
            f"became {absolute_number(blood.value)} {PER_LITRE}."
        )
    return sentences


def merged_words(comparison: Comparison) -> str:
    """Return which of the analyser's classes hold types that the slide tells apart, or ""."""
    return " ".join(
        f"{display_name(share.cell_type)}s there include "
        f"{', '.join(f'{display_name(name).lower()}s' for name in share.includes)}."
        for share in comparison.shares
        if share.includes
    )


def _compared(comparison: Comparison | None) -> list[str]:
    if comparison is None:
        return []
    who = comparison.analyser or "The analyser"
    if not comparison.shares:
        return [f"{who} and the slide have no class in common: nothing could be compared."]
    if not comparison.disagreeing:
        return [f"{who} differs from the slide in no class by more than chance."]
    parts = [
        f"{display_name(share.cell_type).lower()} {number(share.percent)}% on the slide, "
        f"{number(share.analyser_percent)}% there ({_p_words(share.adjusted)})"
        for share in comparison.shares
        if share.disagrees
    ]
    return [f"{who} differs by more than chance: {'; '.join(parts)}."]


def _p_words(p: float) -> str:
    return "p < 0.001" if p < 0.001 else f"p = {_rounded(p, 3)}"


def _cells(count: int) -> str:
    return "cell that" if count == 1 else "cells that"


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def _it(names: tuple[str, ...]) -> str:
    return "it" if len(names) == 1 else "them"
