"""CSV tables that a spreadsheet takes for text and numbers, never for formulas."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from typing import Any, TextIO

#: A cell that begins with one of these is a formula to some spreadsheet (OWASP, CSV Injection).
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def plain(value: Any) -> Any:
    """Return a value as a table may hold it: text that would be a formula begins with ``'``."""
    if isinstance(value, str) and value.startswith(FORMULA):
        return f"'{value}"
    return value


class Table:
    """Writes rows of a table, values by :func:`plain`."""

    def __init__(self, stream: TextIO) -> None:
        """Take where to write."""
        self._rows = csv.writer(stream)

    def write(self, values: Iterable[Any]) -> None:
        """Write one row."""
        self._rows.writerow([plain(value) for value in values])
