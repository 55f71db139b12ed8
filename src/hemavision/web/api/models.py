"""GET /api/v1/models."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from apiflask import APIBlueprint
from flask import Response, jsonify

from hemavision.reading.bundle import shipped_bundles
from hemavision.reading.cell import Model, open_model
from hemavision.records.results import NOTICE
from hemavision.web.api.schemas import Models
from hemavision.web.services import services

blueprint = APIBlueprint("models", __name__, url_prefix="/api/v1", tag="Models")


@blueprint.get("/models")
@blueprint.output(Models)
def list_models() -> Response:
    """The models on this server, with the figures that they were given by evaluation."""
    answering: Model = services().model
    known = [_describe(answering, default=True)]
    for path in shipped_bundles():
        description = _shipped(path)
        if description["sha256"] != answering.reference.sha256:
            known.append(description)
    return jsonify(models=known, notice=NOTICE)


def _shipped(path: Path) -> dict[str, Any]:
    """Describe a shipped bundle; opening one takes a tenth of a second, so once."""
    cache = services().described
    if path not in cache:
        cache[path] = _describe(open_model(path, threads=1), default=False)
    return cache[path]


def _describe(model: Model, *, default: bool) -> dict[str, Any]:
    manifest = model.manifest
    return {
        "name": manifest.name,
        "default": default,
        "sha256": model.reference.sha256,
        "cell_types": list(manifest.cell_types),
        "metrics": manifest.metrics,
        "training": manifest.training,
        "check_below": manifest.check_below,
        "temperature": manifest.temperature,
        "licence": manifest.licence,
    }
