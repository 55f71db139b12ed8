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
from hemavision.records.reference import display_name, type_words, types_words
from hemavision.report.record import ReportInput, ReportStatus
from hemavision.words import _, n_, said, written

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
    return written(f"{value:.0f}" if value in (0, 100) else _rounded(value, digits))


def absolute_number(value: float) -> str:
    """Return a count in 10⁹/L for people."""
    return written(_rounded(value, 2))


def limit(value: float) -> str:
    """Return an end of a reference range for people, as its source has it."""
    return written(f"{value:g}")


def _rounded(value: float, digits: int) -> str:
    """Return a figure with so many decimals, halves up: as the page rounds what it shows."""
    return f"{Decimal(value).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP):f}"


def in_words(report: Report) -> list[str]:
    """Return the report's findings as sentences, the weightiest first."""
    return [*critical_words(report.given), *counted_words(report)]


def counted_words(report: Report) -> list[str]:
    """Return what was counted as sentences, without what is critical."""
    found, notes = report.differential, [said(note) for note in report.given.notes]
    if not found.total:
        return [_("No white cell has been counted."), *notes]
    provisional = [_(PROVISIONAL)] if report.given.provisional else []
    sure = [share for share in found.shares if share.flag.is_sure]
    possible = [
        share for share in found.shares if share.flag is not Flag.NONE and share not in sure
    ]
    sentences = [_flagged(share, found.level) for share in (*sure, *possible)]
    if not sentences and any(share.reference for share in found.shares):
        sentences.append(_("No share lies outside its reference range."))
    sentences += _absolute(found)
    sentences += _compared(report.comparison)
    if cut := found.left_out.get(CUT):
        sentences.append(
            n_(
                "{n} cell that the border of a field cuts is left out.",
                "{n} cells that the border of a field cuts are left out.",
                cut,
            )
        )
    sentences += aside_words(found, signed=bool(report.uncounted))
    if found.missing:
        sentences.append(
            _(
                "{total} of {target} white cells counted, {missing} missing.",
                total=written(f"{found.total:,}"),
                target=written(f"{found.target:,}"),
                missing=written(f"{found.missing:,}"),
            )
        )
    return [*provisional, *sentences, *notes]


def aside_words(found: Differential, *, signed: bool) -> list[str]:
    """Return what is to be said beside the shares: the page and every report print these.

    Args:
        found: the shares.
        signed: whether whoever signed left undecided what the count did not need.
    """
    sentences = [
        n_(
            "{type} is read against no range: {parts} is counted apart, and the ranges have none "
            "for it.",
            "{type} is read against no range: {parts} are counted apart, and the ranges have none "
            "for them.",
            len(share.parts),
            type=display_name(share.cell_type),
            parts=", ".join(map(type_words, share.parts)),
        )
        for share in found.shares
        if share.parts
    ]
    sentences += _blood(found)
    left = found.undecided
    if left and signed:
        sentences.append(
            n_(
                "{n} further cell was not counted: the count stopped at {total}.",
                "{n} further cells were not counted: the count stopped at {total}.",
                left,
                total=written(f"{found.total:,}"),
            )
        )
    elif left:
        sentences.append(
            n_(
                "{n} cell that nobody has decided on is not counted.",
                "{n} cells that nobody has decided on are not counted.",
                left,
            )
        )
    return sentences


def settle_words(share: Share) -> str:
    """Return what would settle a possible flag, in a sentence, or ""."""
    if share.flag is Flag.NONE or share.flag.is_sure:
        return ""
    if share.more_cells is None:
        return _("This slide cannot settle it.")
    return n_(
        "About {n} more white cell at this share would settle it.",
        "About {n} more white cells at this share would settle it.",
        share.more_cells,
    )


