"""``hemavision classify``."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hemavision.cli.jobs import job_options, taken
from hemavision.cli.models import MODEL

if TYPE_CHECKING:
    from hemavision.cli.jobs import Reads
    from hemavision.cli.outputs import Output
    from hemavision.reading.cell import Model
    from hemavision.records.results import Prediction


@dataclass(frozen=True)
class ClassifyOptions:
    """The command line of ``classify``, as given."""

    paths: tuple[Path, ...]
    model: str | None
    as_json: bool
    csv_file: Path | None
    heatmaps: Path | None


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path())
@MODEL
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
    asked = ClassifyOptions(paths=tuple(map(Path, names)), **given)
    from hemavision.cli.jobs import make_ready, run_job
    from hemavision.cli.models import named_bundle, open_named_model
    from hemavision.cli.runner import Inputs, conclude, run

    make_ready(job)
    bundle = named_bundle(asked.model)
    model = open_named_model(str(bundle))
    if job.folder:
        run_job(job, names, asked.heatmaps, _reads(model, bundle))
    with ExitStack() as stack:
        failed, done = run(
            "Images",
            Inputs(asked.paths, asked.heatmaps),
            lambda photos: model.predict_arrays([photo.rgb for photo in photos]),
            _outputs(asked, model, stack),
        )
    conclude(failed, done, asked.as_json)


def _reads(model: Model, bundle: Path) -> Reads:
    from hemavision.batch.readers import CellReader
    from hemavision.cli.jobs import Reads, reference_of
    from hemavision.cli.models import named_detector

    # Where a picture is a field, the detector of the settings finds its cell.
    detector = named_detector(None)
    return Reads("classify", CellReader(model), model.reference, reference_of(detector),
                 (bundle, detector))  # fmt: skip


def _outputs(asked: ClassifyOptions, model: Model, stack: ExitStack) -> list[Output[Prediction]]:
    from hemavision.cli import outputs as out

    outputs: list[Output[Prediction]] = []
    if asked.heatmaps:
        outputs.append(out.cell_heatmaps(out.made(asked.heatmaps)))
    if asked.csv_file:
        stream = stack.enter_context(out.atomic_text(asked.csv_file))
        outputs.append(out.CellCsv(stream, model.manifest.cell_types))
    outputs.append(out.JsonLines(out.cell_values) if asked.as_json else out.CellTable())
    return outputs
