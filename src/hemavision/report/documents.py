"""A report in any of its formats, by name."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from hemavision.errors import SettingsError
from hemavision.report.as_csv import write_csv
from hemavision.report.as_fhir import write_fhir
from hemavision.report.as_html import write_html
from hemavision.report.as_json import write_json
from hemavision.report.findings import Report
from hemavision.report.record import ReportInput


@dataclass(frozen=True)
class Document:
    """A report as a file.

    Attributes:
        name: fit for every file system: letters, digits, hyphens and a suffix.
        media_type: of the content.
        content: the file's bytes.
    """

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True)
class Format:
    """A format of the report: how it is written and what it is called."""

    write: Callable[[Report], bytes]
    suffix: str
    media_type: str


def _write_pdf(report: Report) -> bytes:
    # fpdf2 takes longer to load than the rest of the report together.
    from hemavision.report.as_pdf import write_pdf

    return write_pdf(report)


FORMATS = {
    "html": Format(lambda report: write_html(report).encode(), ".html", "text/html; charset=utf-8"),
    "pdf": Format(_write_pdf, ".pdf", "application/pdf"),
    "csv": Format(lambda report: write_csv(report).encode(), ".csv", "text/csv; charset=utf-8"),
    "json": Format(lambda report: write_json(report).encode(), ".json", "application/json"),
    "fhir": Format(
        lambda report: write_fhir(report).encode(), ".fhir.json", "application/fhir+json"
    ),
}


def write_report(given: ReportInput, format_name: str) -> Document:
    """Write a report.

    Args:
        given: what it is made from.
        format_name: one of :data:`FORMATS`.

    Raises:
        SettingsError: there is no such format, or a figure cannot be used.
        ImageError: a picture of a cell is no image.
    """
    if format_name not in FORMATS:
        raise SettingsError(f"No format {format_name!r}; there are {', '.join(FORMATS)}.")
    chosen = FORMATS[format_name]
    content = chosen.write(Report.of(given))
    return Document(_file_name(given) + chosen.suffix, chosen.media_type, content)


def _file_name(given: ReportInput) -> str:
    words = re.sub(r"[^A-Za-z0-9]+", "-", given.case_name).strip("-")[:60]
    # A name in letters that no file system is sure to take falls back on the case's own.
    words = words or re.sub(r"[^A-Za-z0-9]+", "-", given.case_id).strip("-")[:60] or "case"
    return f"{words}-v{given.version}"
