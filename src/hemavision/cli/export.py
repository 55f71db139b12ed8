"""``hemavision export``."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hemavision import settings

if TYPE_CHECKING:
    from hemavision.datasets.protocols import Protocol


@click.command()
@click.argument("run", type=click.Path(exists=True, path_type=Path))
@click.argument(
    "dataset", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path)
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The bundle to write; by default RUN with .onnx.",
)
def export(run: Path, dataset: Path | None, out: Path | None) -> None:
    """Write the finished training RUN as a calibrated bundle: one ONNX file.

    RUN may be a bundle, too: its doubt is fitted anew. DATASET is your own folder, where the run
    was trained on one.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from hemavision.datasets.protocols import CLASSIFIERS, DETECTORS
    from hemavision.datasets.splits import own_folders
    from hemavision.training.finish import export_run

    protocol = _protocol_of(run)
    if protocol in DETECTORS:
        _export_detector(run, DETECTORS[protocol], out or run.with_suffix(".onnx"))
        return
    if dataset:
        split = own_folders(dataset)
    elif protocol in CLASSIFIERS:
        split = CLASSIFIERS[protocol].split(settings.data_folder())
    else:
        raise click.UsageError(f"{run} was trained on a folder of yours; name it after RUN.")
    bundle = out or run.with_suffix(".onnx")
    if bundle == run:
        raise click.UsageError(f"{run} would be overwritten; name another file with --out.")
    with click.progressbar(length=1, label="Calibrating", hidden=not os.isatty(2)) as bar:

        def show(done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos)

        manifest = export_run(run, split, bundle, on_image=show)
    click.echo(
        f"{bundle}: {manifest.name}, temperature {manifest.temperature:.3f}, "
        f"check below {manifest.check_below:.3f}"
    )


def _protocol_of(run: Path) -> str:
    """Return what a run, or a bundle's, was trained by."""
    from hemavision.reading.engine import OnnxEngine
    from hemavision.training.run import CONFIG

    if run.is_file():
        config = OnnxEngine(run).manifest.training
    elif (run / CONFIG).exists():
        config = json.loads((run / CONFIG).read_text())
    else:
        raise click.UsageError(f"{run} holds no training run ({CONFIG} is missing).")
    return str(config.get("protocol", ""))


def _export_detector(run: Path, protocol: Protocol, bundle: Path) -> None:
    from hemavision.training.detector.finish import export_detector

    manifest = export_detector(run, protocol.fields(settings.data_folder()), bundle)
    chosen = ", ".join(f"{kind} from {least:.2f}" for kind, least in manifest.thresholds.items())
    click.echo(f"{bundle}: {manifest.name}, {chosen}")
