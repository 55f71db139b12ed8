"""POST /api/v1/classify, and /predict for clients of the usual Flask demos."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from flask import Response, request
from msgspec import Meta

from hemavision.images.opening import open_image
from hemavision.reading.heard import Stage, stage
from hemavision.records.json_values import Share
from hemavision.records.results import Noticed
from hemavision.web.api.answer import PngAddress, Results, answer_cells, overlay_address
from hemavision.web.api.image_bodies import takes_images, takes_one_file
from hemavision.web.api.operations import Api, answer, operation
from hemavision.web.api.options import NAMES, HeatmapOptions, check_options, option_schemas
from hemavision.web.api.uploads import MULTIPART, read_request
from hemavision.web.errors import Problem
from hemavision.web.services import in_turn, services

blueprint = Api("classify", "Classify")
demo = Api("demo", "Classify", url_prefix=None)


@dataclass(frozen=True)
class DemoAnswer(Noticed):
    """The answer of ``/predict``.

    Attributes:
        confidence: probability of the prediction.
        heatmap: the original with the heatmap over it: a PNG as a data address.
    """

    prediction: Annotated[str, Meta(examples=["EOSINOPHIL"])]
    confidence: Share
    probabilities: dict[str, Share]
    heatmap: PngAddress


def _takes() -> dict[str, Any]:
    return takes_images(option_schemas(services().model.manifest))


@blueprint.post("/classify")
@operation(Results, 400, 413, 415, 422, 429, 503, more=_takes)
@in_turn()
def classify() -> Response:
    """Name the white cell of each image; heatmaps on request.

    Takes one or many images. The answers come in the order of the images. An image that
    cannot be read gets an `error` in its place and harms no other; if none can be read, the
    answer is 422 and its `results` say why for each.

    `heatmaps`: `none`; `overlay`, a PNG of the original with the map of `cell_type` (the
    predicted type by default) or of `attribute` (as in `granule_colour=red`) over it at
    `opacity`; `raw`, the numbers for all types and attributes; `all`, both. Options may also
    be given in the query; the body's win.
    """
    model = services().model
    received = read_request(request, NAMES)
    options = HeatmapOptions()
    for values in (received.query, received.body):
        options = check_options(values, model.manifest, options)
    return answer_cells(model, received.uploads, options)


@demo.post("/predict")
@operation(DemoAnswer, 400, 413, 415, 422, 429, 503, more=takes_one_file)
@in_turn()
def predict() -> Response:
    """Name the white cell of one image, in the shape of the usual Flask demos.

    New clients do better with `/api/v1/classify`, which also says how far to trust it.
    """
    if request.mimetype and request.mimetype != MULTIPART:
        raise Problem("unsupported-media-type", f"Send {MULTIPART} with a file named 'file'.")
    uploads = read_request(request, ()).uploads
    if len(uploads) > 1:
        raise Problem("too-many-images", f"Received {len(uploads)} images; /predict takes one.")
    with stage(Stage.DECODE):
        rgb = open_image(uploads[0].read()).rgb
    (prediction,) = services().model.predict_arrays([rgb])
    return answer(
        DemoAnswer(
            prediction.cell_type.upper(),
            prediction.confidence,
            {name.upper(): p for name, p in prediction.probabilities.items()},
            overlay_address(prediction, rgb, HeatmapOptions()),
        )
    )
