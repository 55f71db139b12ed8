"""``hemavision detect``."""

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
    from hemavision.cli.field_outputs import Output
    from hemavision.reading.cell import Model
    from hemavision.reading.finding.detector import Finder

_FILE = click.Path(dir_okay=False, path_type=Path)
_FOLDER = click.Path(file_okay=False, path_type=Path)


@dataclass(frozen=True)
class Options:
    """The command line, as given."""

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
@click.option(
    "--model", metavar="NAME|FILE", help="A shipped model or a bundle; HEMAVISION_MODEL otherwise."
)
@click.option(
    "--detector",
    metavar="NAME|FILE",
    help="A shipped detector or a bundle; HEMAVISION_DETECTOR otherwise.",
)
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
    options = Options(paths=tuple(map(Path, names)), **given)
    from hemavision.batch.readers import FieldReader
    from hemavision.cli.job import Reads, make_ready, run_job
    from hemavision.cli.named import open_named_detector, open_named_model
    from hemavision.records.results import NOTICE

    make_ready(job)
    model, finder = open_named_model(options.model), open_named_detector(options.detector)
    if job.folder:
        reader = FieldReader(model, finder)
        run_job(job, names, options.heatmaps,
                Reads("detect", reader, model.reference, finder.reference, um_per_px))  # fmt: skip
    failed, done = _detect(options, model, finder)
    if failed:
        click.echo(f"{failed:,} of {failed + done:,} inputs failed.", err=True)
    if not options.as_json:
        click.echo(NOTICE)
    sys.exit(1 if failed else 0)


def _detect(options: Options, model: Model, finder: Finder) -> tuple[int, int]:
    """Run over every input; return how many failed and how many were done."""
    from hemavision.cli.inputs import open_in_batches
    from hemavision.cli.outputs import printable
    from hemavision.cli.progress import progress
    from hemavision.reading.field import read_smear

    failed = done = 0
    with ExitStack() as stack:
        outputs = _outputs(options, model, stack)
        advance = stack.enter_context(progress("Fields", lambda: sum(1 for _ in _inputs(options))))
        for batch in open_in_batches(_inputs(options)):
            for item in batch:
                if item.photo is None:
                    failed += 1
                    click.echo(printable(item.error), err=True)
                else:
                    done += 1
                    smear = read_smear(model, finder, item.photo.rgb)
                    for output in outputs:
                        output.write(item.source, item.photo, smear)
                advance(1)
    return failed, done


def _inputs(options: Options) -> Iterator[Path]:
    from hemavision.cli.inputs import find_images

    return find_images(options.paths, options.heatmaps)


def _outputs(options: Options, model: Model, stack: ExitStack) -> list[Output]:
    from hemavision.cli import field_outputs as out

    types = model.manifest.cell_types
    outputs: list[Output] = []
    root = out.root_of(options.paths)
    if options.heatmaps:
        outputs.append(out.Heatmaps(out.made(options.heatmaps)))
    if options.voc:
        outputs.append(out.voc_files(out.Places(out.made(options.voc), root)))
    if options.geojson:
        outputs.append(out.geojson_files(out.Places(out.made(options.geojson), root)))
    if options.yolo:
        outputs.append(out.yolo_files(out.Places(out.made(options.yolo), root), types))
    if options.csv_file:
        outputs.append(stack.enter_context(out.csv_file(options.csv_file)))
    if options.coco:
        outputs.append(stack.enter_context(out.coco_file(options.coco)))
    outputs.append(out.JsonLines() if options.as_json else out.Table())
    return outputs
