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
    from hemavision.datasets.splits import Split


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
@click.option(
    "--int8",
    is_flag=True,
    help="RUN is a bundle: write it in eight bits, with what it says otherwise as it is.",
)
def export(run: Path, dataset: Path | None, out: Path | None, int8: bool) -> None:
    """Write the finished training RUN as a calibrated bundle: one ONNX file.

    RUN may be a bundle, too: its doubt is fitted anew. DATASET is your own folder, where the run
    was trained on one.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from hemavision.datasets.protocols import CLASSIFIERS, DETECTORS
    from hemavision.datasets.splits import own_folders

    bundle = out or run.with_suffix(".onnx")
    if bundle == run:
        raise click.UsageError(f"{run} would be overwritten; name another file with --out.")
    if int8 and not run.is_file():
        raise click.UsageError(f"{run} is a run: export it, and then the bundle with --int8.")
    protocol = _protocol_of(run)
    if protocol in DETECTORS:
        _export_detector(run, DETECTORS[protocol], bundle, int8)
        return
    if dataset:
        split = own_folders(dataset)
    elif protocol in CLASSIFIERS:
        split = CLASSIFIERS[protocol].split(settings.data_folder())
    else:
        raise click.UsageError(f"{run} was trained on a folder of yours; name it after RUN.")
    if int8:
        from hemavision.training.command import typed
        from hemavision.training.eight_bits import classifier_in_eight_bits

        classifier_in_eight_bits(run, split.train, bundle, typed())
        click.echo(f"{bundle}: {bundle.stat().st_size:,} bytes, {run} had {run.stat().st_size:,}")
        return
    _export_classifier(run, split, bundle)


def _export_classifier(run: Path, split: Split, bundle: Path) -> None:
    from hemavision.training.finish import export_run

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
    from hemavision.reading import bundle
    from hemavision.reading.finding import manifest
    from hemavision.reading.onnx_session import open_network
    from hemavision.training.run import CONFIG

    if run.is_file():
        metadata = open_network(run, threads=1).metadata
        written = (metadata.get(key) for key in (bundle.MANIFEST_KEY, manifest.MANIFEST_KEY))
        config = json.loads(next(filter(None, written), "{}")).get("training", {})
    elif (run / CONFIG).exists():
        config = json.loads((run / CONFIG).read_text())
    else:
        raise click.UsageError(f"{run} holds no training run ({CONFIG} is missing).")
    return str(config.get("protocol", ""))


def _export_detector(run: Path, protocol: Protocol, bundle: Path, int8: bool) -> None:
    fields = protocol.fields(settings.data_folder())
    if int8:
        from hemavision.training.command import typed
        from hemavision.training.eight_bits import detector_in_eight_bits

        detector_in_eight_bits(run, fields.train, bundle, typed())
        click.echo(f"{bundle}: {bundle.stat().st_size:,} bytes, {run} had {run.stat().st_size:,}")
        return
    from hemavision.training.detector.finish import export_detector

    manifest = export_detector(run, fields, bundle)
    chosen = ", ".join(f"{kind} from {least:.2f}" for kind, least in manifest.thresholds.items())
    click.echo(f"{bundle}: {manifest.name}, {chosen}")
