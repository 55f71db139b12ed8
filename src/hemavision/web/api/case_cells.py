"""A case's cells: listed, shown, decided on."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from typing import Annotated

from flask import Response
from msgspec import UNSET, Meta

from hemavision.casework.pictures import (
    HeatmapChoice,
    Picture,
    show_cutout,
    show_heatmap,
    show_thumbnail,
    show_thumbnails,
)
from hemavision.casework.recognition import read_cell
from hemavision.casework.references import Similar
from hemavision.records.json_values import Count
from hemavision.records.results import Noticed
from hemavision.store import cells
from hemavision.store.cases import find_case
from hemavision.store.images import add_cell, find_image, find_look, read_content
from hemavision.store.records import Case, Cell, CellSummary, Change, Page
from hemavision.store.references import read_reference_picture
from hemavision.store.removing import remove_cell
from hemavision.store.undoing import undo
from hemavision.web.api import case_requests as requests
from hemavision.web.api.bodies import read_json, read_key, read_query
from hemavision.web.api.case_images import PICTURES, box_of, check_box, respond
from hemavision.web.api.cases import CaseAnswer
from hemavision.web.api.operations import Api, answer, files, operation, takes_key
from hemavision.web.errors import Problem
from hemavision.web.identity import asking, sighted, the_store
from hemavision.web.services import services

blueprint = Api("case_cells", "Case cells")

THUMBNAIL = files("The picture", "image/jpeg")
HEATMAP = files("The picture", "image/png")


@dataclass(frozen=True)
class CaseCells(Noticed):
    """A page of a case's cells: unfamiliar ones first, then by rising confidence."""

    cells: list[CellSummary]
    total: Count


@dataclass(frozen=True)
class AddedCell(Noticed):
    """The new cell, and the case after it."""

    cell: CellSummary
    case: Case


@dataclass(frozen=True)
class CellAnswer(Noticed):
    """One cell."""

    cell: Cell


@dataclass(frozen=True)
class SimilarCells(Noticed):
    """Named cells that look like one, the most similar first."""

    similar: list[Similar]


@dataclass(frozen=True)
class TypeCount:
    """Cells of one type."""

    decided: Count
    suggested: Count


@dataclass(frozen=True)
class TypeCounts(Noticed):
    """A case's cells by type."""

    counts: dict[str, TypeCount]


@dataclass(frozen=True)
class Thumbnails(Noticed):
    """Cell's number → its picture, a WebP file in base64; a cell that is not there is left out."""

    thumbnails: dict[str, Annotated[str, Meta(extra_json_schema={"contentEncoding": "base64"})]]


@dataclass(frozen=True)
class LeftUndecided:
    """Cells that several decisions at once leave as they are."""

    unseen: list[int]
    doubtful: tuple[int, ...]


@dataclass(frozen=True)
class Decided(Noticed):
    """The named cells and the case after a change.

    Attributes:
        batch: name it to undo; None where nothing had to change.
    """

    batch: int | None
    cells: list[CellSummary]
    case: Case
    left_out: LeftUndecided


@blueprint.get("/cases/<int:case_id>/cells")
@operation(CaseCells, 400, 401, 403, 404, 422, query=requests.CellsQuery)
def get_cells(case_id: int) -> Response:
    """List a case's cells, most doubtful first.

    `cell_type` is the decided type, or the suggested one of undecided cells.
    """
    sighted(case_id)
    query = read_query(requests.CellsQuery)
    find_case(the_store(), case_id)
    wanted = cells.Filter(query.cell_type, query.status, query.decided, query.image)
    page = Page(query.limit, query.offset)
    found, total = cells.list_cells(the_store(), case_id, wanted, page)
    return answer(CaseCells([cell.summary() for cell in found], total))


