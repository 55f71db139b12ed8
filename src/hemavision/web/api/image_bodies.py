"""The OpenAPI words for requests that bring images, with this server's own limits."""

from __future__ import annotations

from typing import Any

from flask import current_app

from hemavision.web.api.operations import BINARY, JSON
from hemavision.web.api.uploads import FIELDS, MAX_NAME, MULTIPART

Spec = dict[str, Any]

_FILE: Spec = BINARY | {"contentMediaType": "application/octet-stream"}
_DATA: Spec = {
    "type": "string",
    "contentEncoding": "base64",
    "format": "byte",
    "description": "A JPEG, PNG, TIFF, WebP, BMP or GIF file in base64.",
}
_NAME: Spec = {"type": "string", "description": f"Echoed, up to {MAX_NAME} characters."}


def takes_images(options: dict[str, Spec]) -> Spec:
    """Return parameters and body of an operation on images, with options in either."""
    limit = current_app.config["MAX_IMAGES"]
    entry = _closed({"filename": _NAME, "data": _DATA}, "data")
    bodies = {
        MULTIPART: _closed({"images": _list(limit, _FILE)} | options, "images")
        | {"description": "The files may also be named `image` or `file`."},
        JSON: _closed({"images": _list(limit, {"oneOf": [_DATA, entry]})} | options, "images"),
    }
    return {
        "parameters": [parameter(name, schema) for name, schema in options.items()],
        "requestBody": _body(bodies),
    }


def takes_one_file() -> Spec:
    """Return the body of an operation on one image."""
    schema = _closed({"file": _FILE}, "file")
    said = {"description": f"The file may be named {', '.join(FIELDS)}."}
    return {"requestBody": _body({MULTIPART: schema | said})}


def takes(schema: Spec, media_type: str = JSON) -> Spec:
    """Return a body of one kind."""
    return {"requestBody": _body({media_type: schema})}


def parameter(name: str, schema: Spec) -> Spec:
    """Return an option that an address may have."""
    return {"name": name, "in": "query", "required": False, "schema": schema}


def _body(content: dict[str, Spec]) -> Spec:
    return {"required": True, "content": {kind: {"schema": s} for kind, s in content.items()}}


def _list(limit: int, items: Spec) -> Spec:
    return {"type": "array", "minItems": 1, "maxItems": limit, "items": items}


def _closed(properties: dict[str, Spec], *needed: str) -> Spec:
    return {
        "type": "object",
        "properties": properties,
        "required": list(needed),
        "additionalProperties": False,
    }
