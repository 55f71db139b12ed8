"""POST /api/v1/classify."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response, request

from hemavision.reading.cell import Model
from hemavision.web.api.answer import answer, respond
from hemavision.web.api.options import NAMES, Options, check_options
from hemavision.web.api.schemas import Results, problem_responses
from hemavision.web.api.uploads import read_request
from hemavision.web.services import services

blueprint = APIBlueprint("classify", __name__, url_prefix="/api/v1", tag="Classify")


@blueprint.post("/classify")
@blueprint.output(Results)
@blueprint.doc(responses=problem_responses(400, 413, 415, 422))
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
    model: Model = services().model
    received = read_request(request, NAMES)
    options = Options()
    for values in (received.query, received.body):
        options = check_options(values, model.manifest, options)
    return respond(answer(model, received.uploads, options))
