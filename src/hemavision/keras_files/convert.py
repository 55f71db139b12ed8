"""From any model file to any other: read as data, check, write.

The first network's configuration stands here for weights files that hold none. A Keras file may
stand where a bundle is asked for: it is converted once and kept in the cache.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs

import hemavision
from hemavision.errors import BundleError
from hemavision.graph.from_bundle import network_from_bundle
from hemavision.graph.network import Network
from hemavision.graph.shapes import shapes_of
from hemavision.graph.writer import (
    SCALINGS,
    BundleParts,
    check_convertible,
    write_network,
)
from hemavision.keras_files.loading import is_saved_model, read_network
from hemavision.keras_files.writing import write_model
from hemavision.models.blocks import (
    BLOCKS,
    CLASSES,
    EPSILON,
    HIDDEN_LAYERS,
    HIDDEN_UNITS,
    INPUT_PX,
    POOL_AFTER,
)
from hemavision.reading import bundle as bundles
from hemavision.reading.bundle import Manifest, sha256_of
from hemavision.reading.preprocess import PreprocessSpec
from hemavision.records.cells import FOUR_TYPES


def _layers() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield class, name and options of each layer, in order."""
    yield "InputLayer", "image", {"batch_input_shape": [None, INPUT_PX, INPUT_PX, 3]}
    for index, (filters, kernel, stride) in enumerate(BLOCKS, start=1):
        options = {
            "filters": filters,
            "kernel_size": [kernel, kernel],
            "strides": [stride, stride],
            "padding": "same",
            "activation": "relu",
        }
        yield "SeparableConv2D", f"separable_{index}", options
        name = "features" if index == len(BLOCKS) else f"norm_{index}"
        yield "BatchNormalization", name, {"epsilon": EPSILON}
        if index == POOL_AFTER:
            yield "MaxPooling2D", "pool", {"strides": [2, 2]}
    yield "GlobalAveragePooling2D", "embedding", {}
    for index in range(1, HIDDEN_LAYERS + 1):
        yield "Dense", f"dense_{index}", {"units": HIDDEN_UNITS, "activation": "relu"}
        yield "Dropout", f"dropout_{index}", {"rate": 0.5}
    yield "Dense", "probabilities", {"units": CLASSES, "activation": "softmax"}


def _config() -> dict[str, Any]:
    layers = list(_layers())
    entries: list[dict[str, Any]] = [
        {"class_name": kind, "name": name, "config": {"name": name, **options}, "inbound_nodes": []}
        for kind, name, options in layers
    ]
    for before, entry in pairwise(entries):
        entry["inbound_nodes"] = [[[before["name"], 0, 0, {}]]]
    config = {
        "name": "separable_cnn",
        "layers": entries,
        "input_layers": [["image", 0, 0]],
        "output_layers": [["probabilities", 0, 0]],
    }
    return {"class_name": "Functional", "config": config}


#: As Keras would have saved it.
CONFIG = _config()


#: A converted model has not been calibrated: whatever it says, a person should look.
NEVER_CONFIDENT = 1.1
MINUS_ONE_TO_ONE = "minus-one-to-one"
#: What only pixels of 0 to 255 are multiplied by (at most), or moved by (at least).
_WHOLE_PIXELS = (0.05, 2.0)
#: How a report calls what the network was taught on, by the crop.
WHAT_IT_SEES = {"whole": "whole images", "nucleus": "squares around the cell"}


@dataclass(frozen=True)
class Conversion:
    """What a model file does not say about itself.

    Attributes:
        cell_types: in the order of the outputs.
        size_px: side of the input in pixels, or ``None`` to take the file's.
        scaling: one of :data:`hemavision.graph.writer.SCALINGS`; None for
            :func:`usual_scaling`.
        crop: as in :class:`hemavision.reading.preprocess.PreprocessSpec`.
    """

    cell_types: tuple[str, ...] = FOUR_TYPES
    size_px: int | None = None
    scaling: str | None = None
    crop: str = "whole"


def convert_model(source: Path, target: Path, conversion: Conversion) -> str:
    """Convert ``source`` to ``target``, by their suffixes; return one line about it.

    Raises:
        BundleError: see :func:`read_model` and :func:`write_as`. Nothing is written then.
    """
    return write_as(read_model(source), source, target, conversion)


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


