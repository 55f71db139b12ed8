"""Counts from a command line: pairs of a type and a number, or a file of cells."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import click

from hemavision.cli.cell_lines import CellLine, cells_in
from hemavision.cli.outputs import printable
from hemavision.differential.names import add_up, type_named
from hemavision.errors import DataError, SettingsError
from hemavision.records.cells import CUT
from hemavision.records.results import Status


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
