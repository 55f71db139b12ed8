"""Cases: list, make, show, sign, open again."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint
from flask import Response, jsonify

from hemavision.casework.signing import sign
from hemavision.errors import SettingsError
from hemavision.reading.cell import Model
from hemavision.records.reference import display_name
from hemavision.records.results import NOTICE
from hemavision.store.cases import (
    Search,
    amend_case,
    create_case,
    find_case,
    list_cases,
    list_versions,
)
from hemavision.store.journal import list_entries
from hemavision.store.readers import Role
from hemavision.store.records import Case, Page, State
from hemavision.store.vocabulary import cell_types
from hemavision.web.api import case_requests as requests
from hemavision.web.api import case_schemas as schemas
from hemavision.web.api.bodies import created, read_json, read_query, takes
from hemavision.web.api.case_terms import at_work, critical_types
from hemavision.web.api.schemas import problem_responses
from hemavision.web.api.trail_schemas import Log
from hemavision.web.errors import Problem
from hemavision.web.identity import asking, sighted, the_store
from hemavision.web.services import services

blueprint = APIBlueprint("cases", __name__, url_prefix="/api/v1/cases", tag="Cases")


@blueprint.get("")
@takes(blueprint, requests.CasesQuery, "query")
@blueprint.output(schemas.Cases)
@blueprint.doc(responses=problem_responses(400, 401, 403, 422))
def get_cases() -> Response:
    """List the cases, last changed first.

    `search`: words that all stand in the name or the slide.
    """
    asking()
    query = read_query(requests.CasesQuery)
    search = Search(query["search"], State(query["state"]) if "state" in query else None)
    found, total = list_cases(the_store(), search, Page(query["limit"], query["offset"]))
    return jsonify(cases=[case.to_json() for case in found], total=total, notice=NOTICE)


@blueprint.post("")
@takes(blueprint, requests.NewCase)
@blueprint.output(schemas.CaseAnswer, status_code=201)
@blueprint.doc(responses=problem_responses(400, 401, 403, 415, 422))
def post_case() -> Response:
    """Make an empty case."""
    reader = asking()
    body = read_json(requests.NewCase)
    case = create_case(the_store(), body["name"], body["slide"], reader.name)
    response = created(case=case.to_json(), notice=NOTICE)
    response.headers["Location"] = f"/api/v1/cases/{case.id}"
    return response


@blueprint.get("/<int:case_id>")
@blueprint.output(schemas.CaseDetail)
@blueprint.doc(responses=problem_responses(401, 403, 404))
def get_case(case_id: int) -> Response:
    """Show a case, its versions, and the types that its cells may be given."""
    asking()
    with the_store().at_one_moment() as still:
        case = find_case(still, case_id)
        versions = [version.to_json() for version in list_versions(still, case_id)]
    for version in versions:
        # They stand in the log, which a second reader must not see.
        del version["decisions"], version["entries"], version["figures"]
    return jsonify(case=case.to_json(), versions=versions, cell_types=_types(case), notice=NOTICE)


@blueprint.post("/<int:case_id>/sign")
@takes(blueprint, requests.Signature)
@blueprint.output(schemas.CaseAnswer)
@blueprint.doc(responses=problem_responses(400, 401, 403, 404, 409, 415, 422))
def post_signature(case_id: int) -> Response:
    """Sign a case: from now on it is read-only.

    The ranges, the model's figures and the heatmaps of its report are signed with it.

    Refused with 409 while cells are undecided (`cells` names them), while a critical type that
    the case holds (`critical` of its differential) is not `acknowledged`, and when somebody
    changed the case after `revision` (`changes` are the log's entries since).
    """
    reader = sighted(case_id)
    body = read_json(requests.Signature)
    try:
        case = sign(
            the_store(), at_work(), case_id, body["revision"], reader.name, body["acknowledged"]
        )
    except SettingsError as error:
        raise Problem("unusable", str(error)) from error
    return jsonify(case=case.to_json(), notice=NOTICE)


@blueprint.post("/<int:case_id>/amend")
@takes(blueprint, requests.Amendment)
@blueprint.output(schemas.CaseAnswer)
@blueprint.doc(responses=problem_responses(400, 401, 403, 404, 409, 415, 422))
def post_amendment(case_id: int) -> Response:
    """Open a signed case again as its next version; takes a supervisor and a reason."""
    reader = sighted(case_id, Role.SUPERVISOR)
    body = read_json(requests.Amendment)
    case = amend_case(the_store(), case_id, body["reason"], reader.name)
    return jsonify(case=case.to_json(), notice=NOTICE)


@blueprint.get("/<int:case_id>/log")
@takes(blueprint, requests.PageQuery, "query")
@blueprint.output(Log)
@blueprint.doc(responses=problem_responses(400, 401, 403, 404, 422))
def get_case_log(case_id: int) -> Response:
    """Show who did what in a case, newest first."""
    sighted(case_id)
    query = read_query(requests.PageQuery)
    find_case(the_store(), case_id)
    page = Page(query["limit"], query["offset"])
    entries, total = list_entries(the_store(), case_id, page)
    return jsonify(entries=[entry.to_json() for entry in entries], total=total, notice=NOTICE)


def _types(case: Case) -> list[dict[str, Any]]:
    model: Model = services().model
    by_model, critical = model.manifest.cell_types, critical_types(case)
    return [
        {
            "name": name,
            "display_name": display_name(name),
            "by_model": name in by_model,
            "critical": name in critical,
        }
        for name in cell_types(by_model)
    ]
