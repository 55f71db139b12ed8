"""What text may be kept."""

from __future__ import annotations

import unicodedata

from hemavision.errors import RefusedError


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
