"""POST /api/v1/smears."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
from apiflask import APIBlueprint
from flask import Response, request

from hemavision.images.opening import open_image
from hemavision.reading.cell import Model
from hemavision.reading.field import overlay_cell, read_smear
from hemavision.reading.finding.finder import Finder
from hemavision.reading.found import Smear
from hemavision.web.api.answer import Item, as_address, failure, respond, rounded
from hemavision.web.api.options import Options, check_options
from hemavision.web.api.schemas import Smears, problem_responses
from hemavision.web.api.uploads import Upload, read_request
from hemavision.web.errors import Problem
from hemavision.web.services import services

blueprint = APIBlueprint("smears", __name__, url_prefix="/api/v1", tag="Smears")

#: Of the options of ``classify`` those that mean something for many cells at once.
NAMES = ("heatmaps", "opacity")


@blueprint.post("/smears")
@blueprint.output(Smears)
@blueprint.doc(responses=problem_responses(400, 413, 415, 422, 503))
def smears() -> Response:
    """Find and count the cells of each field, and name its white cells.

    Takes one or many images as `classify` does, and answers in the same way: an image that
    cannot be read gets an `error` in its place and harms no other.

    Each white cell has the whole prediction that `classify` gives. Cells that the border cuts
    and cells unlike all that the model has seen are in no count of `differential.cell_types`.
    `estimates` are those made by hand, with exact 95% intervals; `warnings` say what makes an
    answer less sure. `heatmaps`: `none`; `overlay`, for each white cell a PNG of what lies in
    `prediction.box` with the map of its type over it at `opacity`; `raw`, the map's numbers;
    `all`, both.
    """
    model: Model = services().model
    finder = answering_finder()
    received = read_request(request, NAMES)
    options = Options()
    for values in (received.query, received.body):
        options = check_options(values, model.manifest, options)
    return respond(
        [
            {"filename": upload.filename} | _answer(model, finder, upload, options)
            for upload in received.uploads
        ]
    )


def answering_finder() -> Finder:
    """Return the server's detector.

    Raises:
        Problem: it has none.
    """
    finder: Finder | None = services().detector
    if finder is None:
        raise Problem(
            "no-detector",
            "This server has no detector, so it cannot find the cells of a field; /api/v1/classify "
            "names single cells. Set HEMAVISION_DETECTOR to a detector's bundle and start again.",
        )
    return finder


def _answer(model: Model, finder: Finder, upload: Upload, options: Options) -> Item:
    try:
        photo = open_image(upload.read())
        smear = read_smear(model, finder, photo.rgb)
        described = describe_smear(smear, photo.rgb, options)
        item: Item = {"notes": list(photo.notes), "smear": described}
    except Exception as error:  # whatever one image does, the others get their answer
        return failure(error)
    for prediction in smear.predictions:
        services().metrics.count_prediction(prediction)
    return item


def describe_smear(smear: Smear, rgb: np.ndarray, options: Options) -> Item:
    """Return a field with the heatmaps that the options ask for, as JSON values."""
    values = smear.to_json()
    for cell, described in zip(smear.cells, values["cells"], strict=True):
        if cell.prediction and options.raw:
            maps = rounded(cell.prediction.heatmap()).tolist()
            described["heatmap"] = {"values": maps, "box": asdict(cell.prediction.box)}
        if cell.prediction and options.overlay:
            picture, _ = overlay_cell(rgb, cell.prediction, options.opacity)
            described["overlay"] = as_address(picture)
    return values
