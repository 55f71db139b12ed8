"""A case's cells: listed, shown, decided on."""

from __future__ import annotations

from dataclasses import dataclass

from apiflask import APIBlueprint
from flask import Response, jsonify

from hemavision.casework.pictures import Wish, show_cutout, show_heatmap, show_thumbnail
from hemavision.casework.reading import read_cell
from hemavision.records.results import NOTICE, Box, Status
from hemavision.store import cells
from hemavision.store.cases import find_case
from hemavision.store.images import add_cell, find_image, read_content
from hemavision.store.records import Change, Page
from hemavision.store.removing import remove_cell
from hemavision.store.undoing import undo
from hemavision.web.api import case_requests as requests
from hemavision.web.api import case_schemas as schemas
from hemavision.web.api.bodies import created, read_json, read_query, takes
from hemavision.web.api.case_images import PICTURES, check_box, picture_response, respond
from hemavision.web.api.schemas import problem_responses
from hemavision.web.errors import Problem
from hemavision.web.identity import asking, sighted, the_store
from hemavision.web.services import services

blueprint = APIBlueprint("case_cells", __name__, url_prefix="/api/v1/cases", tag="Case cells")


@blueprint.get("/<int:case_id>/cells")
@takes(blueprint, requests.CellsQuery, "query")
@blueprint.output(schemas.CaseCells)
@blueprint.doc(responses=problem_responses(400, 401, 403, 404, 422))
def get_cells(case_id: int) -> Response:
    """List a case's cells, most doubtful first.

    `cell_type` is the decided type, or the suggested one of undecided cells.
    """
    sighted(case_id)
    query = read_query(requests.CellsQuery)
    find_case(the_store(), case_id)
    status = Status(query["status"]) if "status" in query else None
    wanted = cells.Filter(query.get("cell_type"), status, query.get("decided"), query.get("image"))
    page = Page(query["limit"], query["offset"])
    found, total = cells.list_cells(the_store(), case_id, wanted, page)
    return jsonify(cells=[cell.summary() for cell in found], total=total, notice=NOTICE)


@blueprint.post("/<int:case_id>/images/<int:image_id>/cells")
@takes(blueprint, requests.NewCell)
@blueprint.output(schemas.AddedCell, status_code=201)
@blueprint.doc(responses=problem_responses(400, 401, 403, 404, 409, 415, 422))
def post_cell(case_id: int, image_id: int) -> Response:
    """Add a white cell of a field that the detector has missed; the model names it.

    `box` is around the cell, in pixels of the image. Refused with 409 where a cell is at this
    place already (`cells` names it).
    """
    reader = sighted(case_id)
    store, model = the_store(), services().model
    box = Box(**read_json(requests.NewCell)["box"])
    image = find_image(store, case_id, image_id)
    check_box(box, image)
    new = read_cell(model, read_content(store, image.sha256), box)
    cell = add_cell(store, image, new, reader.name)
    return created(cell=cell.summary(), case=find_case(store, case_id).to_json(), notice=NOTICE)


@blueprint.get("/<int:case_id>/counts")
@blueprint.output(schemas.TypeCounts)
@blueprint.doc(responses=problem_responses(401, 403, 404))
def get_counts(case_id: int) -> Response:
    """Count a case's cells by type: those decided, and undecided ones as suggested.

    Undecided cells that are unfamiliar stand under `unfamiliar`, whatever was suggested.
    """
    sighted(case_id)
    find_case(the_store(), case_id)
    found = cells.count_types(the_store(), case_id).items()
    counts = {name: {"decided": done, "suggested": left} for name, (done, left) in found}
    return jsonify(counts=counts, notice=NOTICE)


@blueprint.patch("/<int:case_id>/cells")
@takes(blueprint, requests.CellChanges)
@blueprint.output(schemas.Decided)
@blueprint.doc(responses=problem_responses(400, 401, 403, 404, 409, 415, 422))
def patch_cells(case_id: int) -> Response:
    """Decide on one or many cells, all or none.

    Each change names the cell's `revision` as it was seen. Where somebody else was first, the
    answer is 409 and `changes` say what is there now, by whom and since when.

    Several types at once name in `seen` which cells were on the screen, and say `as_suggested`
    where they take the model's word. `left_out` are those that stay as they are: `unseen` ones,
    and `doubtful` ones, which the model itself doubts: they want a decision each.
    """
    reader = sighted(case_id)
    asked = read_changes()
    done = cells.decide(
        the_store(), case_id, asked.changes, reader.name, as_suggested=asked.as_suggested
    )
    return _answer(done, asked.unseen)


