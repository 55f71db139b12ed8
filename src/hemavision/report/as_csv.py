"""The report as a table: one row a type, one file that any spreadsheet opens."""

from __future__ import annotations

import csv
import io
import math
from typing import Any

from hemavision.differential import Share
from hemavision.exports.table import plain
from hemavision.records.cells import NOT_COUNTED, NUCLEATED_RED
from hemavision.records.results import NOTICE
from hemavision.report.findings import PROVISIONAL, Report

COLUMNS = (
    "case", "slide", "status", "version", "signed_at", "readers", "cell_type", "unit", "count",
    "of_white_cells", "value", "low", "high", "level", "reference_low", "reference_high", "flag",
    "more_cells", "absolute_10e9_per_l", "absolute_low", "absolute_high", "absolute_flag",
    "analyser_percent", "analyser_p_holm", "analyser_differs", "estimate_percent", "estimate_low",
    "estimate_high", "notes", "notice",
)  # fmt: skip
#: Significant figures: more than any count of cells can carry.
DIGITS = 6


def write_csv(report: Report) -> str:
    """Return the table, with its head."""
    stream = io.StringIO()
    rows = csv.DictWriter(stream, COLUMNS, restval="", lineterminator="\r\n")
    rows.writeheader()
    case = _case(report)
    for values in (*_white(report), *_apart(report)):
        rows.writerow(case | {name: _plain(value) for name, value in values.items()})
    return stream.getvalue()


def _case(report: Report) -> dict[str, str]:
    given = report.given
    values = {
        "case": given.case_name,
        "slide": given.slide,
        "status": given.status.value,
        "version": str(given.version),
        "signed_at": given.signed_at,
        "readers": "; ".join(f"{reading.role}: {reading.reader}" for reading in given.readings),
        "notes": " ".join([PROVISIONAL] * given.provisional + list(given.notes)),
        "notice": NOTICE,
    }
    return {name: plain(text) for name, text in values.items()}


def _white(report: Report) -> list[dict[str, Any]]:
    found = report.differential
    compared = {s.cell_type: s for s in report.comparison.shares} if report.comparison else {}
    corrected = {s.cell_type: s for s in report.corrected.shares} if report.corrected else {}
    rows = []
    for share in found.shares:
        row = _share(share) | {"of_white_cells": found.total, "level": found.level}
        if share.cell_type in compared:
            other = compared[share.cell_type]
            row["analyser_percent"] = other.analyser_percent
            row["analyser_p_holm"] = other.adjusted
            row["analyser_differs"] = "yes" if other.disagrees else "no"
        if share.cell_type in corrected:
            estimate = corrected[share.cell_type]
            row["estimate_percent"] = estimate.percent
            row["estimate_low"], row["estimate_high"] = estimate.low, estimate.high
        rows.append(row)
    return rows


def _share(share: Share) -> dict[str, Any]:
    reference, absolute = share.reference or ("", ""), share.absolute
    row: dict[str, Any] = {
        "cell_type": plain(share.cell_type),
        "unit": "%",
        "count": share.count,
        "value": share.percent,
        "low": share.low,
        "high": share.high,
        "reference_low": reference[0],
        "reference_high": reference[1],
        "flag": share.flag.value,
        "more_cells": share.more_cells,
    }
    if absolute:
        row["absolute_10e9_per_l"] = absolute.value
        row["absolute_low"], row["absolute_high"] = absolute.low, absolute.high
        row["absolute_flag"] = absolute.flag.value
    return row


def _apart(report: Report) -> list[dict[str, Any]]:
    """Return a row for what was counted and is no white cell."""
    found = report.differential
    rows: list[dict[str, Any]] = []
    for name, count in found.left_out.items():
        row = {"cell_type": plain(name), "unit": "cells", "count": count}
        nucleated = found.nucleated_red
        if name == NUCLEATED_RED and nucleated:
            row |= {"unit": "/100 white cells", "of_white_cells": found.total}
            row |= {"value": nucleated.value, "low": nucleated.low, "high": nucleated.high}
            row["level"] = found.level
        rows.append(row)
    if found.undecided:
        name = NOT_COUNTED if report.uncounted else "undecided"
        rows.append({"cell_type": name, "unit": "cells", "count": found.undecided})
    return rows


def _plain(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, float) and math.isfinite(value):
        return f"{value:.{DIGITS}g}"
    return value
