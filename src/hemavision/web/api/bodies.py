"""JSON bodies and query values by schema: what is declared, and nothing beside it, is taken."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, TypeVar

from apiflask import APIBlueprint, Schema
from flask import Response, jsonify, request
from marshmallow import RAISE, ValidationError, fields

from hemavision.web.api.options import NUMBER, query_values
from hemavision.web.errors import Problem
from hemavision.web.kept import can_be_kept

View = TypeVar("View", bound=Callable[..., Any])
_WHOLE = re.compile(r"-?[0-9]{1,16}", re.ASCII)


class Whole(fields.Integer):
    """A whole number of JSON: no text, no true."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        is_whole = type(value) is int or (isinstance(value, float) and value.is_integer())
        if not is_whole:
            raise self.make_error("invalid")
        return super()._deserialize(int(value), attr, data, **kwargs)


class Flag(fields.Boolean):
    """True or false of JSON: no text, no number."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


class Body(Schema):
    """What a request may say; anything else is refused."""

    class Meta:
        """How unknown names are met."""

        unknown = RAISE


def takes(
    blueprint: APIBlueprint, schema: type[Body], location: str = "json"
) -> Callable[[View], View]:
    """Return a decorator that documents what a view reads with :func:`read_json` or
    :func:`read_query`.
    """

    def document(view: View) -> View:
        # Only what it notes on the view is wanted: its own reading words errors otherwise.
        blueprint.input(schema, location=location, validation=False)(view)
        return view

    return document


def created(**values: Any) -> Response:
    """Return the answer for something that was made: JSON values, status 201."""
    response = jsonify(**values)
    response.status_code = 201
    return response


def read_json(schema: type[Body]) -> dict[str, Any]:
    """Return the request's JSON object; an absent body is an empty one.

    Raises:
        Problem: it is no JSON, or not as the schema says.
    """
    content = request.get_data()
    if content and request.mimetype != "application/json":
        raise Problem("unsupported-media-type", "Send application/json.")
    try:
        values = json.loads(content) if content else {}
    except (ValueError, RecursionError) as error:
        raise Problem("bad-request", f"The body is not sound JSON ({error}).") from error
    if not isinstance(values, dict):
        raise Problem("bad-request", "The JSON must be an object.")
    return _load(schema, values)


def read_query(schema: type[Body]) -> dict[str, Any]:
    """Return the address's values with the schema's types and defaults.

    Raises:
        Problem: a name is unknown or given twice, or a value is not as the schema says.
    """
    known = schema().fields
    given = query_values(request.args, set(known))
    return _load(schema, {name: _typed(known[name], text) for name, text in given.items()})


def _typed(field: fields.Field[Any], text: str) -> Any:
    if isinstance(field, fields.Integer) and _WHOLE.fullmatch(text):
        return int(text)
    if isinstance(field, fields.Float):
        return float(text) if NUMBER.fullmatch(text) else None
    if isinstance(field, fields.Boolean):
        return {"true": True, "false": False}.get(text, text)
    return text


def _load(schema: type[Body], values: dict[str, Any]) -> dict[str, Any]:
    if not can_be_kept(values):
        raise Problem("unusable", "There is text with characters that no database keeps.")
    try:
        loaded: dict[str, Any] = schema().load(values)
    except ValidationError as error:
        raise Problem("bad-option", _in_words(error.messages)) from error
    return loaded


def _in_words(messages: Any, place: str = "") -> str:
    """Return the first thing that is wrong, as one sentence."""
    while isinstance(messages, dict):
        name, messages = next(iter(messages.items()))
        place = f"{place}.{name}" if place else str(name)
    first = messages[0] if isinstance(messages, list) else messages
    return f"{place[:200]!r}: {first}"
