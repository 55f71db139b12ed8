"""How far a second reading agrees with the first one and with the model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from apiflask import APIBlueprint
from flask import Response, jsonify

from hemavision.agreement import (
    Agreement,
    compare_readers,
    draw_bland_altman,
    find_limits,
)
from hemavision.casework.second_readers import percents_by_slide
from hemavision.records.reference import display_name
from hemavision.records.results import NOTICE
from hemavision.store import reads
from hemavision.web.api.bodies import read_query, takes
from hemavision.web.api.case_requests import PageQuery
from hemavision.web.api.case_terms import SlidesQuery, known_types
from hemavision.web.api.differential_schemas import ReadAgreement, ReadAgreements, SlideAgreement
from hemavision.web.api.schemas import problem_responses
from hemavision.web.errors import Problem
from hemavision.web.identity import asking, sighted, the_store

blueprint = APIBlueprint("read_agreement", __name__, url_prefix="/api/v1", tag="Second readings")


@blueprint.get("/reads/<int:read_id>/agreement")
@blueprint.output(ReadAgreement)
@blueprint.doc(responses=problem_responses(401, 403, 404, 409))
def get_read_agreement(read_id: int) -> Response:
    """Compare a finished second reading: agreement, Cohen's κ and each type, with intervals."""
    asking()
    read = reads.find_read(the_store(), read_id)
    sighted(read.case_id)
    return jsonify(**_compared(read, reads.list_pairs(the_store(), read_id)), notice=NOTICE)


@blueprint.get("/agreement/reads")
@takes(blueprint, PageQuery, "query")
@blueprint.output(ReadAgreements)
@blueprint.doc(responses=problem_responses(400, 401, 403))
def get_read_agreements() -> Response:
    """Compare every finished second reading of all cases, the last finished first.

    Cases that you are reading a second time are left out.
    """
    reader = asking()
    query = read_query(PageQuery)
    with the_store().at_one_moment() as still:
        found = reads.list_finished(still, reader.name)
        shown = found[query["offset"] : query["offset"] + query["limit"]]
        pairs = reads.list_all_pairs(still, [read for _, read in shown])
    compared = [{"case_name": name, **_compared(read, pairs[read.id])} for name, read in shown]
    return jsonify(reads=compared, total=len(found), notice=NOTICE)


@blueprint.get("/agreement/slides")
@takes(blueprint, SlidesQuery, "query")
@blueprint.output(SlideAgreement)
@blueprint.doc(responses=problem_responses(400, 401, 403, 422))
def get_slide_agreement() -> Response:
    """Compare two readers slide by slide: bias and limits of agreement of a type's percentage.

    Every finished second reading is a slide. `limits` and `plot` (an SVG element) are null before
    there are two.
    """
    reader = asking()
    cell_type = read_query(SlidesQuery)["cell_type"]
    if cell_type not in known_types():
        known = ", ".join(known_types())
        raise Problem("unusable", f"No cell type {cell_type[:80]!r}; there are {known}.")
    with the_store().at_one_moment() as still:
        first, second = percents_by_slide(still, cell_type, reader.name)
    limits = find_limits(first, second) if len(first) > 1 else None
    title = f"{display_name(cell_type)}: first reader − second reader"
    return jsonify(
        cell_type=cell_type,
        slides=len(first),
        limits=limits.to_json() if limits else None,
        plot=draw_bland_altman(limits, title) if limits else None,
        notice=NOTICE,
    )


def _compared(read: reads.Read, pairs: Sequence[reads.Pair]) -> dict[str, Any]:
    first, model = compare_pairs(pairs)
    return {
        "read": read.to_json(),
        "first_reader": first.to_json() if first else None,
        "model": model.to_json(),
    }


def compare_pairs(pairs: Sequence[reads.Pair]) -> tuple[Agreement | None, Agreement]:
    """Return the first reader against the second one, and the model against them.

    The former is None where the first reader has decided on none of the cells.
    """
    known = known_types()
    both = [(pair.first, pair.second) for pair in pairs if pair.first is not None]
    first = None
    if both:
        first = compare_readers([one for one, _ in both], [two for _, two in both], known)
    second = [pair.second for pair in pairs]
    return first, compare_readers([pair.model for pair in pairs], second, known)
