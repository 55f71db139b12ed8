"""How far a second reading agrees with the first one and with the model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Response

from hemavision.agreement import (
    Agreement,
    BlandAltman,
    compare_readers,
    draw_bland_altman,
    find_limits,
)
from hemavision.casework.reporting import percents_by_slide
from hemavision.records.classes import ClassList
from hemavision.records.json_values import Count, Record
from hemavision.records.reference import display_name
from hemavision.records.results import Noticed
from hemavision.store import second_readings
from hemavision.store.cases import find_case
from hemavision.web.api.bodies import read_query
from hemavision.web.api.case_requests import PageQuery, SlidesQuery
from hemavision.web.api.case_terms import known_types
from hemavision.web.api.operations import Api, answer, operation
from hemavision.web.errors import Problem
from hemavision.web.identity import asking, sighted, the_store
from hemavision.words import _

blueprint = Api("read_agreement", "Second readings")


@dataclass(frozen=True)
class ComparedRead(Record):
    """A second reading against the first one and against the model.

    Attributes:
        first_reader: None where the first reader has decided on none of the cells.
    """

    read: second_readings.Read
    first_reader: Agreement | None
    model: Agreement


@dataclass(frozen=True)
class ReadAgreement(ComparedRead, Noticed):
    """One second reading, compared."""


@dataclass(frozen=True)
class ReadOfCase(ComparedRead):
    """One second reading among those of all cases."""

    case_name: str


@dataclass(frozen=True)
class ReadAgreements(Noticed):
    """A page of the finished second readings, the last finished first."""

    reads: list[ReadOfCase]
    total: Count


@dataclass(frozen=True)
class SlideAgreement(Noticed):
    """Two readers compared slide by slide.

    Attributes:
        plot: an SVG element.
    """

    cell_type: str
    slides: Count
    limits: BlandAltman | None
    plot: str | None


@blueprint.get("/reads/<int:read_id>/agreement")
@operation(ReadAgreement, 401, 403, 404, 409)
def get_read_agreement(read_id: int) -> Response:
    """Compare a finished second reading: agreement, Cohen's κ and each type, with intervals."""
    asking()
    read = second_readings.find_read(the_store(), read_id)
    sighted(read.case_id)
    classes = find_case(the_store(), read.case_id).classes
    pairs = second_readings.list_pairs(the_store(), read_id)
    return answer(ReadAgreement(read, *compare_pairs(pairs, classes)))


@blueprint.get("/agreement/reads")
@operation(ReadAgreements, 400, 401, 403, query=PageQuery)
def get_read_agreements() -> Response:
    """Compare every finished second reading of all cases, the last finished first.

    Cases that you are reading a second time are left out.
    """
    reader = asking()
    query = read_query(PageQuery)
    with the_store().at_one_moment() as still:
        found = second_readings.list_finished(still, reader.name)
        shown = found[query.offset : query.offset + query.limit]
        pairs = second_readings.list_all_pairs(still, [one.read for one in shown])
    compared = [
        ReadOfCase(one.read, *compare_pairs(pairs[one.read.id], one.classes), one.case_name)
        for one in shown
    ]
    return answer(ReadAgreements(compared, len(found)))


@blueprint.get("/agreement/slides")
@operation(SlideAgreement, 400, 401, 403, 422, query=SlidesQuery)
def get_slide_agreement() -> Response:
    """Compare two readers slide by slide: bias and limits of agreement of a type's percentage.

    Every finished second reading is a slide. `limits` and `plot` (an SVG element) are null before
    there are two.
    """
    reader = asking()
    cell_type = read_query(SlidesQuery).cell_type
    if cell_type not in known_types():
        known = ", ".join(known_types())
        raise Problem("unusable", f"No cell type {cell_type[:80]!r}; there are {known}.")
    with the_store().at_one_moment() as still:
        first, second = percents_by_slide(still, cell_type, reader.name)
    limits = find_limits(first, second) if len(first) > 1 else None
    title = _("{type}: first reader − second reader", type=display_name(cell_type))
    plot = draw_bland_altman(limits, title) if limits else None
    return answer(SlideAgreement(cell_type, len(first), limits, plot))


def compare_pairs(
    pairs: Sequence[second_readings.Pair], classes: ClassList
) -> tuple[Agreement | None, Agreement]:
    """Return the first reader against the second one, and the model against them.

    The former is None where the first reader has decided on none of the cells. The model is held
    against its own types: a class that is part of one counts as that one.
    """
    known = known_types(classes)
    both = [(pair.first, pair.second) for pair in pairs if pair.first is not None]
    first = None
    if both:
        first = compare_readers([one for one, _ in both], [two for _, two in both], known)
    second = [classes.type_of(pair.second) for pair in pairs]
    return first, compare_readers([pair.model for pair in pairs], second, known)
