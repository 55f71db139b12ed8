"""Records as JSON values and back: one codec for all of them, checked by their own types.

A record is a frozen dataclass. Its JSON form has its fields, without those marked :data:`HIDDEN`,
and the properties marked with :func:`member`. What a type cannot say of a value (least, most,
pattern) stands beside it in ``Annotated``; the API's document says it, too.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Annotated, Any, Self, TypeVar

from msgspec import UNSET, Meta, ValidationError, convert

#: More is infinite.
LARGEST = sys.float_info.max
Count = Annotated[int, Meta(ge=0)]
#: A length in pixels.
Side = Annotated[int, Meta(ge=1)]
#: A finite number that is not below 0.
Positive = Annotated[float, Meta(ge=0, le=LARGEST)]
#: A part of one. Rounding can bring a sum a hair above it, and what was kept has to be readable.
Share = Annotated[float, Meta(ge=0, le=LARGEST, extra_json_schema={"maximum": 1})]
#: In hexadecimal digits.
Sha256 = Annotated[str, Meta(extra_json_schema={"pattern": "^[0-9a-f]{64}$"})]
#: ISO 8601, UTC.
Time = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]

#: Metadata of a field that is no part of the JSON form.
HIDDEN = {"json": False}
_IN_WORDS = {
    "int": "a whole number", "float": "a number", "str": "text", "bool": "true or false",
    "array": "a list", "object": "an object", "null": "null",
}  # fmt: skip
_PLAIN = frozenset({str, int, float, bool, type(None)})

T = TypeVar("T")
Compute = TypeVar("Compute", bound=Callable[..., Any])


def member(compute: Compute) -> Compute:
    """Mark what a property computes as part of its record's JSON form; goes under ``@property``."""
    compute.in_json = True  # type: ignore[attr-defined]
    return compute


class Record:
    """A frozen dataclass with a JSON form."""

    def to_json(self) -> dict[str, Any]:
        """Return the record as JSON values."""
        return _members_of(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Rebuild what :meth:`to_json` gave; other keys are ignored.

        Raises:
            ValueError: it is not that; the text names the first value that is wrong.
        """
        return of_type(values, cls)


def as_json(value: Any) -> Any:
    """Return anything that is made of records, lists, mappings and plain values as JSON values."""
    if type(value) in _PLAIN:
        return value
    if isinstance(value, Record):
        return value.to_json()
    if is_dataclass(value):
        return _members_of(value)
    if isinstance(value, Mapping):
        return {name: as_json(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(inner) for inner in value]
    return value.value if isinstance(value, Enum) else value


def _members_of(record: Any) -> dict[str, Any]:
    kind: Any = type(record)
    found = {name: getattr(record, name) for name in json_names(kind)}
    return {name: as_json(value) for name, value in found.items() if value is not UNSET}


def of_type(values: Any, kind: type[T]) -> T:
    """Return JSON values as a type: a record, or anything that is made of some.

    Raises:
        ValueError: they are not of it; the text names the first value that is wrong.
    """
    try:
        return convert(values, kind)
    except ValidationError as error:
        raise ValueError(in_words(error)) from error


def in_words(error: ValidationError) -> str:
    """Return what is wrong, its place first: ``"cells[0].score: Expected a number >= 0"``."""
    what, _, place = str(error).partition(" - at `")
    plain = re.sub(r"`([\w |]+)`", lambda found: _kinds_in_words(found[1]), what)
    name = place.removesuffix("`").removeprefix("$").removeprefix(".")
    return f"{name}: {plain}" if name else plain


def _kinds_in_words(kinds: str) -> str:
    """Return what ``int | null`` means; the name of a field stays."""
    words = [_IN_WORDS.get(kind, f"`{kind}`") for kind in kinds.split(" | ")]
    return " or ".join(words)


@cache
def json_names(kind: Any) -> tuple[str, ...]:
    """Return the names that a record's JSON form has, in order."""
    shown = [field.name for field in fields(kind) if field.metadata.get("json", True)]
    return (*shown, *(name for name in members(kind) if name not in shown))


@cache
def members(kind: type) -> dict[str, Callable[..., Any]]:
    """Return the properties that are part of a record's JSON form: name → what computes it."""
    found: dict[str, Callable[..., Any]] = {}
    for base in kind.__mro__:
        for name, value in vars(base).items():
            if isinstance(value, property) and getattr(value.fget, "in_json", False):
                found.setdefault(name, value.fget)  # type: ignore[arg-type]
    return found