def write_as(network: Network, source: Path, target: Path, conversion: Conversion) -> str:
    """Write the network that was read from ``source`` as ``target``; return a line about it.

    Raises:
        BundleError: the network cannot be written as ``target``, or ``conversion`` do not fit it.
    """
    if conversion.size_px:
        network = network.with_input(conversion.size_px, conversion.size_px)
    parameters = sum(array.size for array in network.weights)
    report = f"{target}: {len(network.layers)} layers, {parameters} parameters"
    if target.suffix != ".onnx":
        if None not in network.input_shape:
            shapes_of(network)  # whatever does not fit is said before a file is begun
        write_model(network, target)
        return f"{report}."
    if source.suffix.lower() == ".onnx":
        raise BundleError(f"{source} is a bundle already; copy it, its calibration stays in it.")
    scaling = conversion.scaling or usual_scaling(network)
    _write_bundle(network, source, target, replace(conversion, scaling=scaling))
    return (
        f"{report}; taken to tell {', '.join(conversion.cell_types)} (in this order) on "
        f"{WHAT_IT_SEES[conversion.crop]} scaled {scaling}."
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


def _write_bundle(network: Network, source: Path, target: Path, conversion: Conversion) -> None:
    height, width, _ = network.input_shape
    if height != width or height is None:
        raise BundleError(
            f"The network takes images of {height} × {width}; give the side of a square one with "
            "--size."
        )
    check_convertible(network, conversion.cell_types)
    manifest = Manifest(
        name=target.stem,
        cell_types=conversion.cell_types,
        preprocess=PreprocessSpec(height, conversion.crop),
        check_below=NEVER_CONFIDENT,
        temperature=1.0,
        weights_sha256=network.weights_sha256(),
        training={"converted_from": source.name, "sha256": _digest(source)},
        licence="unknown",
    )
    scaling = SCALINGS[conversion.scaling or usual_scaling(network)]
    write_network(BundleParts(network, manifest, scaling), target)


def _digest(source: Path) -> str:
    """Return the SHA-256 of a file, or of a folder's files one after the other."""
    files = sorted(f for f in source.rglob("*") if f.is_file()) if source.is_dir() else [source]
    return sha256_of(b"".join(file.read_bytes() for file in files))


def as_bundle(path: Path) -> Path:
    """Return the bundle of a Keras file: the four types in order, whole images.

    A file is converted once, and anew when the converter has changed.

    Raises:
        BundleError: the file cannot be read, is not safe, or is another classifier, which
            ``hemavision convert`` takes with options.
    """
    key = sha256_of(f"{_converter()} {sha256_of(path.read_bytes())}".encode())
    cache = Path(platformdirs.user_cache_dir("hemavision")) / "converted" / key[:16]
    bundle = cache / f"{path.stem}.onnx"
    if not bundle.is_file():
        network = read_model(path)
        _check_usual(network, path)
        write_as(network, path, bundle, Conversion())
    return bundle


def _check_usual(network: Network, path: Path) -> None:
    """Refuse what needs a word that only ``hemavision convert`` takes, and say which."""
    units = next((la.options["units"] for la in network.layers[::-1] if la.kind == "Dense"), None)
    wanted = []
    if units not in (None, len(FOUR_TYPES)):
        wanted.append((f"tells {units} types apart, without their names", "--types A,B,…"))
    if None in network.input_shape:
        wanted.append(("leaves open how large its input is", "--size 224"))
    if wanted:
        whats, options = zip(*wanted, strict=True)
        raise BundleError(
            f"{path} {' and '.join(whats)}. Say it once: hemavision convert {path} "
            f"{path.stem}.onnx {' '.join(options)}; then --model {path.stem}.onnx."
        )


def _converter() -> str:
    """Return a digest of the code that converts."""
    total = hashlib.sha256(hemavision.__version__.encode())
    for source in (Path(bundles.__file__), *sorted(Path(__file__).parent.glob("*.py"))):
        total.update(source.read_bytes())
    return total.hexdigest()
