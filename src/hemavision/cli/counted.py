"""Counts from a command line: pairs of a type and a number, or a file of classified cells."""

from __future__ import annotations

import csv
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from io import TextIOWrapper
from itertools import chain
from pathlib import Path
from typing import Any

import click

from hemavision.cells import cell_type_of
from hemavision.cli.outputs import printable
from hemavision.results import Status

#: A line longer than this is no cell.
MAX_LINE = 1_000_000
_PROBABILITY = "p_"


def parse_pairs(option: str, text: str, number: Callable[[str], float]) -> dict[str, float]:
    """Return type → number of ``type=number,type=number``.

    Args:
        option: whose value it is, for the message.
        text: as given.
        number: ``int`` or ``float``.

    Raises:
        click.UsageError: something in it is no such pair, or a type stands there twice.
    """
    pairs: dict[str, float] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, equals, value = part.partition("=")
        cell_type = cell_type_of(name)
        try:
            if not equals or not cell_type:
                raise ValueError
            found = number(value)
        except ValueError:
            kind = "a whole number" if number is int else "a number"
            raise click.UsageError(
                f"{option}: {printable(part)!r} is not TYPE={kind}, such as neutrophil=58."
            ) from None
        if cell_type in pairs:
            raise click.UsageError(f"{option} names {cell_type} twice.")
        pairs[cell_type] = found
    if not pairs:
        raise click.UsageError(f"{option} names no type; it looks like neutrophil=58,monocyte=6.")
    return pairs


def read_cells(path: Path) -> tuple[dict[str, int], int]:
    """Count the cells that ``hemavision classify`` wrote, as CSV or as JSON Lines.

    Args:
        path: of the file; ``-`` is standard input.

    Returns:
        Type → cells, those of status unfamiliar under ``unfamiliar`` and 0 for the types that
        the model knows and did not find; how many lines could not be read, each of which was
        named on stderr.

    Raises:
        click.ClickException: it holds no cells at all.
    """
    if str(path) == "-":
        if isinstance(sys.stdin, TextIOWrapper):  # a byte that is no UTF-8 spoils its line only
            sys.stdin.reconfigure(encoding="utf-8-sig", errors="surrogateescape")
        return _count(sys.stdin, "standard input")
    # The mark that some editors begin a file with is no part of it.
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as lines:
        return _count(lines, str(path))


def _count(lines: Iterable[str], name: str) -> tuple[dict[str, int], int]:
    known: dict[str, int] = {}
    counts: Counter[str] = Counter()
    failed = 0
    for place, cell in _cells(iter(lines)):
        problem = cell if isinstance(cell, str) else _problem(cell)
        if problem or isinstance(cell, str):
            failed += 1
            click.echo(f"{printable(name)}, line {place}: {problem}.", err=True)
            continue
        known |= dict.fromkeys(cell["known"], 0)
        unfamiliar = cell["status"] == Status.UNFAMILIAR.value
        counts["unfamiliar" if unfamiliar else cell_type_of(cell["cell_type"])] += 1
    if not counts:
        raise click.ClickException(
            f"{printable(name)} holds no cell that can be read. It takes what `hemavision classify "
            "--csv FILE` or `--json` writes."
        )
    return known | dict(counts), failed


def _cells(lines: Iterator[str]) -> Iterator[tuple[int, dict[str, Any] | str]]:
    """Yield each line's number with its cell, or with what is wrong with it."""
    first = next((line for line in lines if line.strip()), "")
    if first.lstrip().startswith("{"):
        yield from _json_cells(first, lines)
    elif first:
        yield from _csv_cells(first, lines)


def _json_cells(first: str, lines: Iterator[str]) -> Iterator[tuple[int, dict[str, Any] | str]]:
    for place, line in enumerate(chain([first], lines), 1):
        if not line.strip():
            continue
        try:
            values = json.loads(line) if len(line) < MAX_LINE else None
        except (ValueError, RecursionError):
            values = None
        if not isinstance(values, dict):
            yield place, "no JSON object"
            continue
        probabilities = values.get("probabilities")
        known = list(probabilities) if isinstance(probabilities, dict) else []
        yield place, values | {"known": known}


def _csv_cells(first: str, lines: Iterator[str]) -> Iterator[tuple[int, dict[str, Any] | str]]:
    rows = csv.DictReader(chain([first], lines))
    try:
        columns = list(rows.fieldnames or ())
        known = [
            name.removeprefix(_PROBABILITY) for name in columns if name.startswith(_PROBABILITY)
        ]
        for row in rows:
            yield rows.line_num, {**row, "known": known}
    except csv.Error as error:
        yield rows.line_num, f"no CSV ({error})"


def _problem(cell: dict[str, Any]) -> str:
    """Return what is wrong with a cell; nothing where it can be counted."""
    name, status = cell.get("cell_type"), cell.get("status")
    if not isinstance(name, str) or not name.strip():
        return "no cell_type"
    if status not in list(Status):
        return f"status {printable(repr(status)[:40])} is none of {', '.join(Status)}"
    return ""