@blueprint.post("/<int:case_id>/undo")
@takes(blueprint, requests.Undo)
@blueprint.output(schemas.Decided)
@blueprint.doc(responses=problem_responses(400, 401, 403, 404, 409, 415, 422))
def post_undo(case_id: int) -> Response:
    """Take back a batch of decisions, as a new batch; undoing that one brings them again.

    Without `batch`, the last one of this reader's own that stands.
    """
    reader = sighted(case_id)
    body = read_json(requests.Undo)
    return _answer(undo(the_store(), case_id, body.get("batch"), reader.name), [])


@blueprint.get("/<int:case_id>/cells/<int:cell_id>")
@blueprint.output(schemas.CellAnswer)
@blueprint.doc(responses=problem_responses(401, 403, 404))
def get_cell(case_id: int, cell_id: int) -> Response:
    """Show a cell with all that the model said of it."""
    sighted(case_id)
    cell = cells.find_cell(the_store(), case_id, cell_id)
    return jsonify(cell=cell.to_json(), notice=NOTICE)


@blueprint.post("/<int:case_id>/cells/<int:cell_id>/remove")
@blueprint.output(schemas.CaseAnswer)
@blueprint.doc(responses=problem_responses(401, 403, 404, 409))
def post_cell_removal(case_id: int, cell_id: int) -> Response:
    """Take out a cell that was added by hand; what came with an image stays."""
    reader = sighted(case_id)
    cells.find_cell(the_store(), case_id, cell_id)
    case = remove_cell(the_store(), case_id, cell_id, reader.name)
    return jsonify(case=case.to_json(), notice=NOTICE)


@blueprint.get("/<int:case_id>/cells/<int:cell_id>/cutout")
@blueprint.doc(responses=picture_response(*PICTURES) | problem_responses(401, 403, 404))
def get_cutout(case_id: int, cell_id: int) -> Response:
    """Show what is around a cell in a field, or the whole image of a single cell."""
    asking()
    return respond(show_cutout(the_store(), case_id, cell_id))


@blueprint.get("/<int:case_id>/cells/<int:cell_id>/thumbnail")
@takes(blueprint, requests.ThumbnailQuery, "query")
@blueprint.doc(
    responses=picture_response("image/jpeg") | problem_responses(400, 401, 403, 404, 422)
)
def get_thumbnail(case_id: int, cell_id: int) -> Response:
    """Show a small square around a cell, `side` pixels wide: for galleries."""
    asking()
    query = read_query(requests.ThumbnailQuery)
    return respond(show_thumbnail(the_store(), case_id, cell_id, query["side"]))


@blueprint.get("/<int:case_id>/cells/<int:cell_id>/heatmap")
@takes(blueprint, requests.HeatmapQuery, "query")
@blueprint.doc(
    responses=picture_response("image/png") | problem_responses(400, 401, 403, 404, 409, 422)
)
def get_heatmap(case_id: int, cell_id: int) -> Response:
    """Run the model again and show its heatmap over the cut-out.

    `cell_type`: whose; the suggested one's by default. Refused with 409 where another model
    than the one at work named the cell.
    """
    sighted(case_id)
    query = read_query(requests.HeatmapQuery)
    cell = cells.find_cell(the_store(), case_id, cell_id)
    wish = Wish(query.get("cell_type"), query["opacity"])
    return respond(show_heatmap(the_store(), cell, services().model, wish))


@dataclass(frozen=True)
class Asked:
    """The decisions that a request brings.

    Attributes:
        changes: that are to be made.
        unseen: cells of those that are not, because the reader never had them on the screen.
        as_suggested: whether several take the model's word.
    """

    changes: list[Change]
    unseen: list[int]
    as_suggested: bool


def read_changes() -> Asked:
    """Return the decisions that a request brings, past the gate for several at once."""
    body = read_json(requests.CellChanges)
    wanted = [Change(c["id"], c["revision"], c["cell_type"]) for c in body["changes"]]
    named = [change for change in wanted if change.cell_type is not None]
    if len(named) < 2:
        return Asked(wanted, [], as_suggested=False)
    if "seen" not in body:
        raise Problem(
            "unusable",
            f"{len(named)} cells are given a type at once: say in `seen` which of them the reader "
            "had on the screen, or send them one by one.",
        )
    seen = set(body["seen"])
    unseen = [change.cell_id for change in named if change.cell_id not in seen]
    kept = [change for change in wanted if change.cell_id not in unseen]
    return Asked(kept, unseen, body["as_suggested"])


def _answer(done: cells.Decided, unseen: list[int]) -> Response:
    return jsonify(
        batch=done.batch,
        cells=[cell.summary() for cell in done.cells],
        case=done.case.to_json(),
        left_out={"unseen": unseen, "doubtful": done.doubtful},
        notice=NOTICE,
    )
