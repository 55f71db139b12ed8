"""Cases: list, make, show, sign, open again."""

from __future__ import annotations

from dataclasses import dataclass, fields

from flask import Response

from hemavision.casework.signing import Signature, sign
from hemavision.errors import SettingsError
from hemavision.records.classes import CellClass
from hemavision.records.json_values import Count, Record, Time
from hemavision.records.reference import display_name
from hemavision.records.results import Noticed
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
from hemavision.store.records import Case, Entry, Page, Version
from hemavision.web.api import case_requests as requests
from hemavision.web.api.bodies import read_json, read_key, read_query
from hemavision.web.api.case_terms import at_work, critical_types
from hemavision.web.api.operations import Api, answer, operation, takes_key
from hemavision.web.errors import Problem
from hemavision.web.identity import asking, sighted, the_store
from hemavision.web.services import services

blueprint = Api("cases", "Cases")


@dataclass(frozen=True)
class Cases(Noticed):
    """A page of the cases, last changed first."""

    cases: list[Case]
    total: Count


@dataclass(frozen=True)
class CaseAnswer(Noticed):
    """A case as it is now."""

    case: Case


@dataclass(frozen=True)
class CaseVersion(Record):
    """One round of a case, from opening to signature.

    What was decided and entered stands in the log, which a second reader must not see.
    """

    version: Count
    opened_at: Time
    opened_by: str
    reason: str
    signed_at: Time | None
    signed_by: str | None

    @classmethod
    def of(cls, version: Version) -> CaseVersion:
        """Return what anybody may know of a version."""
        return cls(**{each.name: getattr(version, each.name) for each in fields(cls)})


@dataclass(frozen=True, kw_only=True)
class CaseType(CellClass):
    """A class that a cell of this case may be given.

    Attributes:
        display_name: for people.
        by_model: whether the model at work can suggest it.
        critical: whether its cells must not be overlooked.
    """

    display_name: str
    by_model: bool
    critical: bool


@dataclass(frozen=True)
class CaseDetail(Noticed):
    """A case with what is needed to read it.

    Attributes:
        cell_types: what its cells may be called, in the order of the bins.
        class_list: the title of the list that it was made with.
    """

    case: Case
    versions: list[CaseVersion]
    cell_types: list[CaseType]
    class_list: str


@dataclass(frozen=True)
class Log(Noticed):
    """A page of the log, newest first."""

    entries: list[Entry]
    total: Count


@blueprint.get("/cases")
@operation(Cases, 400, 401, 403, 422, query=requests.CasesQuery)
def get_cases() -> Response:
    """List the cases, last changed first.

    `search`: words that all stand in the name or the slide.
    """
    asking()
    query = read_query(requests.CasesQuery)
    page = Page(query.limit, query.offset)
    found, total = list_cases(the_store(), Search(query.search, query.state), page)
    return answer(Cases(found, total))


@blueprint.post("/cases")
@operation(
    CaseAnswer, 400, 401, 403, 409, 415, 422, body=requests.NewCase, status=201, more=takes_key
)
def post_case() -> Response:
    """Make an empty case."""
    reader = asking()
    body = read_json(requests.NewCase)
    of = services().classes
    case = create_case(the_store(), body.name, body.slide, reader.name, of, read_key())
    response = answer(CaseAnswer(case), 201)
    response.headers["Location"] = f"/api/v1/cases/{case.id}"
    return response


@blueprint.get("/cases/<int:case_id>")
@operation(CaseDetail, 401, 403, 404)
def get_case(case_id: int) -> Response:
    """Show a case, its versions, and the types that its cells may be given."""
    asking()
    with the_store().at_one_moment() as still:
        case = find_case(still, case_id)
        versions = [CaseVersion.of(version) for version in list_versions(still, case_id)]
    return answer(CaseDetail(case, versions, _types(case), case.classes.title))


@blueprint.post("/cases/<int:case_id>/sign")
@operation(CaseAnswer, 400, 401, 403, 404, 409, 415, 422, body=requests.Signature, more=takes_key)
def post_signature(case_id: int) -> Response:
    """Sign a case: from now on it is read-only.

    The ranges, the model's figures and the heatmaps of its report are signed with it.

    Refused with 409 while cells are undecided (`cells` names them; with `uncounted` those are left
    out of which the count has no need, `uncounted` of its differential), while a critical type that
    the case holds (`critical` of its differential) is not `acknowledged`, and when somebody
    changed the case after `revision` (`changes` are the log's entries since).
    """
    reader = sighted(case_id)
    body = read_json(requests.Signature)
    try:
        wish = Signature(
            body.revision, reader.name, body.acknowledged, body.uncounted, key=read_key()
        )
        case = sign(the_store(), at_work(), case_id, wish)
    except SettingsError as error:
        raise Problem("unusable", str(error)) from error
    return answer(CaseAnswer(case))


@blueprint.post("/cases/<int:case_id>/amend")
@operation(CaseAnswer, 400, 401, 403, 404, 409, 415, 422, body=requests.Amendment)
def post_amendment(case_id: int) -> Response:
    """Open a signed case again as its next version; takes a supervisor and a reason."""
    reader = sighted(case_id, Role.SUPERVISOR)
    body = read_json(requests.Amendment)
    return answer(CaseAnswer(amend_case(the_store(), case_id, body.reason, reader.name)))


@blueprint.get("/cases/<int:case_id>/log")
@operation(Log, 400, 401, 403, 404, 422, query=requests.PageQuery)
def get_case_log(case_id: int) -> Response:
    """Show who did what in a case, newest first."""
    sighted(case_id)
    query = read_query(requests.PageQuery)
    find_case(the_store(), case_id)
    found, total = list_entries(the_store(), case_id, Page(query.limit, query.offset))
    return answer(Log(found, total))


def _types(case: Case) -> list[CaseType]:
    by_model, critical = services().model.manifest.cell_types, critical_types(case)
    return [
        CaseType(
            **vars(one),
            display_name=display_name(one.name),
            by_model=one.name in by_model,
            critical=one.name in critical,
        )
        for one in case.classes.with_types(by_model)
    ]
