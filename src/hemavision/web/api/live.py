"""POST /api/v1/live: one frame of a microscope's camera, answered as fast and short as can be."""

from __future__ import annotations

import base64
import json
import time
from dataclasses import asdict
from typing import Any

import numpy as np
from apiflask import APIBlueprint
from flask import Response, request

from hemavision.images.opening import open_image
from hemavision.reading.cell import Model
from hemavision.reading.explaining import normalise
from hemavision.reading.field import read_smear
from hemavision.reading.finding.finder import Finder
from hemavision.reading.found import FoundCell, Smear
from hemavision.records.results import NOTICE, Box, Detection, ModelReference, Prediction
from hemavision.web.api.live_schemas import LiveFrame
from hemavision.web.api.schemas import problem_responses
from hemavision.web.api.smears import answering_finder
from hemavision.web.api.uploads import clean_name
from hemavision.web.errors import Problem
from hemavision.web.services import services

blueprint = APIBlueprint("live", __name__, url_prefix="/api/v1", tag="Smears")

FRAME = "image/jpeg"
DIGITS = 4


@blueprint.post("/live")
@blueprint.output(LiveFrame)
@blueprint.doc(responses=problem_responses(413, 415, 422, 503))
def live() -> Response:
    """Find the cells of one camera frame and name its white cells: made for many a second.

    The body is the frame itself, a JPEG file, and nothing else. The answer says the same as
    `smears` does of a field, in short: boxes are `[left, top, right, bottom]`, `probabilities` are
    in the order of `cell_types`, and `heatmap` has the named type's map over `heatmap_box` as bytes
    0 to 255, row by row, in base64. Nothing is kept between two frames: whoever asks decides which
    cell of the next frame is the same cell.
    """
    started = time.perf_counter()
    model: Model = services().model
    finder = _Stopwatch(answering_finder())
    rgb = open_image(_read_frame()).rgb
    decoded = time.perf_counter()
    smear = read_smear(model, finder, rgb)
    for prediction in smear.predictions:
        services().metrics.count_prediction(prediction)
    milliseconds = {
        "decode": (decoded - started) * 1000,
        "detect": finder.milliseconds,
        "classify": max(smear.milliseconds - finder.milliseconds, 0.0),
    }
    answer = describe_frame(smear, model) | {"milliseconds": _rounded(milliseconds)}
    body = json.dumps(answer | {"notice": NOTICE}, separators=(",", ":"), allow_nan=False)
    return Response(body, mimetype="application/json")


def describe_frame(smear: Smear, model: Model) -> dict[str, Any]:
    """Return what is in a frame, as short JSON values."""
    return {
        "width": smear.width,
        "height": smear.height,
        "cell_types": list(smear.cell_types),
        "cells": [_describe_cell(cell) for cell in smear.cells],
        "warnings": [asdict(warning) for warning in smear.warnings],
        "model": asdict(model.reference),
        "detector": asdict(smear.detector),
    }


class _Stopwatch:
    """A finder that says how long it took: a field's record only has the sum."""

    def __init__(self, finder: Finder) -> None:
        self._finder = finder
        self.milliseconds = 0.0

    @property
    def reference(self) -> ModelReference:
        return self._finder.reference

    def find(self, rgb: np.ndarray) -> list[Detection]:
        started = time.perf_counter()
        found = self._finder.find(rgb)
        self.milliseconds = (time.perf_counter() - started) * 1000
        return found


def _read_frame() -> bytes:
    if request.mimetype != FRAME:
        kind = clean_name(request.mimetype) or "a body without Content-Type"
        raise Problem(
            "unsupported-media-type",
            f"Received {kind}. Send one JPEG file as the body, with Content-Type: {FRAME}.",
        )
    return request.get_data(cache=False)


def _describe_cell(cell: FoundCell) -> dict[str, Any]:
    values: dict[str, Any] = {
        "kind": cell.kind.value,
        "box": _edges(cell.box),
        "score": round(cell.score, DIGITS),
        "cut": cell.cut,
    }
    return values | _describe_name(cell.prediction) if cell.prediction else values


def _describe_name(prediction: Prediction) -> dict[str, Any]:
    heatmap = np.rint(normalise(prediction.heatmap()) * 255).astype(np.uint8)
    return {
        "type": prediction.cell_type,
        "confidence": round(prediction.confidence, DIGITS),
        "status": prediction.status.value,
        "probabilities": [round(p, DIGITS) for p in prediction.probabilities.values()],
        "heatmap": {
            "width": heatmap.shape[1],
            "height": heatmap.shape[0],
            "data": base64.b64encode(heatmap.tobytes()).decode("ascii"),
        },
        "heatmap_box": _edges(prediction.box),
    }


def _edges(box: Box) -> list[int]:
    return [box.left, box.top, box.right, box.bottom]


def _rounded(milliseconds: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 1) for name, value in milliseconds.items()}
