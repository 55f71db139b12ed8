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
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

import click

from hemavision.cli.outputs import printable
from hemavision.differential.names import add_up, type_named
from hemavision.errors import DataError, SettingsError
from hemavision.records.cells import CUT
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


def parse_pairs(option: str, text: str, number: Callable[[str], float]) -> dict[str, float]:
    """Return type → number of ``name=number,name=number``.

    Args:
        option: whose value it is, for the message.
        text: as given; names as :func:`~hemavision.differential.names.add_up` understands them.
        number: ``int`` or ``float``.

    Raises:
        click.UsageError: something in it is no such pair, or a name is unknown or stands twice.
    """
    pairs: list[tuple[str, float]] = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, equals, value = part.partition("=")
        try:
            if not equals or not name.strip():
                raise ValueError
            pairs.append((name, number(value)))
        except ValueError:
            kind = "a whole number" if number is int else "a number"
            raise click.UsageError(
                f"{option}: {printable(part)!r} is not TYPE={kind}, such as neutrophil=58."
            ) from None
    if not pairs:
        raise click.UsageError(f"{option} names no type; it looks like neutrophil=58,monocyte=6.")
    try:
        return add_up(pairs)
    except SettingsError as error:
        raise click.UsageError(f"{option}: {printable(str(error))}") from error


def read_cells(path: Path) -> tuple[dict[str, int], int]:
    """Count the white cells that ``hemavision classify`` or ``detect`` wrote.

    Args:
        path: of the file, CSV or JSON Lines; ``-`` is standard input.

    Returns:
        Type → cells, those of status unfamiliar under ``unfamiliar``, those that the border of a
        field cuts under ``cut``, and 0 for the types that the model knows and did not find; how
        many lines could not be read, each of which was named on stderr.

    Raises:
        click.ClickException: it holds no cells at all.
    """
    if str(path) == "-":
        return _count(sys.stdin.buffer, "standard input")
    with path.open("rb") as stream:
        return _count(stream, str(path))


def _count(stream: BinaryIO, name: str) -> tuple[dict[str, int], int]:
    known: dict[str, int] = {}
    counts: Counter[str] = Counter()
    failed = 0
    try:
        for cell in cells_in(stream):
            known |= {type_named(own, cell.known): 0 for own in cell.known}
            try:
                if found := _bin_of(cell):
                    counts[found] += 1
            except DataError as error:
                failed += 1
                click.echo(f"{printable(name)}, line {cell.place}: {error}", err=True)
    except DataError as error:
        raise click.ClickException(f"{printable(name)} {error}") from error
    if not counts and not known:
        raise click.ClickException(
            f"{printable(name)} holds no cell that can be read. It takes what `hemavision "
            "classify` or `detect` writes with --csv FILE or --json."
        )
    return known | dict(counts), failed


def _bin_of(cell: CellLine) -> str:
    """Return what a cell counts as; nothing where a line tells of no cell.

    Raises:
        DataError: the line is none, or its type is unknown.
    """
    if cell.problem:
        raise DataError(f"{cell.problem}.")
    if not cell.cell_type:
        return ""
    if cell.is_cut:
        return CUT
    if cell.status == Status.UNFAMILIAR.value:
        return Status.UNFAMILIAR.value
    try:
        return type_named(cell.cell_type, cell.known)
    except SettingsError as error:
        raise DataError(printable(str(error))) from error
