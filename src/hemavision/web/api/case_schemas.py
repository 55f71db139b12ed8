"""The shapes of what the cases' endpoints give."""

from __future__ import annotations

from typing import Any

from apiflask import Schema
from marshmallow import fields
from marshmallow.validate import Equal, OneOf, Range

from hemavision.casework.importing import Result
from hemavision.records.results import NOTICE, Status
from hemavision.store.reads import ReadState
from hemavision.store.records import ImageKind, State
from hemavision.web.api.schemas import SHA256, Box, ModelReference, Prediction

_STATUSES = [status.value for status in Status]


def _notice() -> fields.String:
    return fields.String(required=True, validate=Equal(NOTICE), metadata={"enum": [NOTICE]})


def _digest(**options: Any) -> fields.String:
    return fields.String(required=True, metadata={"pattern": SHA256}, **options)


def _count(**options: Any) -> fields.Integer:
    return fields.Integer(required=True, validate=Range(min=0), **options)


def _name(**options: Any) -> fields.String:
    return fields.String(required=True, **options)


def _time(**options: Any) -> fields.String:
    return fields.String(required=True, metadata={"format": "date-time"}, **options)


def _adder() -> fields.String:
    words = "Who added it by hand; null where it was found in its image."
    return _name(allow_none=True, metadata={"description": words})


class CaseCounts(Schema):
    """A case's cells."""

    cells = _count()
    decided = _count()
    undecided = fields.Dict(
        keys=fields.String(validate=OneOf(_STATUSES)),
        values=fields.Integer(validate=Range(min=0)),
        required=True,
        metadata={"description": "Undecided cells by the status of the suggestion."},
    )


class CaseRecord(Schema):
    """A case."""

    id = _count()
    name = _name()
    slide = _name()
    state = _name(validate=OneOf([state.value for state in State]))
    version = _count()
    revision = _count()
    created_at = _time()
    created_by = _name()
    updated_at = _time()
    updated_by = _name()
    images = _count()
    counts = fields.Nested(CaseCounts, required=True)


class CaseVersion(Schema):
    """One round of a case, from opening to signature."""

    version = _count()
    opened_at = _time()
    opened_by = _name()
    reason = _name()
    signed_at = _time(allow_none=True)
    signed_by = _name(allow_none=True)


class CaseType(Schema):
    """A type that a cell of this case may be given."""

    name = _name()
    display_name = _name()
    by_model = fields.Boolean(
        required=True, metadata={"description": "Whether the model at work can suggest it."}
    )
    critical = fields.Boolean(
        required=True, metadata={"description": "Whether its cells must not be overlooked."}
    )


class CaseDetail(Schema):
    """A case with what is needed to read it."""

    case = fields.Nested(CaseRecord, required=True)
    versions = fields.List(fields.Nested(CaseVersion), required=True)
    cell_types = fields.List(fields.Nested(CaseType), required=True)
    notice = _notice()


class Cases(Schema):
    """A page of the cases, last changed first."""

    cases = fields.List(fields.Nested(CaseRecord), required=True)
    total = _count()
    notice = _notice()


class CaseAnswer(Schema):
    """A case as it is now."""

    case = fields.Nested(CaseRecord, required=True)
    notice = _notice()


class ImportOutcome(Schema):
    """What became of one file."""

    name = _name()
    result = _name(validate=OneOf([result.value for result in Result]))
    cells = _count()
    same_as = _name(allow_none=True)
    also_in = fields.List(
        fields.Integer(),
        required=True,
        metadata={"description": "Other cases that hold the same file."},
    )
    error = _name(allow_none=True)


class Imported(Schema):
    """What became of each file, and the case after it."""

    results = fields.List(fields.Nested(ImportOutcome), required=True)
    case = fields.Nested(CaseRecord, required=True)
    notice = _notice()


class CaseImage(Schema):
    """An image of a case."""

    id = _count()
    case_id = _count()
    name = _name()
    sha256 = _digest()
    kind = _name(validate=OneOf([kind.value for kind in ImageKind]))
    width = _count()
    height = _count()
    notes = fields.List(fields.String(), required=True)
    others = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    cells = _count()
    model = fields.Nested(ModelReference, required=True)
    added_at = _time()
    added_by = _name()


class CaseImages(Schema):
    """A case's images, in the order in which they came."""

    images = fields.List(fields.Nested(CaseImage), required=True)
    notice = _notice()


class OtherFound(Schema):
    """Something in a field that nobody decides on."""

    kind = _name()
    box = fields.Nested(Box, required=True)
    score = fields.Float(required=True, validate=Range(0, 1))


class OthersFound(Schema):
    """What else was found in a field: red cells, platelets, white cells that the border cuts."""

    others = fields.List(fields.Nested(OtherFound), required=True)
    notice = _notice()