@blueprint.post("/cases/<int:case_id>/images/<int:image_id>/cells")
@operation(
    AddedCell, 400, 401, 403, 404, 409, 415, 422, body=requests.NewCell, status=201, more=takes_key
)
def post_cell(case_id: int, image_id: int) -> Response:
    """Add a white cell of a field that the detector has missed; the model names it.

    `box` is around the cell, in pixels of the image. Refused with 409 where a cell is at this
    place already (`cells` names it).
    """
    reader = sighted(case_id)
    store, model = the_store(), services().model
    box = box_of(read_json(requests.NewCell).box)
    image = find_image(store, case_id, image_id)
    check_box(box, image)
    new = read_cell(model, read_content(store, image.sha256), box)
    cell = add_cell(store, image, new, reader.name, read_key())
    return answer(AddedCell(cell.summary(), find_case(store, case_id)), 201)


@blueprint.get("/cases/<int:case_id>/counts")
@operation(TypeCounts, 401, 403, 404)
def get_counts(case_id: int) -> Response:
    """Count a case's cells by type: those decided, and undecided ones as suggested.

    Undecided cells that are unfamiliar stand under `unfamiliar`, whatever was suggested.
    """
    sighted(case_id)
    find_case(the_store(), case_id)
    found = cells.count_types(the_store(), case_id)
    return answer(TypeCounts({name: TypeCount(*counts) for name, counts in found.items()}))


@blueprint.patch("/cases/<int:case_id>/cells")
@operation(Decided, 400, 401, 403, 404, 409, 415, 422, body=requests.CellChanges, more=takes_key)
def patch_cells(case_id: int) -> Response:
    """Decide on one or many cells, all or none.

    Each change names the cell's `revision` as it was seen. Where somebody else was first, the
    answer is 409 and `changes` say what is there now, by whom and since when.

    Several types at once name in `seen` which cells were on the screen, and in `opened` which the
    reader looked at large. `left_out` are those that stay as they are: `unseen` ones,
    and `doubtful` ones, which the model itself doubts and nobody opened: they want a word each.
    """
    reader = sighted(case_id)
    asked = read_changes()
    done = cells.decide(
        the_store(),
        case_id,
        asked.changes,
        reader.name,
        opened=asked.opened,
        key=read_key(),
    )
    return _decided(done, asked.unseen)


@blueprint.post("/cases/<int:case_id>/undo")
@operation(Decided, 400, 401, 403, 404, 409, 415, 422, body=requests.Undo, more=takes_key)
def post_undo(case_id: int) -> Response:
    """Take back a batch of decisions, as a new batch; undoing that one brings them again.

    Without `batch`, the last one of this reader's own that stands.
    """
    reader = sighted(case_id)
    batch = read_json(requests.Undo).batch
    named = None if batch is UNSET else batch
    return _decided(undo(the_store(), case_id, named, reader.name, read_key()), [])


@blueprint.get("/cases/<int:case_id>/cells/<int:cell_id>")
@operation(CellAnswer, 401, 403, 404)
def get_cell(case_id: int, cell_id: int) -> Response:
    """Show a cell with all that the model said of it."""
    sighted(case_id)
    return answer(CellAnswer(cells.find_cell(the_store(), case_id, cell_id)))


@blueprint.post("/cases/<int:case_id>/cells/<int:cell_id>/remove")
@operation(CaseAnswer, 401, 403, 404, 409)
def post_cell_removal(case_id: int, cell_id: int) -> Response:
    """Take out a cell that was added by hand; what came with an image stays."""
    reader = sighted(case_id)
    cells.find_cell(the_store(), case_id, cell_id)
    return answer(CaseAnswer(remove_cell(the_store(), case_id, cell_id, reader.name)))


@blueprint.get("/cases/<int:case_id>/cells/<int:cell_id>/cutout")
@operation(PICTURES, 401, 403, 404)
def get_cutout(case_id: int, cell_id: int) -> Response:
    """Show what is around a cell in a field, or the whole image of a single cell."""
    asking()
    return respond(show_cutout(the_store(), case_id, cell_id))


@blueprint.get("/cases/<int:case_id>/cells/<int:cell_id>/thumbnail")
@operation(THUMBNAIL, 400, 401, 403, 404, 422, query=requests.ThumbnailQuery)
def get_thumbnail(case_id: int, cell_id: int) -> Response:
    """Show a small square around a cell, `side` pixels wide: for galleries."""
    asking()
    query = read_query(requests.ThumbnailQuery)
    return respond(show_thumbnail(the_store(), case_id, cell_id, query.side))


