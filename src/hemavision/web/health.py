"""Whether the process lives, and whether it can answer."""

from __future__ import annotations

import numpy as np
from apiflask import APIBlueprint
from flask import Response, current_app, jsonify

from hemavision.pipeline import Model
from hemavision.web.api.schemas import Live, Ready, problem_responses
from hemavision.web.errors import Problem

health = APIBlueprint("health", __name__, url_prefix="/health", tag="Operations")

_GREY = np.full((64, 64, 3), 128, dtype=np.uint8)


@health.get("/live")
@health.output(Live)
def live() -> Response:
    """Whether the process answers at all."""
    return jsonify(status="live")


@health.get("/ready")
@health.output(Ready)
@health.doc(responses=problem_responses(503))
def ready() -> Response:
    """Whether the model answers: it is given one grey image."""
    model: Model = current_app.extensions["hemavision"]
    try:
        list(model.predict_arrays([_GREY]))
    except Exception as error:
        current_app.logger.exception("The model does not answer")
        raise Problem("not-ready", "The model gave an error on a plain grey image.") from error
    return jsonify(status="ready", model=model.reference.name, sha256=model.reference.sha256)
