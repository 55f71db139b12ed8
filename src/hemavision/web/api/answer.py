"""From uploads to answers, one image's failure never another's."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from flask import current_app

from hemavision.errors import ImageError
from hemavision.explain import encode_png, overlay
from hemavision.images import open_image
from hemavision.pipeline import Model
from hemavision.results import Prediction
from hemavision.web import metrics
from hemavision.web.api.options import Options
from hemavision.web.api.uploads import Upload
from hemavision.web.errors import as_problem

#: Images are decoded and classified in groups of so many, or so many pixels in all: a
#: request of a hundred large pictures must not have them all in memory at once.
GROUP_IMAGES = 8
GROUP_PIXELS = 8_000_000
DIGITS = 5

Item = dict[str, Any]
Decoded = tuple[int, np.ndarray]


def answer(model: Model, uploads: Sequence[Upload], options: Options) -> list[Item]:
    """Return one item an upload, in order: a prediction or an error."""
    items: list[Item] = [{"filename": upload.filename} for upload in uploads]
    for group in _groups(uploads, items):
        for (index, rgb), outcome in zip(group, _predict(model, group), strict=True):
            if isinstance(outcome, Exception):
                items[index]["error"] = _error(outcome)
            else:
                metrics.of(current_app).count_prediction(outcome)
                items[index] |= describe(outcome, rgb, options)
    return items


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
    heatmap = prediction.heatmap(options.cell_type)
    picture = overlay(rgb, heatmap, prediction.box, options.opacity)
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


def _groups(uploads: Sequence[Upload], items: list[Item]) -> Iterator[list[Decoded]]:
    """Decode the uploads group by group; what cannot be decoded gets its error."""
    group: list[Decoded] = []
    pixels = 0
    for index, upload in enumerate(uploads):
        try:
            rgb = open_image(upload.read()).rgb
        except ImageError as error:
            items[index]["error"] = _error(error)
            continue
        group.append((index, rgb))
        pixels += rgb.shape[0] * rgb.shape[1]
        if len(group) >= GROUP_IMAGES or pixels >= GROUP_PIXELS:
            yield group
            group, pixels = [], 0
    if group:
        yield group


def _predict(model: Model, group: Sequence[Decoded]) -> Sequence[Prediction | Exception]:
    try:
        return list(model.predict_arrays([rgb for _, rgb in group]))
    except Exception as error:
        if len(group) == 1:
            return [error]
        # One of them made the network fail: find it, and let the others have their answer.
        return [outcome for one in group for outcome in _predict(model, [one])]


def _error(error: Exception) -> Item:
    problem = as_problem(error)
    metrics.of(current_app).errors.labels(problem.name).inc()
    return problem.to_json()
