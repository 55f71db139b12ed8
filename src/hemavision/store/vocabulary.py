"""What a reader may call a cell, and what text may be kept."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from hemavision.errors import RefusedError
from hemavision.records.cells import BEYOND_MODELS, EIGHT_TYPES


def cell_types(of_models: Iterable[str] = ()) -> tuple[str, ...]:
    """Return every type that a cell may be given.

    Args:
        of_models: types that the models in use name.
    """
    return tuple(dict.fromkeys((*of_models, *EIGHT_TYPES, *BEYOND_MODELS)))


def checked_text(what: str, value: str, longest: int, shortest: int = 1) -> str:
    """Return text without outer blanks, fit for every database and every screen.

    Raises:
        RefusedError: it is too short, too long, or holds control characters.
    """
    text = value.strip()
    if any(unicodedata.category(letter) in ("Cc", "Cs", "Cn") for letter in text):
        raise RefusedError("bad-text", f"{what} holds characters that cannot be shown.")
    if not shortest <= len(text) <= longest:
        raise RefusedError(
            "bad-text",
            f"{what} has {len(text)} characters; it needs {shortest} to {longest}.",
        )
    return text
