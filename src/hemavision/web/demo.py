"""POST /predict, for clients of the usual Flask demos."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response, jsonify, request

from hemavision.images.opening import open_image
from hemavision.reading.cell import Model
from hemavision.records.results import NOTICE
from hemavision.web.api.answer import overlay_address
from hemavision.web.api.options import Options
from hemavision.web.api.schemas import DemoAnswer, problem_responses
from hemavision.web.api.uploads import MULTIPART, read_request
from hemavision.web.errors import Problem
from hemavision.web.services import services

demo = APIBlueprint("demo", __name__, tag="Classify")


@demo.post("/predict")
@demo.output(DemoAnswer)
@demo.doc(responses=problem_responses(400, 413, 415, 422))
def predict() -> Response:
    """Name the white cell of one image, in the shape of the usual Flask demos.

    New clients do better with `/api/v1/classify`, which also says how far to trust it.
    """
    if request.mimetype and request.mimetype != MULTIPART:
        raise Problem("unsupported-media-type", f"Send {MULTIPART} with a file named 'file'.")
    uploads = read_request(request, ()).uploads
    if len(uploads) > 1:
        raise Problem("too-many-images", f"Received {len(uploads)} images; /predict takes one.")
    model: Model = services().model
    rgb = open_image(uploads[0].read()).rgb
    (prediction,) = model.predict_arrays([rgb])
    services().metrics.count_prediction(prediction)
    return jsonify(
        prediction=prediction.cell_type.upper(),
        confidence=prediction.confidence,
        probabilities={name.upper(): p for name, p in prediction.probabilities.items()},
        heatmap=overlay_address(prediction, rgb, Options()),
        notice=NOTICE,
    )
