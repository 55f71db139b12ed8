"""Second readings of a case: blind to what was decided and to what the model said."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Response
from msgspec import UNSET

from hemavision.records.json_values import Count
from hemavision.records.results import Noticed
from hemavision.store import second_readings
from hemavision.store.cases import find_case
from hemavision.store.records import Page
from hemavision.store.second_readings import BlindCell, Pair, Read
from hemavision.web.api import case_requests as requests
from hemavision.web.api.bodies import read_json, read_key, read_query
from hemavision.web.api.case_cells import LeftUndecided, read_changes
from hemavision.web.api.operations import Api, answer, operation, takes_key
from hemavision.web.errors import Problem
from hemavision.web.identity import asking, sighted, the_store

blueprint = Api("reads", "Second readings")


@dataclass(frozen=True)
class ReadAnswer(Noticed):
    """A second reading as it is now."""

    read: Read


@dataclass(frozen=True)
class Reads(Noticed):
    """A case's second readings, the first one first."""

    reads: list[Read]


@dataclass(frozen=True)
class BlindCells(Noticed):
    """A page of what there is to read, in the reading's own order."""

    cells: list[BlindCell]
    total: Count


@dataclass(frozen=True)
class BlindDecided(BlindCells):
    """The named cells after a second reader's decisions."""

    left_out: LeftUndecided


@dataclass(frozen=True)
class Pairs(Noticed):
    """A finished second reading beside the first one and the model."""

    read: Read
    pairs: list[Pair]


@blueprint.get("/cases/<int:case_id>/reads")
@operation(Reads, 401, 403, 404)
def get_reads(case_id: int) -> Response:
    """List a case's second readings."""
    asking()
    find_case(the_store(), case_id)
    return answer(Reads(second_readings.list_reads(the_store(), case_id)))


@blueprint.post("/cases/<int:case_id>/reads")
@operation(ReadAnswer, 400, 401, 403, 404, 409, 415, 422, body=requests.NewRead, status=201)
def post_read(case_id: int) -> Response:
    """Begin a second reading of a case, or of a random sample of its cells.

    While it is open, its reader gets 403 `blind` for what was decided in the case.
    """
    reader = asking()
    body = read_json(requests.NewRead)
    sample = None if body.sample is UNSET else body.sample
    read = second_readings.open_read(
        the_store(), case_id, reader.name, sample=sample, seed=body.seed
    )
    return answer(ReadAnswer(read), 201)


@blueprint.get("/reads/<int:read_id>/cells")
@operation(BlindCells, 400, 401, 403, 404, 422, query=requests.PageQuery)
def get_blind_cells(read_id: int) -> Response:
    """List what there is to read, in an order of the reading's own."""
    reader = asking()
    query = read_query(requests.PageQuery)
    _refuse_stranger(second_readings.find_read(the_store(), read_id), reader.name)
    page = Page(query.limit, query.offset)
    return answer(BlindCells(*second_readings.list_blind_cells(the_store(), read_id, page)))


@blueprint.patch("/reads/<int:read_id>/cells")
@operation(
    BlindDecided, 400, 401, 403, 404, 409, 415, 422, body=requests.CellChanges, more=takes_key
)
def patch_blind_cells(read_id: int) -> Response:
    """Note the second reader's decisions, all or none; `cells` are those that were named.

    Several types at once name in `seen` which cells were on the screen; others are `left_out`.
    """
    reader = asking()
    asked = read_changes()
    done = second_readings.decide_blind(
        the_store(), read_id, asked.changes, reader.name, read_key()
    )
    return answer(BlindDecided(done, len(done), LeftUndecided(asked.unseen, ())))


@blueprint.post("/reads/<int:read_id>/finish")
@operation(ReadAnswer, 401, 403, 404, 409)
def post_finish(read_id: int) -> Response:
    """Finish a second reading: every cell of it is decided."""
    return _close(read_id, second_readings.ReadState.FINISHED)


@blueprint.post("/reads/<int:read_id>/drop")
@operation(ReadAnswer, 401, 403, 404, 409)
def post_drop(read_id: int) -> Response:
    """Give a second reading up; its decisions count for nothing."""
    return _close(read_id, second_readings.ReadState.DROPPED)


@blueprint.get("/reads/<int:read_id>/pairs")
@operation(Pairs, 401, 403, 404, 409)
def get_pairs(read_id: int) -> Response:
    """Show a finished second reading beside the first reader's decisions and the model's."""
    asking()
    read = second_readings.find_read(the_store(), read_id)
    sighted(read.case_id)
    return answer(Pairs(read, second_readings.list_pairs(the_store(), read_id)))


def _close(read_id: int, state: second_readings.ReadState) -> Response:
    reader = asking()
    return answer(ReadAnswer(second_readings.close_read(the_store(), read_id, state, reader.name)))


def _refuse_stranger(read: Read, name: str) -> None:
    if read.reader != name:
        raise Problem("forbidden", f"Reading {read.id} is {read.reader}'s.")
