"""A case's differential: every number that the workbench shows is made here, none in the page."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Response

from hemavision.casework.entered import analyser_of, terms_of
from hemavision.casework.grounds import Grounds
from hemavision.differential import (
    Comparison,
    Corrected,
    Differential,
    compare,
    correct,
    find_differential,
)
from hemavision.differential.counting import TARGETS
from hemavision.errors import SettingsError
from hemavision.records.critical import Critical
from hemavision.records.json_values import Count
from hemavision.records.results import Noticed
from hemavision.report.findings import PROVISIONAL, aside_words
from hemavision.store.cases import find_case
from hemavision.store.cells import Tally, tally
from hemavision.store.records import Case, Entries, State
from hemavision.web.api.bodies import read_query
from hemavision.web.api.case_requests import CountQuery
from hemavision.web.api.case_terms import grounds_of, profiles
from hemavision.web.api.operations import Api, answer, operation
from hemavision.web.errors import Problem
from hemavision.web.identity import sighted, the_store

blueprint = Api("case_differential", "Differential")


@dataclass(frozen=True)
class ProfileName:
    """Reference ranges that this server has."""

    name: str
    title: str


@dataclass(frozen=True)
class CaseDifferential(Noticed):
    """A case, counted.

    Attributes:
        words: what is to be said beside the shares, as the report says it.
        uncounted: cells that a signature may leave undecided, because readers have decided on as
            many white cells as they aimed at; of a signed case, those that it left.
        no_estimate: why an estimate that the entries ask for cannot be had.
    """

    differential: Differential
    comparison: Comparison | None
    estimate: Corrected | None
    no_estimate: str | None
    words: list[str]
    critical: list[Critical]
    uncounted: Count
    cells: Tally
    entries: Entries
    suggestions: bool
    profile: str | None
    profiles: list[ProfileName]
    targets: tuple[int, ...]
    revision: Count


@blueprint.get("/cases/<int:case_id>/differential")
@operation(CaseDifferential, 400, 401, 403, 404, 422, query=CountQuery)
def get_differential(case_id: int) -> Response:
    """Count a case: shares with exact intervals, flags, absolute counts, an analyser beside it.

    Counts what readers decided; with `suggestions` also the model's word where nobody has yet:
    such shares are provisional, and read against no range. A signed case counts what was signed.
    What is unfamiliar to the model is never counted before a person decides. `cells` says how
    many of each type are decided and how many only suggested, `critical` which types readers
    decided on, or the count left out, must not be overlooked. Read against what was entered for
    the case; `estimate` is there where those ask for it.
    """
    sighted(case_id)
    query = read_query(CountQuery)
    with the_store().at_one_moment() as still:
        case, cells = find_case(still, case_id), tally(still, case_id)
        grounds, analyser = grounds_of(still, case), analyser_of(case.entries)
    # Nothing is called high that nobody has looked at.
    signed = case.state is State.SIGNED
    suggests = query.suggestions and not signed
    provisional = suggests and cells.is_provisional
    terms = terms_of(case.entries, None if provisional else grounds.profile, case.classes)
    counts = cells.counts(grounds.types, with_suggestions=suggests)
    try:
        found = find_differential(counts, terms)
        comparison = None
        if analyser and found.total:
            comparison = compare(counts, analyser, classes=case.classes)
    except SettingsError as error:
        raise Problem("unusable", str(error)) from error
    estimate, why_not = _estimate(case, grounds)
    return answer(
        CaseDifferential(
            differential=found,
            comparison=comparison,
            estimate=estimate,
            no_estimate=why_not,
            words=[PROVISIONAL] * provisional + aside_words(found, signed=signed),
            critical=grounds.critical(cells, case.entries.target),
            uncounted=sum(cells.rest(case.classes, case.entries.target).values()),
            cells=cells,
            suggestions=query.suggestions,
            entries=case.entries,
            profile=grounds.profile.name if grounds.profile else None,
            profiles=_choice(grounds),
            targets=TARGETS,
            revision=case.revision,
        )
    )


def _choice(grounds: Grounds) -> list[ProfileName]:
    """Return the ranges to choose among; those that were signed may be no longer there."""
    found = dict(profiles().by_name)
    if grounds.profile:
        found[grounds.profile.name] = grounds.profile
    return [ProfileName(profile.name, profile.title) for profile in found.values()]


def _estimate(case: Case, grounds: Grounds) -> tuple[Corrected | None, str | None]:
    """Return the estimate behind the model's calls if it is wanted, or why it cannot be had."""
    if not case.entries.estimate or grounds.calls is None:
        return None, grounds.no_estimate or None
    return correct(grounds.calls.counts, grounds.calls.confusion), None
