"""From any model file to any other: read as data, check, write."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from hemavision.compat.bundle_writer import (
    SCALINGS,
    BundleParts,
    check_convertible,
    write_network,
)
from hemavision.compat.first_network import CONFIG
from hemavision.compat.from_bundle import network_from_bundle
from hemavision.compat.network import Network
from hemavision.compat.reading import read_network
from hemavision.compat.saved_model import is_saved_model
from hemavision.compat.shapes import shapes_of
from hemavision.compat.writing import write_model
from hemavision.errors import BundleError
from hemavision.reading.bundle import Manifest, sha256_of
from hemavision.reading.preprocess import PreprocessSpec
from hemavision.records.cells import FOUR_TYPES

#: A converted model has not been calibrated: whatever it says, a person should look.
NEVER_CONFIDENT = 1.1
MINUS_ONE_TO_ONE = "minus-one-to-one"
#: What only pixels of 0 to 255 are multiplied by (at most), or moved by (at least).
_WHOLE_PIXELS = (0.05, 2.0)
#: How a report calls what the network was taught on, by the crop.
WHAT_IT_SEES = {"whole": "whole images", "nucleus": "squares around the cell"}


@dataclass(frozen=True)
class Options:
    """What a model file does not say about itself.

    Attributes:
        cell_types: in the order of the outputs.
        size_px: side of the input in pixels, or ``None`` to take the file's.
        scaling: one of :data:`hemavision.compat.bundle_writer.SCALINGS`; None for
            :func:`usual_scaling`.
        crop: as in :class:`hemavision.reading.preprocess.PreprocessSpec`.
    """

    cell_types: tuple[str, ...] = FOUR_TYPES
    size_px: int | None = None
    scaling: str | None = None
    crop: str = "whole"


def convert_model(source: Path, target: Path, options: Options) -> str:
    """Convert ``source`` to ``target``, by their suffixes; return one line about it.

    Raises:
        BundleError: see :func:`read_model` and :func:`write_as`. Nothing is written then.
    """
    return write_as(read_model(source), source, target, options)


def read_model(source: Path) -> Network:
    """Return the network in a bundle, a file of any Keras or a SavedModel folder.

    Raises:
        BundleError: ``source`` cannot be read or is not safe.
    """
    suffix = source.suffix.lower()
    if suffix == ".onnx":
        return network_from_bundle(source)
    if suffix in (".keras", ".h5", ".hdf5") or is_saved_model(source):
        return read_network(source, CONFIG)
    raise BundleError(
        f"{source} is no model: neither .keras, .h5, .weights.h5 or .onnx, nor a SavedModel folder."
    )


def write_as(network: Network, source: Path, target: Path, options: Options) -> str:
    """Write the network that was read from ``source`` as ``target``; return a line about it.

    Raises:
        BundleError: the network cannot be written as ``target``, or ``options`` do not fit it.
    """
    if options.size_px:
        network = network.with_input(options.size_px, options.size_px)
    parameters = sum(array.size for array in network.weights)
    report = f"{target}: {len(network.layers)} layers, {parameters} parameters"
    if target.suffix != ".onnx":
        if None not in network.input_shape:
            shapes_of(network)  # whatever does not fit is said before a file is begun
        write_model(network, target)
        return f"{report}."
    if source.suffix.lower() == ".onnx":
        raise BundleError(f"{source} is a bundle already; copy it, its calibration stays in it.")
    scaling = options.scaling or usual_scaling(network)
    _write_bundle(network, source, target, replace(options, scaling=scaling))
    return (
        f"{report}; taken to tell {', '.join(options.cell_types)} (in this order) on "
        f"{WHAT_IT_SEES[options.crop]} scaled {scaling}."
    )


def usual_scaling(network: Network) -> str:
    """Return the scaling that a network of others was most likely taught.

    ``none`` where it begins by scaling pixels of 0 to 255 itself, ``minus-one-to-one`` else.
    """
    first = next((layer for layer in network.layers if layer.kind != "InputLayer"), None)
    if first is None or first.kind != "Rescaling":
        return MINUS_ONE_TO_ONE
    try:
        scale, offset = (np.abs(first.options[name]).max() for name in ("scale", "offset"))
    except (TypeError, ValueError) as error:
        raise BundleError(f"{first.name!r} scales by something that is no number.") from error
    whole = scale < _WHOLE_PIXELS[0] or offset > _WHOLE_PIXELS[1]
    return "none" if whole else MINUS_ONE_TO_ONE


def _write_bundle(network: Network, source: Path, target: Path, options: Options) -> None:
    height, width, _ = network.input_shape
    if height != width or height is None:
        raise BundleError(
            f"The network takes images of {height} × {width}; give the side of a square one with "
            "--size."
        )
    check_convertible(network, options.cell_types)
    manifest = Manifest(
        name=target.stem,
        cell_types=options.cell_types,
        preprocess=PreprocessSpec(height, options.crop),
        check_below=NEVER_CONFIDENT,
        temperature=1.0,
        weights_sha256=network.weights_sha256(),
        training={"converted_from": source.name, "sha256": _digest(source)},
        licence="unknown",
    )
    scaling = SCALINGS[options.scaling or usual_scaling(network)]
    write_network(BundleParts(network, manifest, scaling), target)


def _digest(source: Path) -> str:
    """Return the SHA-256 of a file, or of a folder's files one after the other."""
    files = sorted(f for f in source.rglob("*") if f.is_file()) if source.is_dir() else [source]
    return sha256_of(b"".join(file.read_bytes() for file in files))