def critical_words(given: ReportInput) -> list[str]:
    """Return a sentence for each critical type: how many, and whether somebody has named it."""
    sentences = []
    for one in given.critical:
        cells = n_("{n} cell", "{n} cells", one.count)
        if one.per_100 is not None:
            cells += ", " + _("{n} for each 100 white cells", n=number(one.per_100))
        done = (
            _("acknowledged") if one.rule.name in given.acknowledged else _("not acknowledged yet")
        )
        name = display_name(one.rule.name)
        if one.uncounted:
            cells += ", " + _("{n} of them not counted", n=written(f"{one.uncounted:,}"))
        sentences.append(_("Critical: {type}, {cells}; {done}.", type=name, cells=cells, done=done))
    return sentences


def _flagged(share: Share, level: float) -> str:
    low, high = share.reference or (0.0, 100.0)
    text = _(
        "{type}: {flag}, {share}% ({level}% interval {from_} to {to}) against {low} to {high}%.",
        type=display_name(share.cell_type),
        flag=_(share.flag.words),
        share=number(share.percent),
        level=f"{100 * level:.0f}",
        from_=number(share.low),
        to=number(share.high),
        low=limit(low),
        high=limit(high),
    )
    return f"{text} {settle_words(share)}".rstrip()


def _absolute(found: Differential) -> list[str]:
    sentences = []
    for share in found.shares:
        absolute = share.absolute
        if absolute and absolute.reference and absolute.flag is not Flag.NONE:
            low, high = absolute.reference
            sentences.append(
                _(
                    "{type}, absolute: {flag}, {count} ({from_} to {to}) against {low} to {high} "
                    "{unit}.",
                    type=display_name(share.cell_type),
                    flag=_(absolute.flag.words),
                    count=absolute_number(absolute.value),
                    from_=absolute_number(absolute.low),
                    to=absolute_number(absolute.high),
                    low=limit(low),
                    high=limit(high),
                    unit=PER_LITRE,
                )
            )
    return sentences


def _blood(found: Differential) -> list[str]:
    nucleated, blood = found.nucleated_red, found.white_cells
    sentences = []
    if nucleated and nucleated.count:
        sentences.append(
            _(
                "{share} nucleated red cells for 100 white cells ({low} to {high}).",
                share=number(nucleated.value),
                low=number(nucleated.low),
                high=number(nucleated.high),
            )
        )
    if blood and blood.corrected:
        sentences.append(
            _(
                "White cell count corrected for nucleated red cells: {before} became {after} "
                "{unit}.",
                before=absolute_number(blood.entered),
                after=absolute_number(blood.value),
                unit=PER_LITRE,
            )
        )
    return sentences


def begin_sentence(text: str) -> str:
    """Return text with its first letter as a sentence has it; the others stay."""
    return text[:1].upper() + text[1:]


def merged_words(comparison: Comparison) -> str:
    """Return which of the analyser's classes hold types that the slide tells apart, or ""."""
    return " ".join(
        _(
            "{types} there include {parts}.",
            types=begin_sentence(types_words(share.cell_type)),
            parts=", ".join(map(types_words, share.includes)),
        )
        for share in comparison.shares
        if share.includes
    )


def _compared(comparison: Comparison | None) -> list[str]:
    if comparison is None:
        return []
    who = comparison.analyser or _("The analyser")
    if not comparison.shares:
        return [
            _("{who} and the slide have no class in common: nothing could be compared.", who=who)
        ]
    if not comparison.disagreeing:
        return [_("{who} differs from the slide in no class by more than chance.", who=who)]
    parts = [
        _(
            "{type} {here}% on the slide, {there}% there ({p})",
            type=type_words(share.cell_type),
            here=number(share.percent),
            there=number(share.analyser_percent),
            p=_p_words(share.adjusted),
        )
        for share in comparison.shares
        if share.disagrees
    ]
    return [_("{who} differs by more than chance: {parts}.", who=who, parts="; ".join(parts))]


def _p_words(p: float) -> str:
    return f"p < {written('0.001')}" if p < 0.001 else f"p = {written(_rounded(p, 3))}"
