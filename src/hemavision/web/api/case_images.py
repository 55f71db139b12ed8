"""A case's images: brought in, listed, shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Response, request

from hemavision.casework.importing import (
    Import,
    Outcome,
    Source,
    failing,
    import_images,
    open_archive,
)
from hemavision.casework.pictures import Picture, show_image, show_part
from hemavision.casework.recognition import Networks
from hemavision.errors import ImageError
from hemavision.images.archives import SIGNATURE
from hemavision.records.results import Box, Detection, Noticed
from hemavision.store.cases import find_case
from hemavision.store.images import CutCell, find_image, find_others, list_cut_cells, list_images
from hemavision.store.records import Case, ImageKind, StoredImage
from hemavision.store.removing import remove_image
from hemavision.web.api import case_requests as requests
from hemavision.web.api.bodies import read_json, read_query
from hemavision.web.api.cases import CaseAnswer
from hemavision.web.api.image_bodies import takes_images
from hemavision.web.api.operations import Api, answer, files, operation
from hemavision.web.api.uploads import Upload, read_request
from hemavision.web.errors import Problem
from hemavision.web.identity import asking, sighted, the_store
from hemavision.web.services import in_turn, services

blueprint = Api("case_images", "Case images")

#: Least side of a box around a cell, in pixels.
LEAST_PX = 8
AUTO = "auto"
KINDS = (AUTO, *(kind.value for kind in ImageKind))
#: What a picture may come as.
PICTURES = files("The picture", "image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp")


@dataclass(frozen=True)
class Imported(Noticed):
    """What became of each file, and the case after it."""

    results: list[Outcome]
    case: Case


@dataclass(frozen=True)
class CaseImages(Noticed):
    """A case's images, in the order in which they came."""

    images: list[StoredImage]


@dataclass(frozen=True)
class OthersFound(Noticed):
    """What else was found in a field: red cells, platelets, white cells that the border cuts."""

    others: list[Detection]


@dataclass(frozen=True)
class CutCells(Noticed):
    """What the borders cut."""

    cut: list[CutCell]


def _takes() -> dict[str, Any]:
    return takes_images({"kind": {"type": "string", "enum": list(KINDS), "default": AUTO}})


@blueprint.post("/cases/<int:case_id>/images")
@operation(Imported, 400, 401, 403, 404, 409, 413, 415, 422, 429, 503, more=_takes)
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
    networks = Networks(services().model, services().detector)
    with in_turn():
        received = read_request(request, ("kind",))
        kind = _kind(received.body, _kind(received.query, AUTO))
        wanted = None if kind == AUTO else ImageKind(kind)
        into = Import(the_store(), case_id, networks, reader.name, wanted)
        outcomes = list(import_images(into, _sources(received.uploads)))
    return answer(Imported(outcomes, find_case(the_store(), case_id)))


@blueprint.get("/cases/<int:case_id>/images")
@operation(CaseImages, 401, 403, 404)
def get_images(case_id: int) -> Response:
    """List a case's images in the order in which they came."""
    asking()
    find_case(the_store(), case_id)
    return answer(CaseImages(list_images(the_store(), case_id)))


@blueprint.get("/cases/<int:case_id>/images/<int:image_id>/others")
@operation(OthersFound, 401, 403, 404)
def get_others(case_id: int, image_id: int) -> Response:
    """What else was found in a field: red cells, platelets, white cells that the border cuts."""
    asking()
    image = find_image(the_store(), case_id, image_id)
    return answer(OthersFound(find_others(the_store(), image.id)))


@blueprint.get("/cases/<int:case_id>/cut")
@operation(CutCells, 401, 403, 404)
def get_cut_cells(case_id: int) -> Response:
    """List the white cells that the border of their field cuts, and that nobody has counted.

    A reader counts one as a missed cell: `POST …/images/N/cells` with its box.
    """
    sighted(case_id)
    find_case(the_store(), case_id)
    return answer(CutCells(list_cut_cells(the_store(), case_id)))


@blueprint.get("/cases/<int:case_id>/images/<int:image_id>/part")
@operation(files("The picture", "image/jpeg"), 400, 401, 403, 404, 422, query=requests.CellBox)
def get_part(case_id: int, image_id: int) -> Response:
    """Show a small square around a place of an image, `left` to `bottom` in its pixels."""
    asking()
    image = find_image(the_store(), case_id, image_id)
    box = box_of(read_query(requests.CellBox))
    check_box(box, image)
    return respond(show_part(the_store(), image, box))


@blueprint.get("/cases/<int:case_id>/images/<int:image_id>/picture")
@operation(PICTURES, 401, 403, 404)
def get_picture(case_id: int, image_id: int) -> Response:
    """Show a whole image; what no browser shows comes as PNG."""
    asking()
    return respond(show_image(the_store(), find_image(the_store(), case_id, image_id)))


@blueprint.post("/cases/<int:case_id>/images/<int:image_id>/remove")
@operation(CaseAnswer, 400, 401, 403, 404, 409, 415, 422, body=requests.Removal)
def post_removal(case_id: int, image_id: int) -> Response:
    """Take a wrong image out of a case that is not signed, with its cells.

    The `reason` stands in the log, with the image's name and SHA-256, its cells and what was
    decided on them. Refused with 409 where a signed version or a second reading holds it.
    """
    reader = sighted(case_id)
    reason = read_json(requests.Removal).reason
    return answer(CaseAnswer(remove_image(the_store(), case_id, image_id, reason, reader.name)))


def box_of(sent: requests.CellBox) -> Box:
    """Return a box that a request names."""
    return Box(sent.left, sent.top, sent.right, sent.bottom)


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
