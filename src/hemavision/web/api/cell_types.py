"""GET /api/v1/cell-types."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response, jsonify, request

from hemavision.records.reference import CONTEXT, Profiles, without_range
from hemavision.records.results import NOTICE
from hemavision.web.api.options import query_values
from hemavision.web.api.schemas import CellTypes, problem_responses
from hemavision.web.errors import Problem
from hemavision.web.services import services

blueprint = APIBlueprint("cell_types", __name__, url_prefix="/api/v1", tag="Cell types")


@blueprint.get("/cell-types")
@blueprint.output(CellTypes)
@blueprint.doc(responses=problem_responses(400))
def list_cell_types() -> Response:
    """Reference ranges, functions and clinical significance, each with its source."""
    profiles: Profiles = services().profiles
    values = query_values(request.args, {"profile"})
    wanted = values.get("profile", profiles.own.name)
    if wanted not in profiles.by_name:
        known = ", ".join(sorted(profiles.by_name))
        raise Problem("bad-option", f"No profile {wanted!r}; this server has {known}.")
    profile = profiles.by_name[wanted]
    given = [cell.to_json() for cell in profile.cell_types]
    ranged = {cell.name for cell in profile.cell_types}
    return jsonify(
        profile=profile.name,
        title=profile.title,
        cell_types=[*given, *(without_range(name) for name in CONTEXT if name not in ranged)],
        notice=NOTICE,
    )
