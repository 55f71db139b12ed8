"""How far a second reading agrees with the first one and with the model."""

from __future__ import annotations

from collections.abc import Sequence

from apiflask import APIBlueprint
from flask import Response, jsonify

from hemavision.agreement import Agreement, compare_readers
from hemavision.results import NOTICE
from hemavision.store import reads
from hemavision.web.api.case_terms import known_types
from hemavision.web.api.differential_schemas import ReadAgreement
from hemavision.web.api.schemas import problem_responses
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
    first, model = compare_pairs(reads.list_pairs(the_store(), read_id))
    return jsonify(
        read=read.to_json(),
        first_reader=first.to_json() if first else None,
        model=model.to_json(),
        notice=NOTICE,
    )


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
