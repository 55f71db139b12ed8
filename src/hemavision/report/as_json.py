"""The report as JSON: everything but the pictures, which are named by their SHA-256."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from hemavision._version import __version__
from hemavision.records.json_values import as_json
from hemavision.records.results import NOTICE
from hemavision.report.findings import Report, in_words
from hemavision.report.record import ReportCell


def write_json(report: Report) -> str:
    """Return the report as JSON text."""
    return json.dumps(to_values(report), ensure_ascii=False, allow_nan=False, indent=1)


def to_values(report: Report) -> dict[str, Any]:
    """Return the report as JSON values."""
    given = report.given
    profile = given.terms.profile
    return {
        "notice": NOTICE,
        "program": f"HemaVision {__version__}",
        "made_at": given.made_at,
        "case": {
            "id": given.case_id,
            "name": given.case_name,
            "slide": given.slide,
            "status": given.status.value,
            "version": given.version,
            "provisional": given.provisional,
            "amendment_reason": given.amendment_reason,
            "opened_at": given.opened_at,
            "signed_at": given.signed_at,
            "readings": as_json(given.readings),
            "comment": given.comment,
            "notes": list(given.notes),
        },
        "differential": report.differential.to_json(),
        "reference": {"name": profile.name, "title": profile.title, "source": profile.source}
        if profile
        else None,
        "classes": {"name": given.terms.classes.name, "title": given.terms.classes.title},
        "critical": [
            one.to_json() | {"acknowledged": one.rule.name in given.acknowledged}
            for one in given.critical
        ],
        "in_words": in_words(report),
        "analyser": report.comparison.to_json() if report.comparison else None,
        "estimate": report.corrected.to_json() if report.corrected else None,
        "second_reading": given.agreement.to_json() | {"between": given.agreement_of}
        if given.agreement
        else None,
        "cells": [_cell(cell) for cell in given.cells],
        "models": as_json(given.models),
    }


def _cell(cell: ReportCell) -> dict[str, Any]:
    values = vars(cell).copy()
    pictures = {"picture": values.pop("picture"), "heatmap": values.pop("heatmap")}
    digests = {
        f"{name}_sha256": hashlib.sha256(content).hexdigest() if content else None
        for name, content in pictures.items()
    }
    return values | digests
