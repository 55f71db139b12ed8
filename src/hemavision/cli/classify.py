"""``hemavision classify``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hemavision.cli.job import job_options, taken

if TYPE_CHECKING:
    from hemavision.cli.inputs import Opened
    from hemavision.cli.job import Reads
    from hemavision.cli.outputs import Output
    from hemavision.reading.cell import Model


@dataclass(frozen=True)
class Options:
    """The command line, as given."""

    paths: tuple[Path, ...]
    model: str | None
    as_json: bool
    csv_file: Path | None
    heatmaps: Path | None


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path())
@click.option(
    "--model", metavar="NAME|FILE", help="A shipped model or a bundle; HEMAVISION_MODEL otherwise."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line and image.")
@click.option(
    "--csv",
    "csv_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write a table to this file as well; it appears when all is done.",
)
@click.option(
    "--heatmaps",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write each image with its heatmap into this folder, as PNG.",
)
@job_options
def classify(**given: Any) -> None:
    """Name the white blood cell in each image of PATHS.

    PATHS are image files (JPEG, PNG, BMP, GIF, TIFF, WebP) and folders, which are searched
    to any depth. A file that cannot be read is named on stderr, the others are done, and
    the exit status is 1.

    With --json each line has path, cell_type, confidence (0 to 1), probabilities, status
    (confident, check or unfamiliar), morphology, model and milliseconds. A byte of a file
    name that is not UTF-8 is written as a lone surrogate, \\udc80 to \\udcff, as Python
    reads it.

    With --job a million images become one table, in as many runs as it takes: docs/batch.md.

    For research use only. Not for use in diagnostic procedures.
    """
    job, names = taken(given, instead=("as_json", "csv_file")), given.pop("paths")
    options = Options(paths=tuple(map(Path, names)), **given)
    from hemavision.cli.job import make_ready, run_job
    from hemavision.cli.named import open_named_model
    from hemavision.records.results import NOTICE

    make_ready(job)
    model = open_named_model(options.model)
    if job.folder:
        run_job(job, names, options.heatmaps, _reads(model))
    failed, done = _classify(options, model)
    if failed:
        click.echo(f"{failed:,} of {failed + done:,} inputs failed.", err=True)
    if not options.as_json:
        click.echo(NOTICE)
    sys.exit(1 if failed else 0)


def _reads(model: Model) -> Reads:
    from hemavision.batch.readers import CellReader
    from hemavision.cli.job import Reads, detector_of_settings

    # Where a picture is a field, the detector of the settings finds its cell.
    return Reads("classify", CellReader(model), model.reference, detector_of_settings())


def _classify(options: Options, model: Model) -> tuple[int, int]:
    """Run over every input; return how many failed and how many were done."""
    from hemavision.cli.inputs import open_in_batches
    from hemavision.cli.outputs import printable

    failed = done = 0
    with ExitStack() as stack:
        outputs = _outputs(options, model, stack)
        advance = stack.enter_context(_progress(options))
        for batch in open_in_batches(_inputs(options)):
            for item in batch:
                if item.photo is None:
                    failed += 1
                    click.echo(printable(item.error), err=True)
            done += _answer(model, batch, outputs)
            advance(len(batch))
    return failed, done


def _answer(model: Model, batch: list[Opened], outputs: list[Output]) -> int:
    opened = [(item.source, item.photo) for item in batch if item.photo is not None]
    predictions = model.predict_arrays([photo.rgb for _, photo in opened])
    for (path, photo), prediction in zip(opened, predictions, strict=True):
        for output in outputs:
            output.write(path, photo, prediction)
    return len(opened)


def _inputs(options: Options) -> Iterator[Path]:
    from hemavision.cli.inputs import find_images

    return find_images(options.paths, options.heatmaps)


def _outputs(options: Options, model: Model, stack: ExitStack) -> list[Output]:
    from hemavision.cli.outputs import Heatmaps, JsonLines, Table, atomic_csv

    outputs: list[Output] = []
    if options.heatmaps:
        try:
            options.heatmaps.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise click.UsageError(f"Cannot make {options.heatmaps}: {error.strerror}.") from error
        outputs.append(Heatmaps(options.heatmaps))
    if options.csv_file:
        csv_file = atomic_csv(options.csv_file, model.manifest.cell_types)
        outputs.append(stack.enter_context(csv_file))
    outputs.append(JsonLines() if options.as_json else Table())
    return outputs


def _progress(options: Options) -> Any:
    """Return a context that gives ``advance(count)``; a bar on a terminal, nothing in a pipe."""
    from hemavision.cli.progress import progress

    return progress("Images", lambda: sum(1 for _ in _inputs(options)))
