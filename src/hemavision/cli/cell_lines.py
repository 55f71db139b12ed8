"""Cells as ``classify`` and ``detect`` wrote them, and as a spreadsheet saved them again.

A spreadsheet may write a table with semicolons or tabs, in UTF-8 with a mark, UTF-16 or the
system's own encoding, and with a line ``sep=;`` before the head.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any, BinaryIO

from hemavision.cli.outputs import printable
from hemavision.errors import DataError
from hemavision.records.results import CellKind, Status

#: A line longer than this is no answer; a field's has the heatmaps of its cells.
MAX_LINE = 64_000_000
#: How much of the beginning tells the encoding.
SNIFFED_BYTES = 2**16
SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs"}
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)
_PROBABILITY = "p_"


@dataclass(frozen=True)
class CellLine:
    """A cell as it was written down.

    Attributes:
        place: number of its line, from 1.
        cell_type: as written.
        status: likewise.
        is_cut: whether the border of a field cuts it.
        known: types that its model knows.
        problem: why it is no cell; empty where it is one.
    """

    place: int
    cell_type: str = ""
    status: str = ""
    is_cut: bool = False
    known: tuple[str, ...] = ()
    problem: str = ""


def cells_in(stream: BinaryIO) -> Iterator[CellLine]:
    """Yield the white cells of a table or of JSON Lines, and what is none of either.

    Red cells and platelets that ``detect`` found are passed over.

    Raises:
        DataError: a table without the columns; its separator and encoding are in the message.
    """
    buffered = io.BufferedReader(stream, SNIFFED_BYTES)  # type: ignore[type-var]
    encoding = _encoding_of(buffered.peek(SNIFFED_BYTES)[:SNIFFED_BYTES])
    # A byte that does not belong there spoils its line only.
    lines = io.TextIOWrapper(buffered, encoding, errors="replace", newline="")
    try:
        numbered = enumerate(lines, 1)
        place, first = next(((n, line) for n, line in numbered if line.strip()), (0, ""))
        if first.lstrip().startswith("{"):
            yield from _json_cells(chain([first], lines), place)
        elif first:
            yield from _table_cells(first, lines, place, encoding)
    finally:
        # The stream is its opener's to close.
        lines.detach()
        buffered.detach()


def _encoding_of(beginning: bytes) -> str:
    for mark, encoding in _MARKS.items():
        if beginning.startswith(mark):
            return encoding
    try:
        codecs.getincrementaldecoder("utf-8")().decode(beginning)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _json_cells(lines: Iterator[str], place: int) -> Iterator[CellLine]:
    for number, line in enumerate(lines, place):
        if not line.strip():
            continue
        try:
            values = json.loads(line) if len(line) < MAX_LINE else None
        except (ValueError, RecursionError):
            values = None
        if not isinstance(values, dict):
            yield CellLine(number, problem="no JSON object")
        elif "cells" in values:
            yield from _field_cells(values, number)
        else:
            yield _cell(number, values, values.get("probabilities"))


def _field_cells(values: dict[str, Any], place: int) -> Iterator[CellLine]:
    """Yield the white cells of a field, or what is wrong with it."""
    try:
        known = values["differential"]["cell_types"]
        white = [cell for cell in values["cells"] if cell["kind"] == CellKind.WHITE.value]
        cells = [_cell(place, c["prediction"], known, is_cut=c["cut"] is True) for c in white]
    except (KeyError, TypeError, AttributeError):
        yield CellLine(place, problem="no field as `hemavision detect --json` writes it")
        return
    yield from cells
    # What was looked for in a field is known even where no cell was found.
    if not cells and isinstance(known, dict):
        yield CellLine(place, known=tuple(known))


def _table_cells(first: str, lines: Iterator[str], place: int, encoding: str) -> Iterator[CellLine]:
    separator = max(SEPARATORS, key=first.count)
    if said := _SEPARATOR_LINE.fullmatch(first):
        separator, first, place = said.group(1), next(lines, ""), place + 1
    rows = csv.DictReader(chain([first], lines), delimiter=separator)
    columns = [name.strip() for name in rows.fieldnames or ()]
    if not {"cell_type", "status"} <= set(columns):
        found = SEPARATORS.get(separator, repr(separator))
        raise DataError(
            f"has no columns cell_type and status; it was read as {encoding.upper()}, separated "
            f"by {found}, and its first columns are {', '.join(map(printable, columns[:5]))[:200]}."
        )
    rows.fieldnames = columns
    known = [name.removeprefix(_PROBABILITY) for name in columns if name.startswith(_PROBABILITY)]
    try:
        for row in rows:
            if row.get("kind") in (None, "", CellKind.WHITE.value):
                yield _cell(place - 1 + rows.line_num, row, known, is_cut=row.get("cut") == "1")
    except csv.Error as error:
        yield CellLine(place - 1 + rows.line_num, problem=f"no CSV ({error})")


def _cell(place: int, values: dict[str, Any], known: Any, is_cut: bool = False) -> CellLine:
    name, status = values.get("cell_type"), values.get("status")
    if not isinstance(name, str) or not name.strip():
        return CellLine(place, problem="no cell_type")
    if status not in list(Status):
        said = printable(repr(status)[:40])
        return CellLine(place, problem=f"status {said} is none of {', '.join(Status)}")
    types = tuple(known) if isinstance(known, dict | list) else ()
    return CellLine(place, name, str(status), is_cut, types)
