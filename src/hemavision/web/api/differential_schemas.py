"""The shapes of a case's differential and of two readers' agreement."""

from __future__ import annotations

from typing import Any

from apiflask import Schema
from marshmallow import fields
from marshmallow.validate import Equal, Length, OneOf, Range

from hemavision.differential import Flag
from hemavision.records.results import NOTICE
from hemavision.web.api.case_entries import EntriesRecord
from hemavision.web.api.case_schemas import SecondRead

_FLAGS = [flag.value for flag in Flag]


def _notice() -> fields.String:
    return fields.String(required=True, validate=Equal(NOTICE), metadata={"enum": [NOTICE]})


def _count(*, allow_none: bool = False) -> fields.Integer:
    return fields.Integer(required=True, allow_none=allow_none, validate=Range(min=0))


def _number(**options: Any) -> fields.Float:
    return fields.Float(required=True, **options)


def _name(**options: Any) -> fields.String:
    return fields.String(required=True, **options)


def _interval(*, allow_none: bool = False) -> fields.List[Any]:
    return fields.List(
        fields.Float(), required=True, allow_none=allow_none, validate=Length(equal=2)
    )


def _counts(what: str) -> fields.Dict:
    return fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        required=True,
        metadata={"description": what},
    )


class AbsoluteCount(Schema):
    """A type's count in blood, 10⁹/L, with the interval of its share."""

    value = _number()
    low = _number()
    high = _number()
    reference = _interval(allow_none=True)
    flag = _name(validate=OneOf(_FLAGS))


class DifferentialShare(Schema):
    """One white cell type, percent of the white cells, with its exact interval."""

    cell_type = _name()
    count = _count()
    percent = _number()
    low = _number()
    high = _number()
    reference = _interval(allow_none=True)
    flag = _name(
        validate=OneOf(_FLAGS),
        metadata={
            "description": "`high` and `low` only where the whole interval lies outside the "
            "reference range, `possibly_…` where it reaches into it."
        },
    )
    more_cells = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "White cells to count in addition until a flag is settled."},
    )
    absolute = fields.Nested(AbsoluteCount, required=True, allow_none=True)


class NucleatedRed(Schema):
    """Nucleated red cells for each hundred white ones."""

    count = _count()
    value = _number()
    low = _number()
    high = _number()


class WhiteCellCount(Schema):
    """The total white cell count, 10⁹/L."""

    entered = _number()
    value = _number()
    corrected = fields.Boolean(required=True)


class DifferentialRecord(Schema):
    """What was counted."""

    total = _count()
    shares = fields.List(fields.Nested(DifferentialShare), required=True)
    target = _count()
    missing = _count()
    nucleated_red = fields.Nested(NucleatedRed, required=True, allow_none=True)
    white_cells = fields.Nested(WhiteCellCount, required=True, allow_none=True)
    left_out = _counts("Counted, but no white cells: type → cells.")
    undecided = _count()
    level = _number()


class ComparedClass(Schema):
    """One class by the slide and by the analyser."""

    cell_type = _name()
    includes = fields.List(fields.String(), required=True)
    count = _count()
    percent = _number()
    low = _number()
    high = _number()
    analyser_percent = _number()
    p_value = _number()
    adjusted = _number(metadata={"description": "The p-value adjusted by Holm."})
    disagrees = fields.Boolean(required=True)


class AnalyserComparison(Schema):
    """A slide beside an analyser."""

    shares = fields.List(fields.Nested(ComparedClass), required=True)
    method = _name()
    not_compared = fields.List(fields.String(), required=True)
    total = _count()
    analyser = _name()
    disagreeing = fields.List(fields.String(), required=True)


class CountedCells(Schema):
    """A case's cells by who named them."""

    decided = _counts("Type → cells that a reader called so.")
    suggested = _counts("Type → undecided cells that the model called so, none unfamiliar.")
    unfamiliar = _count()


class EstimatedShare(Schema):
    """One type's share of the white cells, percent: as the model called it, and as estimated."""

    cell_type = _name()
    called = _number()
    percent = _number()
    low = _number()
    high = _number()


