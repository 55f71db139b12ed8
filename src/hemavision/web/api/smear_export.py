"""POST /api/v1/smears/export."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from flask import Response, request

from hemavision.exports.forms import FORMS, File, export
from hemavision.reading.found import FieldCounts, NamedSmear, Smear
from hemavision.records.json_values import of_type
from hemavision.web.api.image_bodies import takes
from hemavision.web.api.json_schema import Given
from hemavision.web.api.operations import BINARY, JSON, Api, Files, operation
from hemavision.web.api.options import query_values
from hemavision.web.api.uploads import clean_name
from hemavision.web.errors import Problem

blueprint = Api("smear_export", "Smears")

NAMES = ("format", "results")


@dataclass(frozen=True)
class GivenField:
    """A field as it was answered, with its image's name."""

    filename: str
    smear: dict[str, Any]


FILES = Files(
    "The file, with its name in Content-Disposition.",
    {
        "application/json": {"type": "object"},
        "application/geo+json": {"type": "object"},
        "application/xml": {"type": "string"},
        "text/csv": {"type": "string"},
        "application/zip": BINARY,
    },
)


def _takes() -> dict[str, Any]:
    """Say what is read of a field as it was answered; what is more in it is not looked at."""
    schemas = Given()
    result, smear = schemas.of(GivenField), schemas.of(Smear)
    smear["properties"]["differential"] = schemas.of(FieldCounts)
    smear["required"].append("differential")
    result["properties"]["smear"] = smear
    form = {"type": "string", "enum": list(FORMS)}
    results = {"type": "array", "minItems": 1, "items": result}
    closed = {"required": list(NAMES), "additionalProperties": False}
    return takes({"type": "object", "properties": {"format": form, "results": results}} | closed)


@blueprint.post("/smears/export")
@operation(FILES, 400, 413, 415, 422, 429, more=_takes)
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
        given = of_type(result, GivenField)
        return NamedSmear(clean_name(given.filename), Smear.from_json(given.smear))
    except ValueError as error:
        detail = f"results[{index}] is no field as /api/v1/smears answers it: {error}."
        raise Problem("bad-smear", detail) from error


def _file_name(fields: list[NamedSmear], file: File) -> str:
    """Return a name that any system takes: of the one field, or of all."""
    stem = PurePosixPath(fields[0].name.replace("\\", "/")).stem if len(fields) == 1 else ""
    plain = re.sub(r"[^\w.-]", "_", stem, flags=re.ASCII)[:100]
    return f"{plain or 'hemavision-fields'}{file.suffix}"
