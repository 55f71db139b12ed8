"""``hemavision models`` and ``hemavision convert``, and the networks that a command line names."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hemavision import settings
from hemavision.errors import BundleError
from hemavision.records.cells import FOUR_TYPES

if TYPE_CHECKING:
    from hemavision.reading.cell import Model
    from hemavision.reading.finding.detector import Finder

#: Options of every command that reads images.
MODEL = click.option(
    "--model", metavar="NAME|FILE", help="A shipped model or a bundle; HEMAVISION_MODEL otherwise."
)
DETECTOR = click.option(
    "--detector",
    metavar="NAME|FILE",
    help="A shipped detector or a bundle; HEMAVISION_DETECTOR otherwise.",
)
#: Where a model is found, in words.
FOUND = {
    "wheel": "shipped in the wheel",
    "clone": "in this clone of the repository only, not in the wheel",
    "file": "a file of your own",
}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line and model.")
def models(as_json: bool) -> None:
    """List the models with their figures; * marks the one in use.

    The shipped ones are in the wheel; a clone of the repository has others beside them.

    For research use only. Not for use in diagnostic procedures.
    """
    from hemavision.reading.bundle import clone_bundles, find_bundle, shipped_bundles
    from hemavision.records.results import NOTICE

    in_use = find_bundle(settings.text("model")).resolve()
    found = {path.resolve(): "wheel" for path in shipped_bundles()}
    found |= {path.resolve(): "clone" for path in clone_bundles()}
    found.setdefault(in_use, "file")
    for path, where in found.items():
        record = _describe(path, path == in_use) | {"found": where}
        click.echo(json.dumps(record) if as_json else _as_text(record))
    if not as_json:
        click.echo(NOTICE)


def _describe(path: Path, default: bool) -> dict[str, Any]:
    from hemavision.reading.cell import open_model

    model = open_model(path, threads=1)
    manifest = model.manifest
    return {
        "name": manifest.name,
        "default": default,
        "cell_types": list(manifest.cell_types),
        "bytes": path.stat().st_size,
        "sha256": model.reference.sha256,
        "metrics": manifest.metrics,
        "training": manifest.training,
        "licence": manifest.licence,
    }


def _as_text(record: dict[str, Any]) -> str:
    lines = [
        f"{'*' if record['default'] else ' '} {record['name']}",
        f"    names    {', '.join(record['cell_types'])}",
        f"    file     {record['bytes'] / 1e6:.1f} MB, SHA-256 {record['sha256'][:12]}…",
        f"    found    {FOUND[record['found']]}",
    ]
    for protocol, figures in record["metrics"].items():
        lines.append(f"    {protocol}: {_figures(figures)}")
    if not record["metrics"] and record["found"] != "clone":  # the model card has those
        lines.append("    not evaluated: run `hemavision evaluate`")
    return "\n".join(lines)


def _figures(figures: dict[str, Any]) -> str:
    """Return one protocol's figures in a line: shares in percent, with intervals if given."""
    intervals = figures.get("intervals", {})
    shown = []
    for name in ("accuracy", "macro_precision", "macro_recall", "macro_f1"):
        if name in figures:
            text = f"{name.replace('_', ' ')} {100 * figures[name]:.1f}%"
            if name in intervals:
                low, high = intervals[name]
                text += f" ({100 * low:.1f} to {100 * high:.1f})"
            shown.append(text)
    return ", ".join(shown) or "no figures"


#: What a training notebook calls its best weights, and what Keras calls its files.
BEST, KERAS_SUFFIXES = "best_model.keras", {".keras", ".h5", ".hdf5"}


def open_named_model(name: str | None) -> Model:
    """Open the model of ``--model``, or the setting's; a Keras file is converted first.

    Raises:
        click.UsageError: there is no such model, or its file is not sound.
    """
    from hemavision.reading.cell import open_model

    try:
        return open_model(named_bundle(name))
    except BundleError as error:
        raise click.UsageError(str(error)) from error


def named_bundle(name: str | None) -> Path:
    """Return the bundle of ``--model``, or the setting's; a Keras file is converted first.

    Raises:
        click.UsageError: there is no such model, or its file cannot be converted.
    """
    from hemavision.reading.bundle import find_bundle

    name = name or settings.text("model")
    try:
        return _bundle_of(Path(name)) if _is_keras_file(name) else find_bundle(name)
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
    from hemavision.reading.finding.detector import open_detector

    try:
        return open_detector(named_detector(name))
    except BundleError as error:
        raise click.UsageError(str(error)) from error


def named_detector(name: str | None) -> Path:
    """Return the bundle of ``--detector``, or the setting's.

    Raises:
        click.UsageError: there is no such detector.
    """
    from hemavision.reading.finding.detector import find_detector

    try:
        return find_detector(name or settings.text("detector"))
    except BundleError as error:
        raise click.UsageError(str(error)) from error


DEFAULT_TYPES = ",".join(FOUR_TYPES)
SCALINGS = ("minus-one-to-one", "zero-to-one", "none", "torch", "caffe")
CROPS = ("whole", "nucleus")


@click.command()
@click.argument("source", type=click.Path(exists=True, path_type=Path))
@click.argument("target", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--types",
    "cell_types",
    help=f"The cell types, in the order of the network's outputs.  [default: {DEFAULT_TYPES}]",
)
@click.option(
    "--size",
    "size_px",
    type=click.IntRange(min=8),
    help="Side of the input in pixels, where the file leaves it open.",
)
@click.option(
    "--scaling",
    type=click.Choice(SCALINGS),
    help="What the network was taught its pixels to be.  "
    f"[default: {SCALINGS[0]}; none where it scales them itself]",
)
@click.option(
    "--crop",
    type=click.Choice(CROPS),
    help=f"Whether it was taught whole images or squares around the cell.  [default: {CROPS[0]}]",
)
def convert(
    source: Path,
    target: Path,
    cell_types: str | None,
    size_px: int | None,
    scaling: str | None,
    crop: str | None,
) -> None:
    """Turn the model SOURCE into TARGET; the formats are those of the suffixes.

    Reads .keras, .h5 and .weights.h5 of Keras 2 and 3, SavedModel folders, and bundles (.onnx).
    Writes bundles, .keras, .h5 that Keras 2 and 3 open, and .weights.h5. Nothing in SOURCE is
    executed. A bundle needs to know what a file does not say: at a terminal, what the options
    leave out is asked for.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from hemavision.keras_files.convert import Conversion, read_model, usual_scaling, write_as

    try:
        network = read_model(source)
        if target.suffix == ".onnx" and source.suffix != ".onnx" and sys.stdin.isatty():
            if None in network.input_shape:
                size_px = size_px or click.prompt("Side of the input in pixels", 224, type=int)
            cell_types = cell_types or click.prompt("Cell types, in order", DEFAULT_TYPES)
            scaling = scaling or click.prompt(
                "Pixels", usual_scaling(network), type=click.Choice(SCALINGS), show_choices=True
            )
            crop = crop or click.prompt("Taught on", CROPS[0], type=click.Choice(CROPS))
        names = (cell_types or DEFAULT_TYPES).split(",")
        types = tuple(name.strip().lower() for name in names if name.strip())
        conversion = Conversion(types, size_px, scaling, crop or CROPS[0])
        report = write_as(network, source, target, conversion)
    except BundleError as error:
        raise click.ClickException(str(error)) from error
    click.echo(report)
