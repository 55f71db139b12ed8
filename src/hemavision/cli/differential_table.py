"""The differential for a terminal: a line a type, its interval drawn beside it."""

from __future__ import annotations

import sys

import click

from hemavision.records.results import NOTICE
from hemavision.report import Report, in_words
from hemavision.report.rows import Bar, Row, rows_of, top_of_scale

BAR_WIDTH = 40
#: Reference range, interval, its ends and the share; and the same for a terminal without them.
_DRAWN, _PLAIN = ("░", "─", "├", "┤", "●"), (".", "-", "[", "]", "o")
_COLOURS = {"sure": "red", "open": "yellow"}


def print_table(report: Report) -> None:
    """Print the differential, its findings in words, and the notice."""
    rows = rows_of(report)
    if rows:
        signs = _signs()
        click.echo(_head(report, rows))
        for row in rows:
            click.echo(_line(row, rows, signs))
        click.echo("")
    for sentence in in_words(report):
        click.echo(_plain(sentence))
    if report.corrected:
        estimate = report.corrected
        click.echo(_plain(f"Estimate, no count: {estimate.method}; on {estimate.protocol}."))
    click.echo(NOTICE)


def _head(report: Report, rows: list[Row]) -> str:
    level = f"{100 * report.differential.level:g}% interval"
    scale = f"0{f'{top_of_scale(report):.0f}%':>{BAR_WIDTH - 1}}"
    head = f"{'cell type':<21}{'cells':>6}{'%':>7}  {level:<14}{scale}"
    for column, width in _further(rows):
        head += f"  {column:<{width}}"
    return head.rstrip()


def _line(row: Row, rows: list[Row], signs: tuple[str, ...]) -> str:
    interval = row.interval.replace(" – ", " to ")
    line = f"{row.name:<21}{row.count:>6}{row.percent:>7}  {interval:<14}{_bar(row.bar, signs)}"
    values = {
        "range": row.reference.replace(" – ", " to "),
        "10^9/L": f"{row.absolute} {row.absolute_flag}".strip(),
        "analyser": f"{row.analyser} differs" if row.analyser_differs else row.analyser,
        "estimate": row.corrected.replace(" – ", " to "),
    }
    for column, width in _further(rows):
        if column == "flag":
            # Padded apart from its colour, whose codes have no width.
            line += f"  {click.style(row.flag, _COLOURS.get(row.flag_kind)) if row.flag else ''}"
            line += " " * (width - len(row.flag))
        else:
            line += f"  {values[column]:<{width}}"
    return line.rstrip()


def _further(rows: list[Row]) -> list[tuple[str, int]]:
    """Return the columns after the bars that have anything in them, with their widths."""
    columns = []
    if any(row.reference for row in rows):
        columns += [("range", 9), ("flag", 13)]
    if any(row.absolute for row in rows):
        columns.append(("10^9/L", max(len(f"{r.absolute} {r.absolute_flag}") for r in rows)))
    if any(row.analyser for row in rows):
        columns.append(("analyser", 12))
    if any(row.corrected for row in rows):
        columns.append(("estimate", 20))
    return columns


def _bar(bar: Bar, signs: tuple[str, ...]) -> str:
    ranges, interval, left, right, share = signs
    cells = [" "] * BAR_WIDTH
    if bar.reference:
        low, high = (_place(limit) for limit in bar.reference)
        cells[low : high + 1] = ranges * (high + 1 - low)
    low, high = _place(bar.low), _place(bar.high)
    cells[low : high + 1] = interval * (high + 1 - low)
    cells[low], cells[high] = left, right
    cells[_place(bar.share)] = share
    return "".join(cells)


def _place(share: float) -> int:
    return min(BAR_WIDTH - 1, int(share * BAR_WIDTH))


def _signs() -> tuple[str, ...]:
    return _DRAWN if _fits("".join(_DRAWN)) else _PLAIN


def _plain(text: str) -> str:
    """Return text with nothing in it that the terminal's encoding lacks."""
    return text if _fits(text) else text.replace("10⁹", "10^9").replace("×", "x")


def _fits(text: str) -> bool:
    encoding = sys.stdout.encoding or "ascii"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
