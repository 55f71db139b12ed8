"""Second readings of a case: blind to what was decided and to what the model said."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response, jsonify

from hemavision.records.results import NOTICE
from hemavision.store import reads
from hemavision.store.cases import find_case
from hemavision.store.records import Page
from hemavision.web.api import case_requests as requests
from hemavision.web.api import case_schemas as schemas
from hemavision.web.api.bodies import created, read_json, read_query, takes
from hemavision.web.api.case_cells import read_changes
from hemavision.web.api.schemas import problem_responses
from hemavision.web.errors import Problem
from hemavision.web.identity import asking, sighted, the_store

blueprint = APIBlueprint("reads", __name__, url_prefix="/api/v1", tag="Second readings")


@blueprint.get("/cases/<int:case_id>/reads")
@blueprint.output(schemas.Reads)
@blueprint.doc(responses=problem_responses(401, 403, 404))
def get_reads(case_id: int) -> Response:
    """List a case's second readings."""
    asking()
    find_case(the_store(), case_id)
    found = reads.list_reads(the_store(), case_id)
    return jsonify(reads=[read.to_json() for read in found], notice=NOTICE)


@blueprint.post("/cases/<int:case_id>/reads")
@takes(blueprint, requests.NewRead)
@blueprint.output(schemas.ReadAnswer, status_code=201)
@blueprint.doc(responses=problem_responses(400, 401, 403, 404, 409, 415, 422))
def post_read(case_id: int) -> Response:
    """Begin a second reading of a case, or of a random sample of its cells.

    While it is open, its reader gets 403 `blind` for what was decided in the case.
    """
    reader = asking()
    body = read_json(requests.NewRead)
    read = reads.open_read(
        the_store(), case_id, reader.name, sample=body.get("sample"), seed=body["seed"]
    )
    return created(read=read.to_json(), notice=NOTICE)


@blueprint.get("/reads/<int:read_id>/cells")
@takes(blueprint, requests.PageQuery, "query")
@blueprint.output(schemas.BlindCells)
@blueprint.doc(responses=problem_responses(400, 401, 403, 404, 422))
def get_blind_cells(read_id: int) -> Response:
    """List what there is to read, in an order of the reading's own."""
    reader = asking()
    query = read_query(requests.PageQuery)
    _refuse_stranger(reads.find_read(the_store(), read_id), reader.name)
    page = Page(query["limit"], query["offset"])
    found, total = reads.list_blind_cells(the_store(), read_id, page)
    return jsonify(cells=[cell.to_json() for cell in found], total=total, notice=NOTICE)


@blueprint.patch("/reads/<int:read_id>/cells")
@takes(blueprint, requests.CellChanges)
@blueprint.output(schemas.BlindDecided)
@blueprint.doc(responses=problem_responses(400, 401, 403, 404, 409, 415, 422))
def patch_blind_cells(read_id: int) -> Response:
    """Note the second reader's decisions, all or none; `cells` are those that were named.

    Several types at once name in `seen` which cells were on the screen; others are `left_out`.
    """
    reader = asking()
    asked = read_changes()
    done = reads.decide_blind(the_store(), read_id, asked.changes, reader.name)
    return jsonify(
        cells=[cell.to_json() for cell in done],
        total=len(done),
        left_out={"unseen": asked.unseen, "doubtful": []},
        notice=NOTICE,
    )


@blueprint.post("/reads/<int:read_id>/finish")
@blueprint.output(schemas.ReadAnswer)
@blueprint.doc(responses=problem_responses(401, 403, 404, 409))
def post_finish(read_id: int) -> Response:
    """Finish a second reading: every cell of it is decided."""
    return _close(read_id, reads.ReadState.FINISHED)


@blueprint.post("/reads/<int:read_id>/drop")
@blueprint.output(schemas.ReadAnswer)
@blueprint.doc(responses=problem_responses(401, 403, 404, 409))
def post_drop(read_id: int) -> Response:
    """Give a second reading up; its decisions count for nothing."""
    return _close(read_id, reads.ReadState.DROPPED)


@blueprint.get("/reads/<int:read_id>/pairs")
@blueprint.output(schemas.Pairs)
@blueprint.doc(responses=problem_responses(401, 403, 404, 409))
def get_pairs(read_id: int) -> Response:
    """Show a finished second reading beside the first reader's decisions and the model's."""
    asking()
    read = reads.find_read(the_store(), read_id)
    sighted(read.case_id)
    pairs = reads.list_pairs(the_store(), read_id)
    return jsonify(read=read.to_json(), pairs=[pair.to_json() for pair in pairs], notice=NOTICE)


def _close(read_id: int, state: reads.ReadState) -> Response:
    reader = asking()
    read = reads.close_read(the_store(), read_id, state, reader.name)
    return jsonify(read=read.to_json(), notice=NOTICE)


def _refuse_stranger(read: reads.Read, name: str) -> None:
    if read.reader != name:
        raise Problem("forbidden", f"Reading {read.id} is {read.reader}'s.")
