"""What ``smears/export`` reads, for the OpenAPI document: no more than it checks."""

from __future__ import annotations

from typing import Any

from hemavision.exports.forms import FORMS
from hemavision.records.results import CellKind
from hemavision.web.api.uploads import JSON

PATH = "/api/v1/smears/export"

Spec = dict[str, Any]

_TEXT: Spec = {"type": "string"}
_NUMBER: Spec = {"type": "number", "minimum": 0}
_TRUTH: Spec = {"type": "boolean"}
_WHOLE: Spec = {"type": "integer"}
_SIDE: Spec = {"type": "integer", "minimum": 1}


def export_request() -> Spec:
    """Return the operation's parameters and request body."""
    form: Spec = {"type": "string", "enum": list(FORMS)}
    result = _object({"filename": _TEXT, "smear": _smear()})
    results = {"type": "array", "minItems": 1, "items": result}
    body = {
        "type": "object",
        "properties": {"format": form, "results": results},
        "required": ["format", "results"],
        "additionalProperties": False,
    }
    return {"requestBody": {"required": True, "content": {JSON: {"schema": body}}}}


def _smear() -> Spec:
    differential = _object({"cell_types": {"type": "object", "description": "Type → cells."}})
    return _object(
        {
            "width": _SIDE,
            "height": _SIDE,
            "cells": {"type": "array", "items": _cell()},
            "differential": differential,
            "warnings": {"type": "array", "items": _object({"code": _TEXT, "message": _TEXT})},
            "sharpness": _NUMBER,
            "detector": _object({"name": _TEXT, "sha256": _TEXT}),
            "milliseconds": _NUMBER,
        }
    )


def _cell() -> Spec:
    prediction = {"type": ["object", "null"], "description": "As /api/v1/smears gives it."}
    return _object(
        {
            "kind": {"type": "string", "enum": [kind.value for kind in CellKind]},
            "box": _object(dict.fromkeys(("left", "top", "right", "bottom"), _WHOLE)),
            "score": _NUMBER,
            "cut": _TRUTH,
            "clumped": _TRUTH,
            "prediction": prediction,
        }
    )


def _object(properties: Spec) -> Spec:
    return {"type": "object", "properties": properties, "required": list(properties)}
