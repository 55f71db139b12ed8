"""``hemavision differential``."""

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

_FILE = click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path)


@dataclass(frozen=True)
class Options:
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
    options = Options(**given)
    from hemavision.cli.differential_table import print_table
    from hemavision.report.as_json import to_values

    report, failed = _report(options)
    if options.as_json:
        values = to_values(report)
        kept = ("differential", "in_words", "reference", "analyser", "estimate", "notice")
        click.echo(json.dumps({key: values[key] for key in kept}))
    else:
        print_table(report)
    sys.exit(1 if failed else 0)


def _report(options: Options) -> tuple[Report, int]:
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


def _analyser(options: Options) -> Analyser | None:
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