@blueprint.get("/cases/<int:case_id>/thumbnails")
@operation(Thumbnails, 400, 401, 403, 404, 422, query=requests.ThumbnailsQuery)
def get_thumbnails(case_id: int) -> Response:
    """Show small squares around up to 200 cells at once, `side` pixels wide: for galleries."""
    asking()
    query = read_query(requests.ThumbnailsQuery)
    find_case(the_store(), case_id)
    numbers = [int(number) for number in query.cells.split(",")]
    found = show_thumbnails(the_store(), case_id, numbers, query.side)
    return answer(Thumbnails({str(cell): b64encode(f).decode() for cell, f in found.items()}))


@blueprint.get("/cases/<int:case_id>/cells/<int:cell_id>/heatmap")
@operation(HEATMAP, 400, 401, 403, 404, 409, 422, query=requests.HeatmapQuery)
def get_heatmap(case_id: int, cell_id: int) -> Response:
    """Run the model again and show its heatmap over the cut-out.

    `cell_type`: whose; the suggested one's by default. Refused with 409 where another model
    than the one at work named the cell.
    """
    sighted(case_id)
    query = read_query(requests.HeatmapQuery)
    cell = cells.find_cell(the_store(), case_id, cell_id)
    wish = HeatmapChoice(query.cell_type, query.opacity)
    return respond(show_heatmap(the_store(), cell, services().model, wish))


@blueprint.get("/cases/<int:case_id>/cells/<int:cell_id>/similar")
@operation(SimilarCells, 401, 403, 404)
def get_similar(case_id: int, cell_id: int) -> Response:
    """Show the six named cells that look most like a cell: of other signed cases, of image sets.

    Compared is what the network saw before it named them, so a second reader, who shall not know
    the model's word, is refused as for the cell itself; nor are cells shown of any case that the
    reader is reading anew, or of the same image in another case.
    """
    reader = sighted(case_id)
    kept, cell = services(), (case_id, cell_id)
    find_look(the_store(), case_id, cell_id)
    return answer(SimilarCells(kept.references.similar(the_store(), kept.model, cell, reader.name)))


@blueprint.get("/references/<int:reference_id>/picture")
@operation(THUMBNAIL, 401, 403, 404)
def get_reference_picture(reference_id: int) -> Response:
    """Show a cell of an image set that others are compared with."""
    asking()
    return respond(Picture(read_reference_picture(the_store(), reference_id), "image/jpeg"))


@dataclass(frozen=True)
class Asked:
    """The decisions that a request brings.

    Attributes:
        changes: that are to be made.
        unseen: cells of those that are not, because the reader never had them on the screen.
        opened: of several, those that were looked at large; None where it is one decision.
    """

    changes: list[Change]
    unseen: list[int]
    opened: list[int] | None


def read_changes() -> Asked:
    """Return the decisions that a request brings, past the gate for several at once."""
    body = read_json(requests.CellChanges)
    wanted = [Change(c.id, c.revision, c.cell_type) for c in body.changes]
    named = [change for change in wanted if change.cell_type is not None]
    if len(named) < 2:
        return Asked(wanted, [], None)
    if body.seen is UNSET:
        raise Problem(
            "unusable",
            f"{len(named)} cells are given a type at once: say in `seen` which of them the reader "
            "had on the screen, or send them one by one.",
        )
    seen = set(body.seen)
    unseen = [change.cell_id for change in named if change.cell_id not in seen]
    kept = [change for change in wanted if change.cell_id not in unseen]
    return Asked(kept, unseen, body.opened)


def _decided(done: cells.Decided, unseen: list[int]) -> Response:
    summaries = [cell.summary() for cell in done.cells]
    left_out = LeftUndecided(unseen, done.doubtful)
    return answer(Decided(done.batch, summaries, done.case, left_out))
