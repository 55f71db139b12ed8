"""The report: one record in, a page, a PDF, a table, JSON or FHIR out. No database, no web."""

from hemavision.report.as_html import CONTENT_POLICY, notice
from hemavision.report.documents import FORMATS, Document, write_report
from hemavision.report.findings import Report, in_words
from hemavision.report.record import (
    ModelFigure,
    Reading,
    ReportCell,
    ReportInput,
    ReportModel,
    ReportStatus,
)

__all__ = [
    "CONTENT_POLICY",
    "FORMATS",
    "Document",
    "ModelFigure",
    "Reading",
    "Report",
    "ReportCell",
    "ReportInput",
    "ReportModel",
    "ReportStatus",
    "in_words",
    "notice",
    "write_report",
]
