"""The shapes of what the cases' endpoints take."""

from __future__ import annotations

from typing import Any

from marshmallow import fields
from marshmallow.validate import Length, OneOf, Range

from hemavision.casework.thumbnails import THUMBNAIL_PX
from hemavision.reading.explaining.overlay import OPACITY
from hemavision.records.results import Status
from hemavision.store.agreement import PERIODS
from hemavision.store.cells import MOST_CHANGES
from hemavision.store.readers import SHORTEST_PASSWORD, Role
from hemavision.store.records import State
from hemavision.web.api.bodies import Body, Flag, Whole
from hemavision.web.kept import LARGEST

_STATUSES = [status.value for status in Status]
_ROLES = [role.value for role in Role]


def _text(longest: int, **options: Any) -> fields.String:
    return fields.String(validate=Length(1, longest), **options)


def _number(**options: Any) -> Whole:
    return Whole(validate=Range(0, LARGEST), **options)


class PageQuery(Body):
    """Which part of a list."""

    limit = Whole(validate=Range(1, 1000), load_default=100)
    offset = _number(load_default=0)


class CasesQuery(PageQuery):
    """Which cases."""

    search = fields.String(load_default="", validate=Length(max=200))
    state = fields.String(validate=OneOf([state.value for state in State]))


class NewCase(Body):
    """A case to be made."""

    name = _text(200, required=True)
    slide = fields.String(load_default="", validate=Length(max=200))


class CellsQuery(PageQuery):
    """Which cells."""

    cell_type = _text(80)
    status = fields.String(validate=OneOf(_STATUSES))
    decided = Flag()
    image = _number()


class CellBox(Body):
    """A box around a cell, in pixels of its image; right and bottom are exclusive."""

    left = _number(required=True)
    top = _number(required=True)
    right = _number(required=True)
    bottom = _number(required=True)


class NewCell(Body):
    """A white cell that nobody had found."""

    box = fields.Nested(CellBox, required=True)


class CellChange(Body):
    """A decision: ``revision`` is the cell's as it was seen; null takes a decision back."""

    id = _number(required=True)
    revision = _number(required=True)
    cell_type = fields.String(required=True, allow_none=True, validate=Length(1, 80))


class CellChanges(Body):
    """Decisions, all or none.

    Several types at once need ``seen``: nobody says what a cell is that was never on the screen.
    """

    changes = fields.List(
        fields.Nested(CellChange), required=True, validate=Length(1, MOST_CHANGES)
    )
    seen = fields.List(
        _number(),
        validate=Length(max=MOST_CHANGES),
        metadata={"description": "The cells that the reader had on the screen."},
    )
    as_suggested = Flag(
        load_default=False,
        metadata={
            "description": "Several at once take the model's word: what it doubts is left out."
        },
    )


class Undo(Body):
    """Which batch to take back; the reader's own last one if none is named."""

    batch = Whole(validate=Range(1, LARGEST))


class Signature(Body):
    """``revision`` is the case's as it was seen; ``acknowledged`` the critical types in it."""

    revision = _number(required=True)
    acknowledged = fields.List(
        fields.String(validate=Length(1, 80)),
        load_default=list,
        validate=Length(max=50),
        metadata={"description": "The critical types that the case holds, each by its name."},
    )


class Amendment(Body):
    """Why a signed case is opened again."""

    reason = _text(2000, required=True)


class Removal(Body):
    """Why an image is taken out of a case."""

    reason = _text(2000, required=True)


class NewRead(Body):
    """A second reading: of ``sample`` cells by ``seed``, or of all."""

    sample = Whole(validate=Range(1, LARGEST))
    seed = _number(load_default=0)


class ThumbnailQuery(Body):
    """How large; in pixels."""

    side = Whole(validate=Range(32, 512), load_default=THUMBNAIL_PX)


class HeatmapQuery(Body):
    """Which heatmap."""

    cell_type = _text(80)
    opacity = fields.Float(validate=Range(0, 1), load_default=OPACITY)


class AgreementQuery(Body):
    """Over which time, and of which case."""

    period = fields.String(validate=OneOf(PERIODS), load_default="month")
    case = _number()


class VerifyQuery(Body):
    """A head of the log that was noted earlier."""

    expect = fields.String(validate=Length(equal=64))


class Login(Body):
    """A reader's name and password."""

    name = _text(80, required=True)
    password = _text(256, required=True)


class NewReader(Body):
    """An account to be made."""

    name = _text(80, required=True)
    role = fields.String(required=True, validate=OneOf(_ROLES))
    password = fields.String(required=True, validate=Length(SHORTEST_PASSWORD, 256))


class ReaderChange(Body):
    """What changes of an account."""

    role = fields.String(validate=OneOf(_ROLES))
    disabled = Flag()
    password = fields.String(validate=Length(SHORTEST_PASSWORD, 256))


class NewToken(Body):
    """A token to be made; what it is for."""

    label = _text(80, required=True)
