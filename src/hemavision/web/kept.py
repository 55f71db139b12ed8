"""What any database row can hold of what a request brings."""

from __future__ import annotations

import re
from typing import Any

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
