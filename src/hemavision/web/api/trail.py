"""What the store proves and shows over time: the log's soundness, model against readers."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint
from flask import Response, jsonify

from hemavision.differential import clopper_pearson
from hemavision.records.results import NOTICE
from hemavision.store.agreement import Agreement, model_against_readers
from hemavision.store.cases import find_case
from hemavision.store.readers import Role
from hemavision.store.verification import verify
from hemavision.web.api import case_requests as requests
from hemavision.web.api.bodies import read_query, takes
from hemavision.web.api.schemas import problem_responses
from hemavision.web.api.trail_schemas import Agreements, Verdict
from hemavision.web.identity import asking, sighted, the_store

blueprint = APIBlueprint("trail", __name__, url_prefix="/api/v1", tag="Audit")


@blueprint.get("/verify")
@takes(blueprint, requests.VerifyQuery, "query")
@blueprint.output(Verdict)
@blueprint.doc(responses=problem_responses(400, 401, 403, 422))
def get_verdict() -> Response:
    """Prove the log: whole, unchanged, and the cases are as it says. Takes a supervisor.

    `expect`: a `head` that was noted earlier; it must still be in the log. Image files are
    checked by `hemavision cases verify`, which reads each.
    """
    asking(Role.SUPERVISOR)
    query = read_query(requests.VerifyQuery)
    verdict = verify(the_store(), query.get("expect"), deep=False)
    return jsonify(**verdict.to_json(), notice=NOTICE)


@blueprint.get("/agreement")
@takes(blueprint, requests.AgreementQuery, "query")
@blueprint.output(Agreements)
@blueprint.doc(responses=problem_responses(400, 401, 403, 404, 422))
def get_agreement() -> Response:
    """How often readers kept what the model suggested, by `period`; of one `case` or all.

    Intervals are exact. Cases that you are reading a second time are left out.
    """
    reader = asking()
    query = read_query(requests.AgreementQuery)
    case_id = query.get("case")
    if case_id is not None:
        find_case(the_store(), case_id)
        sighted(case_id)
    found = model_against_readers(the_store(), query["period"], case_id, reader.name)
    return jsonify(periods=[_with_intervals(part) for part in found], notice=NOTICE)


def _with_intervals(part: Agreement) -> dict[str, Any]:
    by_status = {status: _share(*counts) for status, counts in part.by_status.items()}
    return part.to_json() | _share(part.decided, part.agreed) | {"by_status": by_status}


def _share(decided: int, agreed: int) -> dict[str, Any]:
    interval = clopper_pearson(agreed, decided)
    return {"decided": decided, "agreed": agreed, "interval": list(interval)}
