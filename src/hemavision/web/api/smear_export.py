"""POST /api/v1/smears/export."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Any

from apiflask import APIBlueprint
from flask import Response, request

from hemavision.exports.forms import FORMS, File, export
from hemavision.reading.found import NamedSmear, Smear
from hemavision.records.json_values import text
from hemavision.web.api.options import query_values
from hemavision.web.api.schemas import problem_responses
from hemavision.web.api.uploads import JSON, clean_name
from hemavision.web.errors import Problem

blueprint = APIBlueprint("smear_export", __name__, url_prefix="/api/v1", tag="Smears")

NAMES = ("format", "results")
#: What reading a record that is not one raises.
NOT_ONE = (ValueError, KeyError, TypeError, AttributeError)
FILES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The file, with its name in Content-Disposition.",
        "content": {
            "application/json": {"schema": {"type": "object"}},
            "application/geo+json": {"schema": {"type": "object"}},
            "application/xml": {"schema": {"type": "string"}},
            "text/csv": {"schema": {"type": "string"}},
            "application/zip": {"schema": {"type": "string", "format": "binary"}},
        },
    }
}


@blueprint.post("/smears/export")
@blueprint.doc(responses=FILES | problem_responses(400, 413, 415, 422))
def export_smears() -> Response:
    """Fields in the form of another program: JSON, CSV, COCO, Pascal VOC, YOLO, GeoJSON (QuPath).

    Takes `results` as `/api/v1/smears` answers them (`filename` and `smear`; heatmaps may be
    left out) and `format`, in the body or in the query. Forms that have a file a field come as
    a ZIP archive where there are several fields; YOLO always does, with its `classes.txt`.

    For research use only. Not for use in diagnostic procedures.
    """
    form, fields = _read()
    try:
        file = export(form, fields)
    except ValueError as error:  # a number that JSON cannot carry, deep in a record
        raise Problem("bad-smear", f"These fields cannot be written: {error}.") from error
    name = _file_name(fields, file)
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(file.content, content_type=file.media_type, headers=headers)


def _read() -> tuple[str, list[NamedSmear]]:
    query = query_values(request.args, ("format",))
    if request.mimetype != JSON:
        kind = clean_name(request.mimetype) or "a body without Content-Type"
        raise Problem("unsupported-media-type", f"Received {kind}; send {JSON}.")
    try:
        body = request.get_json()
    except RecursionError:
        raise Problem("bad-request", "The JSON is nested too deeply.") from None
    if not isinstance(body, dict) or not set(body) <= set(NAMES):
        raise Problem("bad-request", f"The JSON must be an object of {' and '.join(NAMES)}.")
    form = body.get("format", query.get("format"))
    if not isinstance(form, str) or form not in FORMS:
        detail = f"format is {str(form)[:80]!r}; it must be one of {', '.join(FORMS)}."
        raise Problem("bad-option", detail)
    results = body.get("results")
    if not isinstance(results, list) or not results:
        raise Problem("bad-request", "'results' must be a list of at least one field.")
    return form, [_field(result, index) for index, result in enumerate(results)]


def _field(result: Any, index: int) -> NamedSmear:
    try:
        return NamedSmear(clean_name(text(result, "filename")), Smear.from_json(result["smear"]))
    except NOT_ONE as error:
        why = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        detail = f"results[{index}] is no field as /api/v1/smears answers it: {why}."
        raise Problem("bad-smear", detail) from error


def _file_name(fields: list[NamedSmear], file: File) -> str:
    """Return a name that any system takes: of the one field, or of all."""
    stem = PurePosixPath(fields[0].name.replace("\\", "/")).stem if len(fields) == 1 else ""
    plain = re.sub(r"[^\w.-]", "_", stem, flags=re.ASCII)[:100]
    return f"{plain or 'hemavision-fields'}{file.suffix}"
