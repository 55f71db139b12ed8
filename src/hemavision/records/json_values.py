"""JSON values of the right type, or an error that says which was wrong."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

Values = Mapping[str, Any]


def whole(values: Values, name: str, least: int | None = None) -> int:
    """Return a whole number.

    Raises:
        ValueError: it is none, or under ``least``.
        KeyError: there is none.
    """
    value = values[name]
    if not isinstance(value, int) or isinstance(value, bool):
        raise _wrong(name, value, "a whole number")
    if least is not None and value < least:
        raise _wrong(name, value, f"{least} or more")
    return value


def number(values: Values, name: str) -> float:
    """Return a number ≥ 0 that is finite.

    Raises:
        ValueError: it is none.
        KeyError: there is none.
    """
    value = values[name]
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise _wrong(name, value, "a number")
    if not math.isfinite(value) or value < 0:
        raise _wrong(name, value, "finite and not below 0")
    return float(value)


def truth(values: Values, name: str) -> bool:
    """Return true or false.

    Raises:
        ValueError: it is neither.
        KeyError: there is none.
    """
    value = values[name]
    if not isinstance(value, bool):
        raise _wrong(name, value, "true or false")
    return value


def text(values: Values, name: str) -> str:
    """Return text.

    Raises:
        ValueError: it is none.
        KeyError: there is none.
    """
    value = values[name]
    if not isinstance(value, str):
        raise _wrong(name, value, "text")
    return value


def listed(values: Values, name: str) -> list[Any]:
    """Return a list.

    Raises:
        ValueError: it is none.
        KeyError: there is none.
    """
    value = values[name]
    if not isinstance(value, list):
        raise _wrong(name, value, "a list")
    return value


def _wrong(name: str, value: object, wanted: str) -> ValueError:
    return ValueError(f"{name} is {str(value)[:80]!r}; it must be {wanted}")
