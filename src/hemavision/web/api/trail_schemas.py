"""The shapes of the log, of its proof, of agreement over time, and of accounts."""

from __future__ import annotations

from apiflask import Schema
from marshmallow import fields
from marshmallow.validate import Equal, Length, OneOf, Range

from hemavision.records.results import NOTICE
from hemavision.store.readers import Role
from hemavision.web.api.schemas import SHA256

_ROLES = [role.value for role in Role]


def _notice() -> fields.String:
    return fields.String(required=True, validate=Equal(NOTICE), metadata={"enum": [NOTICE]})


def _digest(*, allow_none: bool = False) -> fields.String:
    return fields.String(required=True, allow_none=allow_none, metadata={"pattern": SHA256})


def _count(*, allow_none: bool = False) -> fields.Integer:
    return fields.Integer(required=True, allow_none=allow_none, validate=Range(min=0))


def _name(*, allow_none: bool = False) -> fields.String:
    return fields.String(required=True, allow_none=allow_none)


class LogEntry(Schema):
    """Who did what, when, from what to what. ``hash`` seals it and all before it."""

    id = _count()
    at = _name()
    who = _name()
    action = _name()
    case_id = _count(allow_none=True)
    case_revision = _count(allow_none=True)
    cell_id = _count(allow_none=True)
    before = _name(allow_none=True)
    after = _name(allow_none=True)
    image_sha256 = _digest(allow_none=True)
    model_sha256 = _digest(allow_none=True)
    batch = _count()
    detail = fields.Dict(required=True)
    hash = _digest()


class Log(Schema):
    """A page of the log, newest first."""

    entries = fields.List(fields.Nested(LogEntry), required=True)
    total = _count()
    notice = _notice()


class Verdict(Schema):
    """Whether the log is whole and unchanged, and the cases are as it says."""

    sound = fields.Boolean(required=True)
    entries = _count()
    head = _digest()
    problem = _name()
    notice = _notice()


class Agreed(Schema):
    """Cells that a reader decided on, and of them those that the model had called the same."""

    decided = _count()
    agreed = _count()
    interval = fields.List(
        fields.Float(validate=Range(0, 1)),
        required=True,
        validate=Length(equal=2),
        metadata={"description": "Of the share agreed, exact (Clopper-Pearson), 95%."},
    )


class Agreement(Agreed):
    """One model's suggestions of one period, against what readers decided."""

    period = _name()
    model_name = _name()
    model_sha256 = _digest()
    by_status = fields.Dict(
        keys=fields.String(),
        values=fields.Nested(Agreed),
        required=True,
        metadata={"description": "The same by the status of the suggestion."},
    )
    confusion = fields.Dict(
        keys=fields.String(),
        values=fields.Dict(keys=fields.String(), values=fields.Integer()),
        required=True,
        metadata={"description": "The reader's type → the model's type → cells."},
    )


class Agreements(Schema):
    """The model against the readers, the oldest period first."""

    periods = fields.List(fields.Nested(Agreement), required=True)
    notice = _notice()


class ReaderRecord(Schema):
    """An account. ``created_at`` is null for ``local``."""

    name = _name()
    role = fields.String(required=True, validate=OneOf(_ROLES))
    disabled = fields.Boolean(required=True)
    created_at = _name(allow_none=True)


class SessionAnswer(Schema):
    """Who is asking. With ``csrf`` comes a cookie; send it as X-CSRF-Token with every change."""

    reader = fields.Nested(ReaderRecord, required=True, allow_none=True)
    accounts = fields.Boolean(required=True, metadata={"description": "Whether a login is needed."})
    csrf = _name(allow_none=True)
    notice = _notice()


class ReaderAnswer(Schema):
    """An account as it is now."""

    reader = fields.Nested(ReaderRecord, required=True)
    notice = _notice()


class Readers(Schema):
    """Every account, by name."""

    readers = fields.List(fields.Nested(ReaderRecord), required=True)
    notice = _notice()


class TokenRecord(Schema):
    """A token, without its secret."""

    id = _count()
    reader = _name()
    label = _name()
    created_at = _name()
    revoked_at = _name(allow_none=True)


class Tokens(Schema):
    """The tokens of the reader who asks; an administrator sees everybody's."""

    tokens = fields.List(fields.Nested(TokenRecord), required=True)
    notice = _notice()


class TokenAnswer(Schema):
    """A new token. Its secret is shown this once."""

    token = fields.Nested(TokenRecord, required=True)
    secret = _name()
    notice = _notice()
