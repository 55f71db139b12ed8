"""``hemavision convert``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from hemavision.errors import BundleError
from hemavision.records.cells import FOUR_TYPES

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
    from hemavision.keras_files.convert import Options, read_model, usual_scaling, write_as

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
        options = Options(types, size_px, scaling, crop or CROPS[0])
        report = write_as(network, source, target, options)
    except BundleError as error:
        raise click.ClickException(str(error)) from error
    click.echo(report)
