"""What requests say, JSON bodies and query values: what is declared, and nothing beside it."""

from __future__ import annotations

import json
import re
from types import NoneType
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

from flask import request
from msgspec import Meta, Struct, UnsetType, ValidationError, convert

from hemavision.records.json_values import in_words
from hemavision.web.api.options import NUMBER, query_values
from hemavision.web.errors import Problem

#: Largest number of a row: beyond it JSON's numbers are not exact.
LARGEST = 2**53 - 1
_NO_LETTER = re.compile("[\\x00\\ud800-\\udfff]")


def can_be_kept(value: Any) -> bool:
    """Return whether all text in JSON values has only letters that every database keeps.

    NUL and half of a surrogate pair, which JSON can write, are none.
    """
    if isinstance(value, str):
        return not _NO_LETTER.search(value)
    if isinstance(value, dict):
        return all(can_be_kept(name) and can_be_kept(item) for name, item in value.items())
    return not isinstance(value, list) or all(map(can_be_kept, value))


#: A number that any database row can hold.
Number = Annotated[int, Meta(ge=0, le=LARGEST)]
#: The same, from 1 on.
Ordinal = Annotated[int, Meta(ge=1, le=LARGEST)]
Name = Annotated[str, Meta(min_length=1, max_length=80)]
Title = Annotated[str, Meta(max_length=200)]
#: The header by which a request says how it is called: if it comes again it changes nothing.
KEY = "Idempotency-Key"
_KEY = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_WHOLE = re.compile(r"-?[0-9]{1,16}", re.ASCII)


class Body(Struct, forbid_unknown_fields=True, kw_only=True):
    """What a request may say; anything else is refused."""


T = TypeVar("T", bound=Body)


def read_json(kind: type[T]) -> T:
    """Return what the request's JSON object says; an absent body is an empty one.

    Raises:
        Problem: it is no JSON, or not as its type says.
    """
    content = request.get_data()
    if content and request.mimetype != "application/json":
        raise Problem("unsupported-media-type", "Send application/json.")
    try:
        values = json.loads(content, parse_float=_number) if content else {}
    except (ValueError, RecursionError) as error:
        raise Problem("bad-request", f"The body is not sound JSON ({error}).") from error
    if not isinstance(values, dict):
        raise Problem("bad-request", "The JSON must be an object.")
    return _checked(kind, values)


def read_query(kind: type[T]) -> T:
    """Return what the address says behind its question mark.

    Raises:
        Problem: a name is unknown or given twice, or a value is not as its type says.
    """
    hints = get_type_hints(kind, include_extras=True)
    given = query_values(request.args, set(hints))
    return _checked(kind, {name: _typed(hints[name], text) for name, text in given.items()})


def read_key() -> str | None:
    """Return how the request wants to be known if it comes again; None where it does not say.

    Raises:
        Problem: the key cannot be one.
    """
    key = request.headers.get(KEY)
    if key is not None and not _KEY.fullmatch(key):
        raise Problem("bad-request", f"{KEY} must be 1 to 64 letters, digits, `-` or `_`.")
    return key


def _number(text: str) -> float | int:
    """Return a number of JSON; 2.0 is a whole one."""
    number = float(text)
    return int(number) if number.is_integer() else number


def _typed(hint: Any, text: str) -> Any:
    """Give a text the type that JSON would give it; one that is not written so stays text."""
    kind = _plain_type(hint)
    if kind is int and _WHOLE.fullmatch(text):
        return int(text)
    if kind is float and NUMBER.fullmatch(text):
        return float(text)
    if kind is bool:
        return {"true": True, "false": False}.get(text, text)
    return text


def _plain_type(hint: Any) -> Any:
    if get_origin(hint) is Annotated:
        return _plain_type(get_args(hint)[0])
    parts = [part for part in get_args(hint) if part not in (NoneType, UnsetType)]
    return _plain_type(parts[0]) if parts else hint


def _checked(kind: type[T], values: dict[str, Any]) -> T:
    if not can_be_kept(values):
        raise Problem("unusable", "There is text with characters that no database keeps.")
    try:
        return convert(values, kind)
    except ValidationError as error:
        raise Problem("bad-option", f"{in_words(error)[:400]}.") from error
