"""The rows of the differential as a page shows them: text, and where the bars begin and end."""

from __future__ import annotations

import math
from dataclasses import dataclass

from hemavision.differential import ComparedShare, CorrectedShare, Flag, Share
from hemavision.records.reference import display_name
from hemavision.report.findings import Report, absolute_number, limit, number
from hemavision.words import _, written


@dataclass(frozen=True)
class Bar:
    """A share drawn on a common scale; all values are parts of the whole width, 0 to 1."""

    share: float
    low: float
    high: float
    reference: tuple[float, float] | None


@dataclass(frozen=True)
class Row:
    """One cell type in a table, formatted; empty where there is nothing to say."""

    name: str
    count: str
    percent: str
    interval: str
    reference: str
    flag: str
    flag_kind: str
    absolute: str
    absolute_flag: str
    absolute_kind: str
    analyser: str
    analyser_differs: bool
    analyser_merges: bool
    corrected: str
    bar: Bar


def top_of_scale(report: Report) -> float:
    """Return the percentage at the right end of the bars: a round number above all of them."""
    ends = [share.high for share in report.differential.shares]
    ends += [share.reference[1] for share in report.differential.shares if share.reference]
    return min(100.0, 10.0 * math.ceil(max(ends, default=100.0) / 10))


def rows_of(report: Report) -> list[Row]:
    """Return a row for each white cell type that was looked for."""
    top = top_of_scale(report)
    compared = {s.cell_type: s for s in report.comparison.shares} if report.comparison else {}
    corrected = {s.cell_type: s for s in report.corrected.shares} if report.corrected else {}
    return [
        _row(share, top, compared.get(share.cell_type), corrected.get(share.cell_type))
        for share in report.differential.shares
    ]


def _row(
    share: Share, top: float, compared: ComparedShare | None, corrected: CorrectedShare | None
) -> Row:
    ranges, absolute = share.reference, share.absolute
    bar = Bar(
        share.percent / top,
        share.low / top,
        share.high / top,
        (ranges[0] / top, min(1.0, ranges[1] / top)) if ranges else None,
    )
    return Row(
        name=display_name(share.cell_type),
        count=written(f"{share.count:,}"),
        percent=number(share.percent),
        interval=_span(share.low, share.high),
        reference=f"{limit(ranges[0])} – {limit(ranges[1])}" if ranges else "",
        flag=_(share.flag.words),
        flag_kind=_kind(share.flag),
        absolute=absolute_number(absolute.value) if absolute else "",
        absolute_flag=_(absolute.flag.words) if absolute else "",
        absolute_kind=_kind(absolute.flag if absolute else Flag.NONE),
        analyser=number(compared.analyser_percent) if compared else "",
        analyser_differs=bool(compared and compared.disagrees),
        analyser_merges=bool(compared and compared.includes),
        corrected=(
            f"{number(corrected.percent)} ({_span(corrected.low, corrected.high)})"
            if corrected
            else ""
        ),
        bar=bar,
    )


def _kind(flag: Flag) -> str:
    """Return how a flag is drawn: not at all, as sure, or as open."""
    if flag is Flag.NONE:
        return "none"
    return "sure" if flag.is_sure else "open"


def _span(low: float, high: float) -> str:
    return f"{number(low)} – {number(high)}"
