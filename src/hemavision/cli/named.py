"""The model and the detector that a command line names."""

from __future__ import annotations

from pathlib import Path

import click

from hemavision import settings
from hemavision.errors import BundleError
from hemavision.reading.cell import Model, open_model
from hemavision.reading.finding.detector import Finder, open_detector
from hemavision.records.cells import FOUR_TYPES

#: What a training notebook calls its best weights, and what Keras calls its files.
BEST, KERAS_SUFFIXES = "best_model.keras", {".keras", ".h5", ".hdf5"}


def open_named_model(name: str | None) -> Model:
    """Open the model of ``--model``, or the setting's; a Keras file is converted first.

    Raises:
        click.UsageError: there is no such model, or its file is not sound.
    """
    name = name or settings.text("model")
    try:
        return open_model(_bundle_of(Path(name)) if _is_keras_file(name) else name)
    except BundleError as error:
        raise click.UsageError(str(error)) from error


def model_beside() -> str | None:
    """Return :data:`BEST` where it lies in the current folder and HEMAVISION_MODEL names none."""
    return BEST if Path(BEST).is_file() and not settings.is_given("model") else None


def _is_keras_file(name: str) -> bool:
    return Path(name).suffix.lower() in KERAS_SUFFIXES and Path(name).is_file()


def _bundle_of(path: Path) -> Path:
    try:
        from hemavision.keras_files.convert import as_bundle
    except ImportError as error:
        raise click.UsageError(
            f"Reading {path.name} needs the packages h5py and onnx: pip install "
            "'hemavision[convert]'."
        ) from error
    bundle = as_bundle(path)
    click.echo(
        f"{path}: taken to tell {', '.join(FOUR_TYPES)} (in this order); "
        "`hemavision convert` takes other names and another order.",
        err=True,
    )
    return bundle


def open_named_detector(name: str | None) -> Finder:
    """Open the detector of ``--detector``, or the setting's.

    Raises:
        click.UsageError: there is no such detector, or its file is not sound.
    """
    try:
        return open_detector(name or settings.text("detector"))
    except BundleError as error:
        raise click.UsageError(str(error)) from error
