"""What a reader enters beside a case's cells: shown, and put in place of what was there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from apiflask import APIBlueprint, Schema
from flask import Response, jsonify
from marshmallow import ValidationError, fields
from marshmallow.validate import Equal, Length, Range

from hemavision.casework.entered import analyser_of
from hemavision.differential.counting import TARGETS
from hemavision.differential.names import add_up
from hemavision.differential.units import (
    LEAST_WHITE_CELLS,
    MOST_WHITE_CELLS,
    checked_white_cells,
    white_cells_from,
)
from hemavision.errors import SettingsError
from hemavision.records.results import NOTICE
from hemavision.store.cases import find_case
from hemavision.store.entries import LONGEST_COMMENT, LONGEST_NAME, enter
from hemavision.store.records import Entries
from hemavision.web.api.bodies import Body, Flag, Whole, read_json, takes
from hemavision.web.api.case_schemas import CaseRecord
from hemavision.web.api.case_terms import known_types, profiles
from hemavision.web.api.schemas import problem_responses
from hemavision.web.errors import Problem
from hemavision.web.identity import sighted, the_store
from hemavision.web.kept import LARGEST

blueprint = APIBlueprint("case_entries", __name__, url_prefix="/api/v1/cases", tag="Cases")

MOST_TARGET = 10_000
#: How a count is usually written; other units and spellings are understood, too.
WRITTEN = r"^([1-9][0-9]?([.,][0-9]{1,2})?( ?(10\^9/L|G/L|10\^3/uL|K/uL))?|[1-9][0-9]{2,5} ?/uL)$"


class WhiteCellCount(fields.Float):
    """A total white cell count: a number of 10⁹/L, or text with its unit."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        try:
            if isinstance(value, str):
                return white_cells_from(value)
            return checked_white_cells(super()._deserialize(value, attr, data, **kwargs))
        except SettingsError as error:
            raise ValidationError(str(error)) from error


class EntriesBody(Body):
    """All entries: one that is left out is as if nobody had entered it."""

    revision = Whole(
        required=True,
        validate=Range(0, LARGEST),
        metadata={"description": "Of the entries as they were seen; 0 before the first."},
    )
    target = Whole(
        validate=Range(1, MOST_TARGET),
        load_default=TARGETS[0],
        metadata={"description": "White cells to count."},
    )
    white_cells = WhiteCellCount(
        load_default=None,
        allow_none=True,
        metadata={
            "type": ["number", "string"],
            "minimum": LEAST_WHITE_CELLS,
            "maximum": MOST_WHITE_CELLS,
            "pattern": WRITTEN,
            "description": "Total white cell count for absolute counts: 10⁹/L, or text with its "
            "unit, such as `6200/ul`.",
        },
    )
    nucleated_apart = Flag(
        load_default=False,
        metadata={
            "description": "The analyser left nucleated red cells out of that count itself: do "
            "not correct it."
        },
    )
    analyser = fields.Dict(
        keys=fields.String(),  # a name that is none is refused with all that are
        values=fields.Float(validate=Range(0, 100)),
        load_default=dict,
        metadata={
            "description": "What an analyser says of the same blood: type → percent. The usual "
            "names and analysers' codes (NEUT, LYMPH, …) are understood."
        },
    )
    analyser_cells = Whole(
        validate=Range(1, LARGEST),
        load_default=None,
        allow_none=True,
        metadata={"description": "White cells that it classified, where it says so."},
    )
    analyser_name = fields.String(load_default="", validate=Length(0, LONGEST_NAME))
    profile = fields.String(
        load_default="",
        validate=Length(0, 200),
        metadata={"description": "Name of the reference profile; empty for the server's own."},
    )
    estimate = Flag(
        load_default=False,
        metadata={"description": "Add the estimate behind the model's calls."},
    )
    comment = fields.String(load_default="", validate=Length(0, LONGEST_COMMENT))


class EntriesRecord(Schema):
    """What was entered for a case."""

    target = fields.Integer(required=True)
    white_cells = fields.Float(required=True, allow_none=True)
    nucleated_apart = fields.Boolean(required=True)
    analyser = fields.Dict(keys=fields.String(), values=fields.Float(), required=True)
    analyser_cells = fields.Integer(required=True, allow_none=True)
    analyser_name = fields.String(required=True)
    profile = fields.String(required=True)
    estimate = fields.Boolean(required=True)
    comment = fields.String(required=True)
    revision = fields.Integer(required=True, validate=Range(min=0))


class CaseEntries(Schema):
    """What was entered for a case."""

    entries = fields.Nested(EntriesRecord, required=True)
    notice = fields.String(required=True, validate=Equal(NOTICE), metadata={"enum": [NOTICE]})


class Entered(CaseEntries):
    """What is entered now, and the case after it."""

    case = fields.Nested(CaseRecord, required=True)


@blueprint.get("/<int:case_id>/entries")
@blueprint.output(CaseEntries)
@blueprint.doc(responses=problem_responses(401, 403, 404))
def get_entries(case_id: int) -> Response:
    """Show what was entered beside a case's cells."""
    sighted(case_id)
    return jsonify(entries=find_case(the_store(), case_id).entries.to_json(), notice=NOTICE)


@blueprint.put("/<int:case_id>/entries")
@takes(blueprint, EntriesBody)
@blueprint.output(Entered)
@blueprint.doc(responses=problem_responses(400, 401, 403, 404, 409, 415, 422))
def put_entries(case_id: int) -> Response:
    """Enter what counts are read against, an analyser's differential and a comment.

    They are part of the case: logged, signed with it, and what its differential and report say.
    Refused with 409 when somebody entered something after `revision` (`changes` says what is
    there now).
    """
    reader = sighted(case_id)
    entries = _understood(Entries(**read_json(EntriesBody)))
    case = enter(the_store(), case_id, entries, reader.name)
    values: dict[str, Any] = {"entries": case.entries.to_json(), "case": case.to_json()}
    return jsonify(**values, notice=NOTICE)


def _understood(entries: Entries) -> Entries:
    """Return the entries under our names.

    Raises:
        Problem: counts cannot be read against them.
    """
    try:
        profiles().find(entries.profile)
        entries = replace(entries, analyser=add_up(entries.analyser.items(), known_types()))
        analyser = analyser_of(entries)
        if analyser:
            analyser.check()
    except SettingsError as error:
        raise Problem("unusable", str(error)) from error
    return entries
