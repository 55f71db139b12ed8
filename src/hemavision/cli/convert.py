"""``hemavision convert``."""

from __future__ import annotations

import os
from pathlib import Path

import click

from hemavision.errors import BundleError


@click.command()
@click.argument("source", type=click.Path(exists=True, path_type=Path))
@click.argument("target", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--types",
    "cell_types",
    default="eosinophil,lymphocyte,monocyte,neutrophil",
    show_default=True,
    help="The cell types, in the order of the network's outputs.",
)
@click.option(
    "--size",
    "size_px",
    type=int,
    help="Side of the input in pixels, where the file leaves it.",
)
@click.option(
    "--scaling",
    type=click.Choice(["minus-one-to-one", "zero-to-one", "none", "torch", "caffe"]),
    default="minus-one-to-one",
    show_default=True,
    help="What the network was taught its pixels to be.",
)
@click.option(
    "--crop",
    type=click.Choice(["whole", "nucleus"]),
    default="whole",
    show_default=True,
    help="Whether it was taught whole images or squares around the cell.",
)
def convert(
    source: Path, target: Path, cell_types: str, size_px: int | None, scaling: str, crop: str
) -> None:
    """Turn the model SOURCE into TARGET; the formats are those of the suffixes.

    Reads .keras, .h5 and .weights.h5 of Keras 2 and 3, and bundles (.onnx). Writes bundles,
    .keras, .h5 that Keras 2 and 3 open, and .weights.h5. Nothing in SOURCE is executed.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from hemavision.compat.convert import Options, convert_model

    types = tuple(name.strip().lower() for name in cell_types.split(",") if name.strip())
    try:
        report = convert_model(source, target, Options(types, size_px, scaling, crop))
    except BundleError as error:
        raise click.ClickException(str(error)) from error
    click.echo(report)