class Estimate(Schema):
    """The differential behind the model's calls: an estimate, no count."""

    shares = fields.List(fields.Nested(EstimatedShare), required=True)
    protocol = _name(metadata={"description": "What the confusions were validated on."})
    unvalidated = fields.List(fields.String(), required=True)
    method = _name()
    level = _number()
    estimate = fields.Boolean(required=True, validate=Equal(True))


class ProfileName(Schema):
    """Reference ranges that this server has."""

    name = _name()
    title = _name()


class CriticalCells(Schema):
    """A type of which the case holds a critical number."""

    cell_type = _name()
    count = _count()
    per_100 = fields.Float(
        required=True,
        allow_none=True,
        metadata={"description": "For each 100 white cells; null where there is none."},
    )
    above = fields.Float(
        required=True,
        metadata={"description": "More than this for each 100 white cells is critical; 0: any."},
    )
    source = _name()


class CaseDifferential(Schema):
    """A case, counted."""

    differential = fields.Nested(DifferentialRecord, required=True)
    comparison = fields.Nested(AnalyserComparison, required=True, allow_none=True)
    estimate = fields.Nested(Estimate, required=True, allow_none=True)
    no_estimate = _name(
        allow_none=True,
        metadata={"description": "Why an estimate that the entries ask for cannot be had."},
    )
    critical = fields.List(fields.Nested(CriticalCells), required=True)
    cells = fields.Nested(CountedCells, required=True)
    entries = fields.Nested(EntriesRecord, required=True)
    suggestions = fields.Boolean(required=True)
    profile = _name(allow_none=True)
    profiles = fields.List(fields.Nested(ProfileName), required=True)
    targets = fields.List(fields.Integer(), required=True)
    revision = _count()
    notice = _notice()


class KappaValue(Schema):
    """Cohen's kappa with its interval."""

    value = _number()
    low = _number()
    high = _number()
    by_chance = _number()
    method = _name()


class TypeAgreementRecord(Schema):
    """One type by two readers."""

    cell_type = _name()
    both = _count()
    first_only = _count()
    second_only = _count()
    neither = _count()
    positive_agreement = fields.Float(required=True, allow_none=True)
    interval = _interval(allow_none=True)


class AgreementRecord(Schema):
    """Two readings of the same cells."""

    n_cells = _count()
    same = _count()
    agreement = _number()
    interval = _interval()
    kappa = fields.Nested(KappaValue, required=True, allow_none=True)
    cell_types = fields.List(fields.String(), required=True)
    confusion = fields.List(fields.List(fields.Integer()), required=True)
    types = fields.List(fields.Nested(TypeAgreementRecord), required=True)
    level = _number()


class ComparedRead(Schema):
    """A second reading against the first one and against the model."""

    read = fields.Nested(SecondRead, required=True)
    first_reader = fields.Nested(
        AgreementRecord,
        required=True,
        allow_none=True,
        metadata={"description": "Null where the first reader has decided on none of the cells."},
    )
    model = fields.Nested(AgreementRecord, required=True)


class ReadAgreement(ComparedRead):
    """One second reading, compared."""

    notice = _notice()


class ReadOfCase(ComparedRead):
    """One second reading among those of all cases."""

    case_name = _name()


class ReadAgreements(Schema):
    """A page of the finished second readings, the last finished first."""

    reads = fields.List(fields.Nested(ReadOfCase), required=True)
    total = _count()
    notice = _notice()


class LimitsOfAgreement(Schema):
    """Bland and Altman's limits, percent of the white cells; first reader minus second."""

    points = fields.List(_interval(), required=True)
    bias = _number()
    bias_interval = _interval()
    deviation = _number()
    lower = _number()
    upper = _number()
    lower_interval = _interval()
    upper_interval = _interval()
    level = _number()


class SlideAgreement(Schema):
    """Two readers compared slide by slide."""

    cell_type = _name()
    slides = _count()
    limits = fields.Nested(LimitsOfAgreement, required=True, allow_none=True)
    plot = _name(allow_none=True, metadata={"description": "An SVG element."})
    notice = _notice()
