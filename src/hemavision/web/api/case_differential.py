"""A case's differential: every number that the workbench shows is made here, none in the page."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint
from flask import Response, jsonify

from hemavision.casework.entered import analyser_of, terms_of
from hemavision.casework.grounds import Grounds
from hemavision.differential import compare, correct, find_differential
from hemavision.differential.counting import TARGETS
from hemavision.errors import SettingsError
from hemavision.records.results import NOTICE
from hemavision.store.cases import find_case
from hemavision.store.records import Case
from hemavision.store.tally import Tally, tally
from hemavision.web.api.bodies import read_query, takes
from hemavision.web.api.case_terms import CountQuery, grounds_of, profiles
from hemavision.web.api.differential_schemas import CaseDifferential
from hemavision.web.api.schemas import problem_responses
from hemavision.web.errors import Problem
from hemavision.web.identity import sighted, the_store

blueprint = APIBlueprint(
    "case_differential", __name__, url_prefix="/api/v1/cases", tag="Differential"
)


@blueprint.get("/<int:case_id>/differential")
@takes(blueprint, CountQuery, "query")
@blueprint.output(CaseDifferential)
@blueprint.doc(responses=problem_responses(400, 401, 403, 404, 422))
def get_differential(case_id: int) -> Response:
    """Count a case: shares with exact intervals, flags, absolute counts, an analyser beside it.

    Counts what readers decided; with `suggestions` also the model's word where nobody has yet:
    such shares are provisional, and read against no range.
    What is unfamiliar to the model is never counted before a person decides. `cells` says how
    many of each type are decided and how many only suggested, `critical` which types readers
    decided on must not be overlooked. Read against what was entered for
    the case; `estimate` is there where those ask for it.
    """
    sighted(case_id)
    query = read_query(CountQuery)
    with the_store().at_one_moment() as still:
        case, cells = find_case(still, case_id), tally(still, case_id)
        grounds, analyser = grounds_of(still, case), analyser_of(case.entries)
    # Nothing is called high that nobody has looked at.
    provisional = query["suggestions"] and bool(cells.suggested)
    terms = terms_of(case.entries, None if provisional else grounds.profile)
    counts = cells.counts(grounds.types, with_suggestions=query["suggestions"])
    try:
        found = find_differential(counts, terms)
        comparison = compare(counts, analyser) if analyser and found.total else None
    except SettingsError as error:
        raise Problem("unusable", str(error)) from error
    return jsonify(
        differential=_without_notice(found.to_json()),
        comparison=comparison.to_json() if comparison else None,
        **_estimate(case, grounds),
        critical=[one.to_json() for one in grounds.critical(cells.decided)],
        cells=_cells(cells),
        suggestions=query["suggestions"],
        entries=case.entries.to_json(),
        profile=grounds.profile.name if grounds.profile else None,
        profiles=_choice(grounds),
        targets=list(TARGETS),
        revision=case.revision,
        notice=NOTICE,
    )


def _without_notice(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name != "notice"}


def _choice(grounds: Grounds) -> list[dict[str, str]]:
    """Return the ranges to choose among; those that were signed may be no longer there."""
    found = dict(profiles().by_name)
    if grounds.profile:
        found[grounds.profile.name] = grounds.profile
    return [{"name": profile.name, "title": profile.title} for profile in found.values()]


def _estimate(case: Case, grounds: Grounds) -> dict[str, Any]:
    """Return the estimate behind the model's calls if it is wanted, or why it cannot be had."""
    if not case.entries.estimate or grounds.calls is None:
        return {"estimate": None, "no_estimate": grounds.no_estimate or None}
    found = correct(grounds.calls.counts, grounds.calls.confusion)
    return {"estimate": found.to_json(), "no_estimate": None}


def _cells(cells: Tally) -> dict[str, Any]:
    return {
        "decided": cells.decided,
        "suggested": cells.suggested,
        "unfamiliar": cells.unfamiliar,
    }
