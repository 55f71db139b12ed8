"""The OpenAPI 3.1 document: what the decorators cannot say is added here."""

from __future__ import annotations

from typing import Any

from apiflask import APIFlask
from flask import current_app

from hemavision.reading.bundle import Manifest
from hemavision.reading.cell import Model
from hemavision.reading.explaining.overlay import OPACITY
from hemavision.records.reference import Profiles
from hemavision.web.api import case_images, live, smears
from hemavision.web.api.options import HEATMAPS, attribute_values
from hemavision.web.api.spec_export import PATH as EXPORT
from hemavision.web.api.spec_export import export_request
from hemavision.web.api.uploads import FIELDS, JSON, MAX_NAME, MULTIPART
from hemavision.web.services import services

PATH = "/api/v1/openapi.json"
VERSION = "3.1.0"

Spec = dict[str, Any]


def install(app: APIFlask) -> None:
    """Make the application serve its description at :data:`PATH`."""
    app.config.update(
        OPENAPI_VERSION=VERSION,
        AUTO_404_RESPONSE=False,
        AUTO_VALIDATION_ERROR_RESPONSE=False,
        AUTO_OPERATION_ID=True,
    )
    app.info = {"license": {"name": "MIT", "identifier": "MIT"}}
    app.spec_processor(complete)


def complete(spec: Spec | str) -> Spec | str:
    """Add the request bodies and parameters, with this server's own limits and names."""
    if isinstance(spec, str):
        raise TypeError("The document is completed as JSON values, not as YAML text.")
    model: Model = services().model
    options = option_schemas(model.manifest)
    _take_images(spec["paths"]["/api/v1/classify"]["post"], options)
    several = {name: options[name] for name in smears.NAMES}
    _take_images(spec["paths"]["/api/v1/smears"]["post"], several)
    spec["paths"]["/api/v1/live"]["post"]["requestBody"] = {
        "required": True,
        "content": {live.FRAME: {"schema": {"type": "string", "format": "binary"}}},
    }
    _require_bodies(spec)
    kinds: Spec = {"type": "string", "enum": list(case_images.KINDS), "default": case_images.AUTO}
    _take_images(spec["paths"]["/api/v1/cases/{case_id}/images"]["post"], {"kind": kinds})
    spec["paths"][EXPORT]["post"] |= export_request()
    spec["paths"]["/predict"]["post"]["requestBody"] = {
        "required": True,
        "content": {MULTIPART: {"schema": _one_file()}},
    }
    profiles: Profiles = services().profiles
    profile = {
        "type": "string", "enum": sorted(profiles.by_name), "default": profiles.own.name,
    }  # fmt: skip
    spec["paths"]["/api/v1/cell-types"]["get"]["parameters"] = [_parameter("profile", profile)]
    return spec


def _require_bodies(spec: Spec) -> None:
    """Say that a body has to be there where something in it has to be."""
    schemas = spec["components"]["schemas"]
    for methods in spec["paths"].values():
        for operation in methods.values():
            body = operation.get("requestBody", {})
            reference = body.get("content", {}).get(JSON, {}).get("schema", {}).get("$ref", "")
            if "required" in schemas.get(reference.rpartition("/")[2], {}):
                body["required"] = True


def _take_images(operation: Spec, options: dict[str, Spec]) -> None:
    limit = current_app.config["MAX_IMAGES"]
    more = [_parameter(name, schema) for name, schema in options.items()]
    operation["parameters"] = [*operation.get("parameters", ()), *more]
    operation["requestBody"] = {
        "required": True,
        "content": {
            MULTIPART: {"schema": _multipart(options, limit)},
            JSON: {"schema": _json(options, limit)},
        },
    }


def option_schemas(manifest: Manifest) -> dict[str, Spec]:
    """Return the JSON schema of each option of ``classify``."""
    options: dict[str, Spec] = {
        "heatmaps": {"type": "string", "enum": list(HEATMAPS), "default": HEATMAPS[0]},
        "cell_type": {
            "type": "string",
            "enum": list(manifest.cell_types),
            "description": "Whose map the overlay shows; the predicted type's by default.",
        },
        "opacity": {"type": "number", "minimum": 0, "maximum": 1, "default": OPACITY},
    }
    known = attribute_values(manifest)
    if known:
        options["attribute"] = {
            "type": "string",
            "enum": list(known),
            "description": "The overlay shows the map of this value instead of a type's.",
        }
    return options


def _parameter(name: str, schema: Spec) -> Spec:
    return {"name": name, "in": "query", "required": False, "schema": schema}


def _multipart(options: dict[str, Spec], limit: int) -> Spec:
    file = _file()
    return {
        "type": "object",
        "properties": {"images": {"type": "array", "minItems": 1, "maxItems": limit, "items": file}}
        | options,
        "required": ["images"],
        "additionalProperties": False,
        "description": "The files may also be named `image` or `file`.",
    }


def _one_file() -> Spec:
    return {
        "type": "object",
        "properties": {"file": _file()},
        "required": ["file"],
        "additionalProperties": False,
        "description": f"The file may be named {', '.join(FIELDS)}.",
    }


def _file() -> Spec:
    return {"type": "string", "format": "binary", "contentMediaType": "application/octet-stream"}


def _json(options: dict[str, Spec], limit: int) -> Spec:
    data = {
        "type": "string",
        "contentEncoding": "base64",
        "format": "byte",
        "description": "A JPEG, PNG, TIFF, WebP, BMP or GIF file in base64.",
    }
    entry = {
        "type": "object",
        "properties": {
            "filename": {
                "type": "string",
                "description": f"Echoed, up to {MAX_NAME} characters.",
            },
            "data": data,
        },
        "required": ["data"],
        "additionalProperties": False,
    }
    images = {
        "type": "array", "minItems": 1, "maxItems": limit, "items": {"oneOf": [data, entry]},
    }  # fmt: skip
    return {
        "type": "object",
        "properties": {"images": images} | options,
        "required": ["images"],
        "additionalProperties": False,
    }
