"""What a reader enters beside a case's cells: shown, and put in place of what was there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

from flask import Response
from msgspec import Meta, field, structs

from hemavision.casework.entered import analyser_of
from hemavision.differential.counting import TARGETS
from hemavision.differential.names import (
    LEAST_WHITE_CELLS,
    MOST_WHITE_CELLS,
    add_up,
    checked_white_cells,
    white_cells_from,
)
from hemavision.errors import SettingsError
from hemavision.images.pixel_size import LEAST_UM, MOST_UM
from hemavision.records.results import Noticed
from hemavision.store.cases import LONGEST_COMMENT, LONGEST_NAME, enter, find_case
from hemavision.store.records import Case, Entries
from hemavision.web.api.bodies import Body, Number, Ordinal, Title, read_json, read_key
from hemavision.web.api.case_terms import known_types, profiles
from hemavision.web.api.operations import Api, answer, operation, takes_key
from hemavision.web.errors import Problem
from hemavision.web.identity import sighted, the_store

blueprint = Api("case_entries", "Cases")

MOST_TARGET = 10_000
#: How a count is usually written; other units and spellings are understood, too.
WRITTEN = r"^([1-9][0-9]?([.,][0-9]{1,2})?( ?(10\^9/L|G/L|10\^3/uL|K/uL))?|[1-9][0-9]{2,5} ?/uL)$"
#: What the document says of a count that is a number or text; the units' own rules check it.
WHITE_CELLS = Meta(
    extra_json_schema={
        "minimum": LEAST_WHITE_CELLS, "maximum": MOST_WHITE_CELLS, "pattern": WRITTEN,
    }
)  # fmt: skip


class EntriesBody(Body):
    """All entries: one that is left out is as if nobody had entered it.

    Attributes:
        revision: of the entries as they were seen; 0 before the first.
        target: white cells to count.
        white_cells: total white cell count for absolute counts: 10⁹/L, or text with its unit, such
            as ``6200/ul``.
        nucleated_apart: the analyser left nucleated red cells out of that count itself: do not
            correct it.
        analyser: what an analyser says of the same blood: type → percent. The usual names and
            analysers' codes (NEUT, LYMPH, …) are understood.
        analyser_cells: white cells that it classified, where it says so.
        profile: name of the reference profile; empty for the server's own.
        estimate: add the estimate behind the model's calls.
        pixel_um: micrometres that a pixel of the camera is wide, for images that do not say.
    """

    revision: Number
    target: Annotated[int, Meta(ge=1, le=MOST_TARGET)] = TARGETS[0]
    white_cells: Annotated[float | str | None, WHITE_CELLS] = None
    nucleated_apart: bool = False
    analyser: dict[str, Annotated[float, Meta(ge=0, le=100)]] = field(default_factory=dict)
    analyser_cells: Ordinal | None = None
    analyser_name: Annotated[str, Meta(max_length=LONGEST_NAME)] = ""
    profile: Title = ""
    estimate: bool = False
    comment: Annotated[str, Meta(max_length=LONGEST_COMMENT)] = ""
    pixel_um: Annotated[float, Meta(ge=LEAST_UM, le=MOST_UM)] | None = None


@dataclass(frozen=True)
class CaseEntries(Noticed):
    """What was entered for a case."""

    entries: Entries


@dataclass(frozen=True)
class Entered(CaseEntries):
    """What is entered now, and the case after it."""

    case: Case


@blueprint.get("/cases/<int:case_id>/entries")
@operation(CaseEntries, 401, 403, 404)
def get_entries(case_id: int) -> Response:
    """Show what was entered beside a case's cells."""
    sighted(case_id)
    return answer(CaseEntries(find_case(the_store(), case_id).entries))


@blueprint.put("/cases/<int:case_id>/entries")
@operation(Entered, 400, 401, 403, 404, 409, 415, 422, body=EntriesBody, more=takes_key)
def put_entries(case_id: int) -> Response:
    """Enter what counts are read against, an analyser's differential and a comment.

    They are part of the case: logged, signed with it, and what its differential and report say.
    Refused with 409 when somebody entered something after `revision` (`changes` says what is
    there now).
    """
    reader = sighted(case_id)
    known = known_types(find_case(the_store(), case_id).classes)
    entries = _understood(read_json(EntriesBody), known)
    case = enter(the_store(), case_id, entries, reader.name, read_key())
    return answer(Entered(case.entries, case))


def _understood(body: EntriesBody, known: tuple[str, ...]) -> Entries:
    """Return the entries under our names and the case's, which are `known`.

    Raises:
        Problem: counts cannot be read against them.
    """
    entries = Entries(**structs.asdict(body) | {"white_cells": _white_cells(body.white_cells)})
    try:
        profiles().find(entries.profile)
        entries = replace(entries, analyser=add_up(entries.analyser.items(), known))
        analyser = analyser_of(entries)
        if analyser:
            analyser.check()
    except SettingsError as error:
        raise Problem("unusable", str(error)) from error
    return entries


def _white_cells(entered: float | str | None) -> float | None:
    try:
        if isinstance(entered, str):
            return white_cells_from(entered)
        return None if entered is None else checked_white_cells(entered)
    except SettingsError as error:
        raise Problem("bad-option", f"white_cells: {error}") from error