class Suggestion(Schema):
    """What the model said, in short."""

    cell_type = _name()
    confidence = fields.Float(required=True, validate=Range(0, 1))
    probabilities = fields.Dict(
        keys=fields.String(), values=fields.Float(validate=Range(0, 1)), required=True
    )
    status = _name(validate=OneOf(_STATUSES))
    novelty = fields.Float(required=True, validate=Range(min=0))
    looked_elsewhere = fields.Boolean(required=True)
    foreign_colours = fields.Boolean(required=True)
    seen = _name(allow_none=True)


class CellDecision(Schema):
    """What a person said."""

    decided_type = _name(allow_none=True)
    decided_by = _name(allow_none=True)
    decided_at = _time(allow_none=True)
    revision = _count()


class CellSummary(CellDecision):
    """A cell of a case, as a gallery needs it."""

    id = _count()
    image_id = _count()
    box = fields.Nested(Box, required=True)
    suggestion = fields.Nested(Suggestion, required=True)
    added_by = _adder()


class CaseCells(Schema):
    """A page of a case's cells: unfamiliar ones first, then by rising confidence."""

    cells = fields.List(fields.Nested(CellSummary), required=True)
    total = _count()
    notice = _notice()


class CellRecord(CellDecision):
    """A cell with all that the model said."""

    id = _count()
    case_id = _count()
    image_id = _count()
    box = fields.Nested(Box, required=True)
    suggestion = fields.Nested(Prediction, required=True)
    added_by = _adder()


class CellAnswer(Schema):
    """One cell."""

    cell = fields.Nested(CellRecord, required=True)
    notice = _notice()


class AddedCell(Schema):
    """The new cell, and the case after it."""

    cell = fields.Nested(CellSummary, required=True)
    case = fields.Nested(CaseRecord, required=True)
    notice = _notice()


class TypeCount(Schema):
    """Cells of one type."""

    decided = _count()
    suggested = _count()


class TypeCounts(Schema):
    """A case's cells by type."""

    counts = fields.Dict(keys=fields.String(), values=fields.Nested(TypeCount), required=True)
    notice = _notice()


class CutCell(Schema):
    """A white cell that the border of its field cuts, and that is in no count."""

    image_id = _count()
    box = fields.Nested(Box, required=True)
    score = fields.Float(required=True, validate=Range(0, 1))


class CutCells(Schema):
    """What the borders cut."""

    cut = fields.List(fields.Nested(CutCell), required=True)
    notice = _notice()


class LeftUndecided(Schema):
    """Cells that several decisions at once leave as they are."""

    unseen = fields.List(fields.Integer(), required=True)
    doubtful = fields.List(fields.Integer(), required=True)


class Decided(Schema):
    """The named cells and the case after a change."""

    batch = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "Name it to undo; null where nothing had to change."},
    )
    cells = fields.List(fields.Nested(CellSummary), required=True)
    case = fields.Nested(CaseRecord, required=True)
    left_out = fields.Nested(LeftUndecided, required=True)
    notice = _notice()


class SecondRead(Schema):
    """A second reading."""

    id = _count()
    case_id = _count()
    version = _count()
    reader = _name()
    state = _name(validate=OneOf([state.value for state in ReadState]))
    seed = _count()
    opened_at = _time()
    closed_at = _time(allow_none=True)
    closed_version = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "Of the case when the reading was finished; null until then."},
    )
    cells = _count()
    decided = _count()


class ReadAnswer(Schema):
    """A second reading as it is now."""

    read = fields.Nested(SecondRead, required=True)
    notice = _notice()


class Reads(Schema):
    """A case's second readings, the first one first."""

    reads = fields.List(fields.Nested(SecondRead), required=True)
    notice = _notice()


class BlindCell(Schema):
    """A cell as a second reader sees it: neither the first reader's word nor the model's."""

    id = _count()
    image_id = _count()
    box = fields.Nested(Box, required=True)
    decided_type = _name(allow_none=True)
    revision = _count()


class BlindCells(Schema):
    """A page of what there is to read, in the reading's own order."""

    cells = fields.List(fields.Nested(BlindCell), required=True)
    total = _count()
    notice = _notice()


class BlindDecided(Schema):
    """The named cells after a second reader's decisions."""

    cells = fields.List(fields.Nested(BlindCell), required=True)
    total = _count()
    left_out = fields.Nested(LeftUndecided, required=True)
    notice = _notice()


class Pair(Schema):
    """What both readers and the model say of one cell."""

    cell_id = _count()
    first = _name(allow_none=True)
    second = _name()
    model = _name()
    status = _name(validate=OneOf(_STATUSES))


class Pairs(Schema):
    """A finished second reading beside the first one and the model."""

    read = fields.Nested(SecondRead, required=True)
    pairs = fields.List(fields.Nested(Pair), required=True)
    notice = _notice()
