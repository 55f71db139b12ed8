"""``hemavision export``."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click

from hemavision import settings
from hemavision.cli.train import DETECTION


@click.command()
@click.argument("run", type=click.Path(exists=True, file_okay=False, path_type=Path))
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

    DATASET is your own folder, where the run was trained on one.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from hemavision.training import splits
    from hemavision.training.finish import export_run
    from hemavision.training.run import CONFIG

    config = run / CONFIG
    if not config.exists():
        raise click.UsageError(f"{run} holds no training run ({CONFIG} is missing).")
    protocol = json.loads(config.read_text())["protocol"]
    if protocol == DETECTION:
        _export_detector(run, out or run.with_suffix(".onnx"))
        return
    if dataset:
        split = splits.own_folders(dataset)
    elif protocol in splits.PROTOCOLS:
        split = splits.PROTOCOLS[protocol](settings.data_folder())
    else:
        raise click.UsageError(f"{run} was trained on a folder of yours; name it after RUN.")
    bundle = out or run.with_suffix(".onnx")
    with click.progressbar(length=1, label="Calibrating", hidden=not os.isatty(2)) as bar:

        def show(done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos)

        manifest = export_run(run, split, bundle, on_image=show)
    click.echo(
        f"{bundle}: {manifest.name}, temperature {manifest.temperature:.3f}, "
        f"check below {manifest.check_below:.3f}"
    )


def _export_detector(run: Path, bundle: Path) -> None:
    from hemavision.training.detector.fields import split_fields
    from hemavision.training.detector.finish import export_detector

    manifest = export_detector(run, split_fields(settings.data_folder()), bundle)
    chosen = ", ".join(f"{kind} from {least:.2f}" for kind, least in manifest.thresholds.items())
    click.echo(f"{bundle}: {manifest.name}, {chosen}")
