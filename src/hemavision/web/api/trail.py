"""What the store proves and shows over time: the log's soundness, model against readers."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Response

from hemavision.differential import clopper_pearson
from hemavision.records.json_values import Count, Record, Sha256, Share
from hemavision.records.results import Noticed
from hemavision.store import agreement
from hemavision.store.cases import find_case
from hemavision.store.readers import Role
from hemavision.store.verification import Verdict, verify
from hemavision.web.api import case_requests as requests
from hemavision.web.api.bodies import read_query
from hemavision.web.api.operations import Api, answer, operation
from hemavision.web.identity import asking, sighted, the_store

blueprint = Api("trail", "Audit")


@dataclass(frozen=True)
class LogVerdict(Verdict, Noticed):
    """Whether the log is whole and unchanged, and the cases are as it says."""


@dataclass(frozen=True)
class Agreed(Record):
    """Cells that a reader decided on, and of them those that the model had called the same.

    Attributes:
        interval: of the share agreed, exact (Clopper-Pearson), 95%.
    """

    decided: Count
    agreed: Count
    interval: tuple[Share, Share]

    @classmethod
    def of(cls, decided: int, agreed: int) -> Agreed:
        """Return the counts with their interval."""
        return cls(decided, agreed, clopper_pearson(agreed, decided))


@dataclass(frozen=True)
class PeriodAgreement(Agreed):
    """One model's suggestions of one period, against what readers decided.

    Attributes:
        by_status: the same by the status of the suggestion.
        confusion: the reader's type → the model's type → cells.
    """

    period: str
    model_name: str
    model_sha256: Sha256
    by_status: dict[str, Agreed]
    confusion: dict[str, dict[str, int]]


@dataclass(frozen=True)
class Agreements(Noticed):
    """The model against the readers, the oldest period first."""

    periods: list[PeriodAgreement]


@blueprint.get("/verify")
@operation(LogVerdict, 400, 401, 403, 422, query=requests.VerifyQuery)
def get_verdict() -> Response:
    """Prove the log: whole, unchanged, and the cases are as it says. Takes a supervisor.

    `expect`: a `head` that was noted earlier; it must still be in the log. Image files are
    checked by `hemavision cases verify`, which reads each.
    """
    asking(Role.SUPERVISOR)
    query = read_query(requests.VerifyQuery)
    return answer(LogVerdict(**vars(verify(the_store(), query.expect, deep=False))))


@blueprint.get("/agreement")
@operation(Agreements, 400, 401, 403, 404, 422, query=requests.AgreementQuery)
def get_agreement() -> Response:
    """How often readers kept what the model suggested, by `period`; of one `case` or all.

    Intervals are exact. Cases that you are reading a second time are left out.
    """
    reader = asking()
    query = read_query(requests.AgreementQuery)
    case_id = query.case
    if case_id is not None:
        find_case(the_store(), case_id)
        sighted(case_id)
    store = the_store()
    found = agreement.model_against_readers(store, query.period, case_id, reader.name)
    return answer(Agreements([_with_intervals(part) for part in found]))


def _with_intervals(part: agreement.Agreement) -> PeriodAgreement:
    values = vars(part) | {"interval": clopper_pearson(part.agreed, part.decided)}
    by_status = {status: Agreed.of(*counts) for status, counts in part.by_status.items()}
    return PeriodAgreement(**values | {"by_status": by_status})
