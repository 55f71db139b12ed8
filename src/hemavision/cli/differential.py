"""``hemavision differential``, and its table: a line a type, its interval drawn beside it."""

from __future__ import annotations

import json
import math
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hemavision import settings

if TYPE_CHECKING:
    from hemavision.differential import Analyser, Confusion
    from hemavision.report import Report
    from hemavision.report.rows import Bar, Row

_FILE = click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path)


@dataclass(frozen=True)
class DifferentialOptions:
    """The command line, as given."""

    cells: Path | None
    counts: str | None
    wbc: str | None
    without_nrbc: bool
    reference: str | None
    target: int
    analyser: str | None
    analyser_cells: int | None
    confusion: Path | None
    as_json: bool


@click.command()
@click.argument("cells", required=False, type=_FILE)
@click.option(
    "--counts", metavar="TYPE=N,…", help="Cells by type instead: neutrophil=58,lymphocyte=30,…"
)
@click.option(
    "--wbc",
    metavar="COUNT",
    help="Total white cell count, for absolutes: 6.2 (10⁹/L), or with its unit, 6200/ul.",
)
@click.option(
    "--wbc-without-nrbc",
    "without_nrbc",
    is_flag=True,
    help="The analyser left nucleated red cells out of --wbc: do not correct it.",
)
@click.option(
    "--reference",
    metavar="NAME|FILE",
    help="Reference ranges: a shipped profile or a TOML file; HEMAVISION_REFERENCE otherwise.",
)
@click.option("--target", type=int, default=100, show_default=True, help="White cells to count.")
@click.option(
    "--analyser", metavar="TYPE=%,…", help="An analyser's percentages, to compare with the slide."
)
@click.option("--analyser-cells", type=int, metavar="N", help="White cells that it classified.")
@click.option(
    "--confusion",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The model's record by `evaluate --json`: adds an estimate that corrects its confusions.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def differential(**given: Any) -> None:
    """Count a differential, with its uncertainty.

    CELLS is what `hemavision classify` or `detect` wrote with `--csv FILE` or `--json`, as it is
    or as a spreadsheet saved it again; - reads standard input. Cells of status unfamiliar are left
    out: a person has to decide on them. So are cells that the border of a field cuts. A line that
    cannot be read is named on stderr, the others are counted, and the exit status is 1.

    Types go by their usual names, plurals, abbreviations and analysers' codes: neutrophils, segs
    and bands (added up), NEUT, LYMPH, MONO, EO, BASO, IG, NRBC.

    Each share has its exact 95% interval, drawn beside it. It is called high or low only where
    the whole interval lies outside the reference range, and possibly so where the share alone
    does.

    For research use only. Not for use in diagnostic procedures.
    """
    options = DifferentialOptions(**given)
    from hemavision.report.as_json import to_values

    report, failed = _report(options)
    if options.as_json:
        values = to_values(report)
        kept = ("differential", "in_words", "reference", "analyser", "estimate", "notice")
        click.echo(json.dumps({key: values[key] for key in kept}))
    else:
        print_table(report)
    sys.exit(1 if failed else 0)


def _report(options: DifferentialOptions) -> tuple[Report, int]:
    """Return what was counted and how many lines could not be read."""
    from hemavision.cli.counted import parse_pairs, read_cells
    from hemavision.differential import Terms
    from hemavision.differential.counting import CORRECT_FROM
    from hemavision.differential.names import white_cells_from
    from hemavision.records.classes import load_classes
    from hemavision.records.reference import load_profile
    from hemavision.report import Report, ReportInput

    if (options.cells is None) == (options.counts is None):
        raise click.UsageError("Give either a file of CELLS or --counts.")
    failed = 0
    if options.counts is not None:
        counts = {name: int(n) for name, n in parse_pairs("--counts", options.counts, int).items()}
    else:
        counts, failed = read_cells(options.cells or Path("-"))
    terms = Terms(
        profile=load_profile(
            options.reference or settings.text("reference"),
            load_classes(settings.text("classes"), None).names(),
        ),
        white_cells=None if options.wbc is None else white_cells_from(options.wbc),
        target=options.target,
        correct_from=math.inf if options.without_nrbc else CORRECT_FROM,
    )
    confusion = _confusion(options.confusion)
    given = ReportInput(
        case_id="",
        case_name="",
        counts=counts,
        made_at="",
        terms=terms,
        analyser=_analyser(options),
        model_calls=counts if confusion else None,
        confusion=confusion,
    )
    return Report.of(given), failed


def _analyser(options: DifferentialOptions) -> Analyser | None:
    from hemavision.cli.counted import parse_pairs
    from hemavision.differential import Analyser

    if options.analyser is None:
        if options.analyser_cells is not None:
            raise click.UsageError("--analyser-cells needs --analyser.")
        return None
    percents = parse_pairs("--analyser", options.analyser, float)
    return Analyser(percents, options.analyser_cells)


def _confusion(path: Path | None) -> Confusion | None:
    from hemavision.differential import Confusion

    if path is None:
        return None
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        rows = tuple(tuple(int(count) for count in row) for row in record["confusion"])
        return Confusion(tuple(record["cell_types"]), rows, str(record["protocol"]))
    except (ValueError, KeyError, TypeError) as error:
        raise click.BadParameter(
            f"{path} is no record of `hemavision evaluate --json` with cell_types, confusion and "
            f"protocol: {error!r}."
        ) from error


BAR_WIDTH = 40
#: Reference range, interval, its ends and the share; and the same for a terminal without them.
_DRAWN, _PLAIN = ("░", "─", "├", "┤", "●"), (".", "-", "[", "]", "o")
_COLOURS = {"sure": "red", "open": "yellow"}


def print_table(report: Report) -> None:
    """Print the differential, its findings in words, and the notice."""
    from hemavision.records.results import NOTICE
    from hemavision.report import in_words
    from hemavision.report.rows import rows_of

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
    from hemavision.report.rows import top_of_scale

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
