"""``hemavision detect``."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hemavision.cli.jobs import job_options, taken
from hemavision.cli.models import DETECTOR, MODEL

if TYPE_CHECKING:
    from hemavision.cli.outputs import Output
    from hemavision.reading.cell import Model
    from hemavision.reading.found import Smear

_FILE = click.Path(dir_okay=False, path_type=Path)
_FOLDER = click.Path(file_okay=False, path_type=Path)


@dataclass(frozen=True)
class DetectOptions:
    """The command line of ``detect``, as given."""

    paths: tuple[Path, ...]
    model: str | None
    detector: str | None
    as_json: bool
    csv_file: Path | None
    coco: Path | None
    voc: Path | None
    yolo: Path | None
    geojson: Path | None
    heatmaps: Path | None


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path())
@MODEL
@DETECTOR
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line and field.")
@click.option("--csv", "csv_file", type=_FILE, help="Write a table of all cells to this file.")
@click.option("--coco", type=_FILE, help="Write all fields to this file as a COCO data set.")
@click.option("--voc", type=_FOLDER, help="Write a Pascal VOC file a field into this folder.")
@click.option(
    "--yolo", type=_FOLDER, help="Write a YOLO label file a field and classes.txt into this folder."
)
@click.option("--geojson", type=_FOLDER, help="Write a GeoJSON file a field for QuPath.")
@click.option(
    "--heatmaps",
    type=_FOLDER,
    help="Write each field with its white cells' heatmaps into this folder, as PNG.",
)
@click.option(
    "--um-per-px",
    type=click.FloatRange(0.02, 0.65),
    metavar="µm",
    help="Side of a pixel of the whole slides that do not say it; with --job.",
)
@job_options
def detect(**given: Any) -> None:
    """Find, count and name the cells of each smear field in PATHS.

    PATHS are image files (JPEG, PNG, BMP, GIF, TIFF, WebP) and folders, which are searched
    to any depth. A file that cannot be read is named on stderr, the others are done, and
    the exit status is 1.

    The files of --voc, --yolo and --geojson lie in folders as the images do.

    With --json each line has path, notes (what was done to open the image), width, height,
    cells (each with kind, box, score, cut, clumped and, for a white cell, its whole prediction),
    counts, differential, estimates (white cells per 1,000 red cells, platelets per red cell, with
    exact 95% intervals),
    warnings, sharpness, detector and milliseconds. Cells that the border cuts and cells
    unlike all that the model has seen are in no count of the differential.

    With --job a million fields become one table, in as many runs as it takes: docs/batch.md.
    A job reads whole slides, too (SVS, NDPI, MRXS, SCN, pyramids in TIFF, DICOM): docs/slides.md.

    For research use only. Not for use in diagnostic procedures.
    """
    instead = ("as_json", "csv_file", "coco", "voc", "yolo", "geojson")
    job, names = taken(given, instead), given.pop("paths")
    um_per_px = given.pop("um_per_px")
    if um_per_px and not job.folder:
        raise click.UsageError("--um-per-px is about whole slides: give --job FOLDER as well.")
    asked = DetectOptions(paths=tuple(map(Path, names)), **given)
    from hemavision.batch.readers import FieldReader
    from hemavision.cli.jobs import Reads, make_ready, run_job
    from hemavision.cli.models import (
        named_bundle,
        named_detector,
        open_named_detector,
        open_named_model,
    )
    from hemavision.cli.runner import Inputs, conclude, run
    from hemavision.reading.field import read_smear

    make_ready(job)
    bundles = named_bundle(asked.model), named_detector(asked.detector)
    model, finder = open_named_model(str(bundles[0])), open_named_detector(str(bundles[1]))
    if job.folder:
        reader = FieldReader(model, finder)
        run_job(job, names, asked.heatmaps,
                Reads("detect", reader, model.reference, finder.reference, bundles,
                      um_per_px))  # fmt: skip
    with ExitStack() as stack:
        failed, done = run(
            "Fields",
            Inputs(asked.paths, asked.heatmaps),
            # One at a time: a field's heatmaps are large.
            lambda photos: (read_smear(model, finder, photo.rgb) for photo in photos),
            _outputs(asked, model, stack),
        )
    conclude(failed, done, asked.as_json)


def _outputs(asked: DetectOptions, model: Model, stack: ExitStack) -> list[Output[Smear]]:
    from hemavision.cli import outputs as out

    types = model.manifest.cell_types
    outputs: list[Output[Smear]] = []
    root = out.root_of(asked.paths)
    if asked.heatmaps:
        outputs.append(out.field_heatmaps(out.made(asked.heatmaps)))
    if asked.voc:
        outputs.append(out.voc_files(out.Places(out.made(asked.voc), root)))
    if asked.geojson:
        outputs.append(out.geojson_files(out.Places(out.made(asked.geojson), root)))
    if asked.yolo:
        outputs.append(out.yolo_files(out.Places(out.made(asked.yolo), root), types))
    if asked.csv_file:
        outputs.append(out.FieldCsv(stack.enter_context(out.atomic_text(asked.csv_file))))
    if asked.coco:
        outputs.append(stack.enter_context(out.coco_file(asked.coco)))
    outputs.append(out.JsonLines(out.field_values) if asked.as_json else out.FieldTable())
    return outputs
