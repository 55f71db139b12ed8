"""Builds a network anew from the layers of whatever Keras is installed, 2 or 3."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from hemavision.errors import BundleError
from hemavision.graph.from_bundle import network_from_bundle
from hemavision.graph.network import Layer, Network
from hemavision.models.installed import MAJOR, keras, layers

#: What the installed Keras calls an option, where that changed.
_RENAMED = {"LeakyReLU": {"negative_slope": "alpha"}}


def keras_model(network: Network) -> Any:
    """Return the network as a ``keras.Model`` with its weights, ready to answer.

    Raises:
        BundleError: the weights do not fit the layers.
    """
    tensors: dict[str, Any] = {}
    for layer in network:
        if layer.kind == "InputLayer":
            tensors[layer.name] = keras.Input(
                tuple(layer.options["batch_shape"][1:]), name=layer.name
            )
            continue
        sources = [tensors[name] for name in layer.inputs]
        try:
            arguments = _arguments(layer)
            built = getattr(layers, layer.kind)(**arguments, name=layer.name)
            _keep_plain(built, arguments)
            tensors[layer.name] = built(sources if len(sources) > 1 else sources[0])
            if layer.weights:
                built.set_weights(_in_its_types(built, layer.weights))
        except (ValueError, TypeError) as error:
            raise BundleError(
                f"Layer {layer.name!r} ({layer.kind}) is not sound: {error}"
            ) from error
    return keras.Model(
        tensors[network.layers[0].name], tensors[network.output.name], name=network.name
    )


def _arguments(layer: Layer) -> dict[str, Any]:
    renamed = {} if MAJOR >= 3 else _RENAMED.get(layer.kind, {})
    arguments = {renamed.get(name, name): value for name, value in layer.options.items()}
    if layer.kind == "Conv2D" and arguments["groups"] == 1:
        del arguments["groups"]
    if layer.kind == "Rescaling":  # Keras saves a list as it is, and a tuple as an object
        return arguments
    return {name: _tuples(value) for name, value in arguments.items()}


def _keep_plain(built: Any, arguments: dict[str, Any]) -> None:
    """Undo what Keras 2.12 does to numbers: a slope kept as an array is one it cannot read back."""
    for name, value in arguments.items():
        if isinstance(value, float) and isinstance(getattr(built, name, None), np.ndarray):
            setattr(built, name, value)


def _tuples(value: Any) -> Any:
    return tuple(_tuples(item) for item in value) if isinstance(value, list) else value


def _in_its_types(built: Any, arrays: tuple[np.ndarray, ...]) -> list[np.ndarray]:
    """Counters (of Normalization) are integers in one Keras and not in another."""
    own = built.get_weights()
    if len(own) != len(arrays):
        raise ValueError(f"it has {len(own)} weights here and {len(arrays)} in the file")
    return [array.astype(mine.dtype) for array, mine in zip(arrays, own, strict=True)]


def keras_from_bundle(path: Path) -> Any:
    """Return the trained network of the bundle at ``path`` as a ``keras.Model``.

    It takes float32 N×S×S×3 in the network's own scale (for the shipped ones [-1, 1]) and
    gives float32 N×K probabilities before calibration.

    Raises:
        BundleError: see :func:`network_from_bundle`.
    """
    return keras_model(network_from_bundle(path))
