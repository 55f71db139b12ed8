"""A case's images: brought in, listed, shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from apiflask import APIBlueprint
from flask import Response, jsonify, request

from hemavision.casework.archives import open_archive
from hemavision.casework.importing import Import, Source, failing, import_images
from hemavision.casework.pictures import Picture, show_image, show_part
from hemavision.casework.reading import Eyes
from hemavision.errors import ImageError
from hemavision.images.archives import SIGNATURE
from hemavision.records.results import NOTICE, Box
from hemavision.store.cases import find_case
from hemavision.store.cut_cells import list_cut_cells
from hemavision.store.images import find_image, find_others, list_images
from hemavision.store.records import ImageKind, StoredImage
from hemavision.store.removing import remove_image
from hemavision.web.api import case_requests as requests
from hemavision.web.api import case_schemas as schemas
from hemavision.web.api.bodies import read_json, read_query, takes
from hemavision.web.api.schemas import problem_responses
from hemavision.web.api.uploads import Upload, read_request
from hemavision.web.errors import Problem
from hemavision.web.identity import asking, sighted, the_store
from hemavision.web.services import services

blueprint = APIBlueprint("case_images", __name__, url_prefix="/api/v1/cases", tag="Case images")

#: Least side of a box around a cell, in pixels.
LEAST_PX = 8
AUTO = "auto"
KINDS = (AUTO, *(kind.value for kind in ImageKind))
#: What a picture's answer may be, for the document.
PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp")


def picture_response(*media_types: str) -> dict[int, Any]:
    """Return the OpenAPI response for a picture."""
    content = {kind: {"schema": {"type": "string", "format": "binary"}} for kind in media_types}
    return {200: {"description": "The picture", "content": content}}


@blueprint.post("/<int:case_id>/images")
@blueprint.output(schemas.Imported)
@blueprint.doc(responses=problem_responses(400, 401, 403, 404, 409, 413, 415, 422))
def post_images(case_id: int) -> Response:
    """Bring images into a case; the model finds and names their cells.

    Takes one or many images as `classify` does, and ZIP archives of images. Each image is
    kept whole or not at all, and one that cannot be read fails alone: `results` say what became
    of each. Sending files again adds those that are missing; a file whose content is in the
    case already is a `duplicate`.

    `kind`: `cell`, each image shows one cell; `field`, its cells are found first; `auto`, a
    field where the image is larger than two cells' cut-outs and white and red cells are found.
    """
    reader = asking()
    find_case(the_store(), case_id)
    received = read_request(request, ("kind",))
    kind = _kind(received.body, _kind(received.query, AUTO))
    eyes = Eyes(services().model, services().detector)
    wanted = None if kind == AUTO else ImageKind(kind)
    into = Import(the_store(), case_id, eyes, reader.name, wanted)
    outcomes = list(import_images(into, _sources(received.uploads)))
    return jsonify(
        results=[outcome.to_json() for outcome in outcomes],
        case=find_case(the_store(), case_id).to_json(),
        notice=NOTICE,
    )


@blueprint.get("/<int:case_id>/images")
@blueprint.output(schemas.CaseImages)
@blueprint.doc(responses=problem_responses(401, 403, 404))
def get_images(case_id: int) -> Response:
    """List a case's images in the order in which they came."""
    asking()
    find_case(the_store(), case_id)
    found = list_images(the_store(), case_id)
    return jsonify(images=[image.to_json() for image in found], notice=NOTICE)


@blueprint.get("/<int:case_id>/images/<int:image_id>/others")
@blueprint.output(schemas.OthersFound)
@blueprint.doc(responses=problem_responses(401, 403, 404))
def get_others(case_id: int, image_id: int) -> Response:
    """What else was found in a field: red cells, platelets, white cells that the border cuts."""
    asking()
    image = find_image(the_store(), case_id, image_id)
    return jsonify(others=find_others(the_store(), image.id), notice=NOTICE)


@blueprint.get("/<int:case_id>/cut")
@blueprint.output(schemas.CutCells)
@blueprint.doc(responses=problem_responses(401, 403, 404))
def get_cut_cells(case_id: int) -> Response:
    """List the white cells that the border of their field cuts, and that nobody has counted.

    A reader counts one as a missed cell: `POST …/images/N/cells` with its box.
    """
    sighted(case_id)
    find_case(the_store(), case_id)
    found = list_cut_cells(the_store(), case_id)
    return jsonify(cut=[one.to_json() for one in found], notice=NOTICE)


@blueprint.get("/<int:case_id>/images/<int:image_id>/part")
@takes(blueprint, requests.CellBox, "query")
@blueprint.doc(
    responses=picture_response("image/jpeg") | problem_responses(400, 401, 403, 404, 422)
)
def get_part(case_id: int, image_id: int) -> Response:
    """Show a small square around a place of an image, `left` to `bottom` in its pixels."""
    asking()
    image = find_image(the_store(), case_id, image_id)
    box = Box(**read_query(requests.CellBox))
    check_box(box, image)
    return respond(show_part(the_store(), image, box))


@blueprint.get("/<int:case_id>/images/<int:image_id>/picture")
@blueprint.doc(responses=picture_response(*PICTURES) | problem_responses(401, 403, 404))
def get_picture(case_id: int, image_id: int) -> Response:
    """Show a whole image; what no browser shows comes as PNG."""
    asking()
    return respond(show_image(the_store(), find_image(the_store(), case_id, image_id)))


@blueprint.post("/<int:case_id>/images/<int:image_id>/remove")
@takes(blueprint, requests.Removal)
@blueprint.output(schemas.CaseAnswer)
@blueprint.doc(responses=problem_responses(400, 401, 403, 404, 409, 415, 422))
def post_removal(case_id: int, image_id: int) -> Response:
    """Take a wrong image out of a case that is not signed, with its cells.

    The `reason` stands in the log, with the image's name and SHA-256, its cells and what was
    decided on them. Refused with 409 where a signed version or a second reading holds it.
    """
    reader = sighted(case_id)
    reason = read_json(requests.Removal)["reason"]
    case = remove_image(the_store(), case_id, image_id, reason, reader.name)
    return jsonify(case=case.to_json(), notice=NOTICE)


def check_box(box: Box, image: StoredImage) -> None:
    """Refuse a box that is too small for a cell, or not inside its image."""
    inside = box.right <= image.width and box.bottom <= image.height
    if not inside or min(box.right - box.left, box.bottom - box.top) < LEAST_PX:
        raise Problem(
            "unusable",
            f"The box {box.left}, {box.top}, {box.right}, {box.bottom} must lie inside the image "
            f"of {image.width} x {image.height} pixels and be {LEAST_PX} or more wide and high.",
        )


def respond(picture: Picture) -> Response:
    """Return a picture; like every answer about a person's blood it is kept in no cache."""
    return Response(picture.content, mimetype=picture.media_type)


def _kind(values: Mapping[str, Any], otherwise: str) -> str:
    kind = values.get("kind", otherwise)
    if kind not in KINDS:
        raise Problem("bad-option", f"kind is {str(kind)[:80]!r}; it is one of {', '.join(KINDS)}.")
    return str(kind)


def _sources(uploads: Sequence[Upload]) -> Iterator[Source]:
    for upload in uploads:
        try:
            content = upload.read()
            if content.startswith(SIGNATURE):
                yield from open_archive(content, upload.filename)
            else:
                yield Source(upload.filename, lambda content=content: content)  # type: ignore[misc]
        except ImageError as error:
            yield failing(upload.filename, error)
