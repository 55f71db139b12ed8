"""Writes a network as a model file that Keras opens by itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from hemavision.errors import BundleError
from hemavision.graph.kinds import KINDS, config_of
from hemavision.graph.network import Layer, Network
from hemavision.graph.writer import written_whole

#: The words that the file is written in; Keras 3 reads them, too.
_KERAS_VERSION = "2.13.1"


def write_model(network: Network, path: Path) -> None:
    """Write ``network`` in the format of the path's suffix.

    ``.h5`` opens in Keras 2 and 3 and is written without either. ``.keras`` and
    ``.weights.h5`` are written by the installed Keras in its own version's form.

    Raises:
        BundleError: another suffix, or no Keras is installed where one is needed.
    """
    with written_whole(path) as part:
        if path.name.endswith(".weights.h5"):
            _keras_model(network).save_weights(part)
        elif path.suffix == ".h5":
            _write_h5(network, part)
        elif path.suffix == ".keras":
            _save_archive(_keras_model(network), part)
        else:
            raise BundleError(f"{path} has no suffix that Keras knows: .keras, .h5 or .weights.h5.")


def _keras_model(network: Network) -> Any:
    try:
        from hemavision.keras_files.rebuild import keras_model
    except ImportError as error:
        raise BundleError(
            "Only an installed Keras writes .keras and .weights.h5: pip install "
            "'hemavision[train]'; .h5 needs none."
        ) from error
    return keras_model(network)


def _save_archive(model: Any, path: Path) -> None:
    from hemavision.models.installed import MAJOR

    # Keras 2.12 writes HDF5 under that name unless told; Keras 3 must not be told.
    model.save(path, **({} if MAJOR >= 3 else {"save_format": "keras_v3"}))


def _write_h5(network: Network, path: Path) -> None:
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = _KERAS_VERSION
        file.attrs["backend"] = "tensorflow"
        file.attrs["model_config"] = json.dumps(config_of(network))
        root = file.create_group("model_weights")
        root.attrs["keras_version"] = _KERAS_VERSION
        root.attrs["backend"] = "tensorflow"
        ordered = _as_keras_counts(network)
        _name(root, "layer_names", [layer.name for layer in ordered])
        for layer in ordered:
            group = root.create_group(layer.name)
            names = [f"{layer.name}/{w}:0" for w in KINDS[layer.kind].weights(layer.options)]
            _name(group, "weight_names", names)
            for name, array in zip(names, layer.weights, strict=True):
                group.create_dataset(name, data=array)


def _as_keras_counts(network: Network) -> list[Layer]:
    """Return the layers in the order that Keras 2 and 3 give a functional model's.

    Both match a legacy file's layers to the model's by position, not by name: deepest first
    (the longest way to the output), and of one depth in the order in which a depth-first walk
    from the output meets them.
    """
    depths: dict[str, int] = {}
    for layer in reversed(network.layers):
        depth = depths.setdefault(layer.name, 0)
        for name in layer.inputs:
            depths[name] = max(depths.get(name, 0), depth + 1)
    met: dict[str, int] = {}
    ahead = [network.output.name]
    inputs = {layer.name: layer.inputs for layer in network}
    while ahead:
        name = ahead.pop()
        if name not in met:
            met[name] = len(met)
            ahead += reversed(inputs[name])
    return sorted(network, key=lambda layer: (-depths[layer.name], met[layer.name]))


def _name(group: h5py.Group, attribute: str, names: list[str]) -> None:
    """Write a list of names; HDF5 holds 64 kB in an attribute, so Keras numbers the parts."""
    encoded = np.array([name.encode() for name in names] or [], dtype="S")
    if encoded.nbytes < 60_000:
        group.attrs[attribute] = encoded
        return
    parts = np.array_split(encoded, -(-encoded.nbytes // 60_000))
    for index, part in enumerate(parts):
        group.attrs[f"{attribute}{index}"] = part
