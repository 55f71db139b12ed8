"""The report as one self-contained page that prints well on A4: no script, nothing fetched."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from hemavision._version import __version__
from hemavision.agreement import Agreement
from hemavision.records.reference import display_name, type_words
from hemavision.records.results import NOTICE
from hemavision.report.findings import (
    PER_LITRE,
    Report,
    absolute_number,
    begin_sentence,
    counted_words,
    critical_words,
    number,
)
from hemavision.report.fine_print import fine_print, level_words, time_words
from hemavision.report.pictures import data_address
from hemavision.report.record import ReportInput, ReportStatus
from hemavision.report.rows import rows_of, top_of_scale
from hemavision.words import ENGLISH, _, marked, said, spoken, written

TEMPLATES = Path(__file__).parent / "templates"
#: What the page needs: its own styles and pictures, and nothing else. A server that sends it has to
#: send this as its Content-Security-Policy, or send it as an attachment.
CONTENT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
STATUS_WORDS = {
    ReportStatus.PRELIMINARY: "Preliminary, not signed",
    ReportStatus.FINAL: "Signed",
    ReportStatus.AMENDED: "Amended and signed",
}


#: Of a second reading.
KAPPA = "Cohen's κ {value} ({low} to {high})."


def write_html(report: Report) -> str:
    """Return the page.

    Raises:
        ImageError: a picture of a cell is no image.
    """
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"_": marked, "written": written, "language": spoken}
    environment.filters |= {
        "number": number,
        "absolute": absolute_number,
        "type_name": display_name,
        "type_words": type_words,
        "said": said,
        "time": time_words,
        "sentence": begin_sentence,
        "along": lambda share: f"{1000 * share:.0f}",
    }
    return environment.get_template("report.html").render(_context(report))


def notice() -> Markup:
    """Return what a report or a page is for: in its language and, if that is another, English."""
    if spoken() == ENGLISH:
        return Markup(NOTICE)
    return Markup('{} <span lang="en">{}</span>').format(_(NOTICE), NOTICE)


def shows_signature(given: ReportInput) -> bool:
    """Whether the time of signing has to be said apart from who did what when."""
    return bool(given.signed_at) and given.signed_at not in [r.at for r in given.readings]


def agreement_words(agreement: Agreement | None) -> str:
    """Return a second reading in one sentence."""
    if agreement is None:
        return ""
    low, high = agreement.interval
    text = _(
        "{same} of {n} cells alike, {share}% ({low} to {high}%)",
        same=written(f"{agreement.same:,}"),
        n=written(f"{agreement.n_cells:,}"),
        share=written(f"{100 * agreement.agreement:.1f}"),
        low=written(f"{100 * low:.1f}"),
        high=written(f"{100 * high:.1f}"),
    )
    kappa = agreement.kappa
    if kappa is None:
        return text + "; " + _("no kappa, as both named one type only.")
    value, lower, upper = (written(f"{one:.2f}") for one in (kappa.value, kappa.low, kappa.high))
    return text + "; " + _(KAPPA, value=value, low=lower, high=upper)


def _context(report: Report) -> dict[str, Any]:
    pictures = [
        (data_address(cell.picture), data_address(cell.heatmap) if cell.heatmap else "")
        for cell in report.given.cells
    ]
    rows = rows_of(report)
    return {
        "given": report.given,
        "found": report.differential,
        "comparison": report.comparison,
        "corrected": report.corrected,
        "rows": rows,
        "has_ranges": any(row.reference for row in rows),
        "top": top_of_scale(report),
        "shows_signature": shows_signature(report.given),
        "uncounted": report.uncounted,
        "critical": critical_words(report.given),
        "sentences": counted_words(report),
        "cells": list(zip(report.given.cells, pictures, strict=True)),
        "agreement": agreement_words(report.given.agreement),
        "status_words": _(STATUS_WORDS[report.given.status]),
        "notice": notice(),
        "fine": fine_print(report, _("Analyser:")),
        "policy": CONTENT_POLICY,
        "level": level_words(report),
        "per_litre": PER_LITRE,
        "program": f"HemaVision {__version__}",
    }
