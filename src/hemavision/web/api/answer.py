"""From uploads to answers, one image's failure never another's."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from flask import Response

from hemavision.images.opening import open_image
from hemavision.reading.cell import Model
from hemavision.reading.explaining import encode_png, overlay
from hemavision.records.results import NOTICE, Prediction
from hemavision.web.api.options import Options
from hemavision.web.api.uploads import Upload
from hemavision.web.errors import Problem, as_problem
from hemavision.web.services import services

DIGITS = 5

Item = dict[str, Any]


def answer(model: Model, uploads: Sequence[Upload], options: Options) -> list[Item]:
    """Return one item an upload, in order: a prediction or an error.

    One image at a time: on a CPU a batch is no faster, and would keep all its pictures and
    the network's layers for all of them in memory.
    """
    return [
        {"filename": upload.filename} | _answer_one(model, upload, options) for upload in uploads
    ]


def respond(items: list[Item]) -> Response:
    """Return the answer that holds the items.

    Raises:
        Problem: there is nothing but errors in them.
    """
    if all("error" in item for item in items):
        count = len(items)
        detail = items[0]["error"]["detail"] if count == 1 else f"All {count} images failed."
        raise Problem("no-image-readable", detail, results=items)
    # Not jsonify: it sorts keys and goes through every value in Python first.
    body = json.dumps({"results": items, "notice": NOTICE}, separators=(",", ":"), allow_nan=False)
    return Response(body, mimetype="application/json")


def describe(prediction: Prediction, rgb: np.ndarray, options: Options) -> Item:
    """Return a prediction with the heatmaps that the options ask for, as JSON values."""
    item: Item = {"prediction": prediction.to_json()}
    if options.raw:
        item["heatmaps"] = raw_heatmaps(prediction)
    if options.overlay:
        item["overlay"] = overlay_address(prediction, rgb, options)
    return item


def overlay_address(prediction: Prediction, rgb: np.ndarray, options: Options) -> str:
    """Return the overlay as a PNG in a ``data:`` address."""
    name, _, value = (options.attribute or options.cell_type or "").partition("=")
    heatmap = prediction.heatmap(name or None, value or None)
    return as_address(overlay(rgb, heatmap, prediction.box, options.opacity))


def as_address(picture: np.ndarray) -> str:
    """Return a picture, uint8 H×W×3, as a PNG in a ``data:`` address."""
    return "data:image/png;base64," + base64.b64encode(encode_png(picture)).decode("ascii")


def raw_heatmaps(prediction: Prediction) -> dict[str, Any]:
    """Return all maps as nested lists, with what is needed to lay them over the image."""
    maps = prediction.heatmaps
    if maps is None:
        raise ValueError("The prediction carries no heatmaps.")
    return {
        "cell_types": list(prediction.probabilities),
        "box": asdict(prediction.box),
        "height": maps.shape[1],
        "width": maps.shape[2],
        "values": rounded(maps).tolist(),
        "morphology": {
            name: {"names": list(prediction.morphology[name]), "values": rounded(found).tolist()}
            for name, found in prediction.morphology_heatmaps.items()
        },
    }


def rounded(values: np.ndarray, digits: int = DIGITS) -> np.ndarray:
    """Round values ≥ 0 to so many significant digits: float64, short when written as text."""
    exact = values.astype(np.float64)
    # Below 1e-15 nothing shows in a picture, and the power of ten would not be exact.
    exact[exact < 1e-15] = 0.0
    with np.errstate(divide="ignore"):
        magnitude = np.floor(np.log10(exact, where=exact > 0, out=np.zeros_like(exact)))
    scale = 10.0 ** np.clip(digits - 1 - magnitude, 0, 22)
    result: np.ndarray = np.rint(exact * scale) / scale
    return result


def _answer_one(model: Model, upload: Upload, options: Options) -> Item:
    try:
        photo = open_image(upload.read())
        (prediction,) = model.predict_arrays([photo.rgb])
        item = {"notes": list(photo.notes)} | describe(prediction, photo.rgb, options)
    except Exception as error:  # whatever one image does, the others get their answer
        return failure(error)
    services().metrics.count_prediction(prediction)
    return item


def failure(error: Exception) -> Item:
    """Return what stands in the place of an image that failed, and count it."""
    problem = as_problem(error)
    services().metrics.errors.labels(problem.name).inc()
    return {"error": problem.to_json()}
