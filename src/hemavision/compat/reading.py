"""Opens a model file of any Keras, by its suffix, as a :class:`Network`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from hemavision.compat.architecture import Plan, plan_of
from hemavision.compat.archive import MAX_WEIGHTS, parse_config, read_archive
from hemavision.compat.hdf5 import SIGNATURE, Group, read_hdf5
from hemavision.compat.kinds import KINDS
from hemavision.compat.network import Layer, Network
from hemavision.compat.saved_model import is_saved_model, read_saved_model
from hemavision.compat.weights import Place, Weights, find_weights, place_weights
from hemavision.errors import BundleError


def read_network(path: Path, architecture: dict[str, Any]) -> Network:
    """Return the network in a ``.keras``, ``.h5`` or ``.weights.h5`` file or a SavedModel folder.

    Nothing in the file is executed, imported or looked up outside it.

    Args:
        path: the file.
        architecture: the configuration (``class_name``, ``config``) to take where the file
            holds weights alone.

    Raises:
        BundleError: it cannot be read, is not safe to read, or is no classifier of one image.
    """
    origin = str(path)
    if is_saved_model(path):
        config, named = read_saved_model(path)
        plan = plan_of(config or architecture, origin)
        return network_of(plan, place_weights(plan, named, origin))
    if path.suffix.lower() == ".keras" and not _is_hdf5(path):
        config, content = read_archive(path)
        weights = read_hdf5(content, origin)
    else:
        weights = read_hdf5(_content(path), origin)
        config = _saved_config(weights, origin) or architecture
    plan = plan_of(config, origin)
    return network_of(plan, find_weights(plan, weights, origin))


def network_from_keras(model: Any) -> Network:
    """Return a ``keras.Model``, of Keras 2 or 3, as a network.

    Raises:
        BundleError: a layer is of a kind that HemaVision does not know.
    """
    plan = plan_of(json.loads(model.to_json()), model.name)
    return network_of(plan, dict(_own_weights(model, ())))


def _own_weights(model: Any, above: Place) -> Iterator[tuple[Place, tuple[np.ndarray, ...]]]:
    for layer in model.layers:
        if hasattr(layer, "layers"):
            yield from _own_weights(layer, (*above, layer.name))
        else:
            yield (*above, layer.name), tuple(layer.get_weights())


def _is_hdf5(path: Path) -> bool:
    """Keras up to 2.12 writes HDF5 under the suffix ``.keras``, too."""
    if not path.is_file():
        return False
    with path.open("rb") as stream:
        return stream.read(len(SIGNATURE)) == SIGNATURE


def _content(path: Path) -> bytes:
    if not path.is_file():
        raise BundleError(f"No model file at {path}.")
    size = path.stat().st_size
    if not 0 < size <= MAX_WEIGHTS:
        raise BundleError(f"{path} has {size} bytes; a model file has 1 to {MAX_WEIGHTS}.")
    return path.read_bytes()


def _saved_config(file: Group, origin: str) -> dict[str, Any] | None:
    texts = file.strings.get("model_config")
    return parse_config(texts[0], origin) if texts else None


def network_of(plan: Plan, weights: Weights) -> Network:
    """Return the plan with its weights as one flat network: inner models are laid open.

    Raises:
        BundleError: it has not exactly one input and one output.
    """
    layers, outputs = _flatten(plan, weights, (), [])
    if len(outputs) != 1:
        raise BundleError(f"{plan.name} has {len(outputs)} outputs; a classifier has one.")
    return Network(plan.name, tuple(_needed(layers, outputs[0])))


def _flatten(
    plan: Plan, weights: Weights, above: Place, fed_by: list[str]
) -> tuple[list[Layer], list[str]]:
    """Return a model's layers and the names of its outputs; ``fed_by`` replaces its inputs."""
    result: list[Layer] = []
    # What a name in this model is called in the flat network.
    called = dict(zip(plan.inputs, fed_by, strict=True)) if fed_by else {}
    for layer in _in_order(plan):
        if layer.name in called:
            continue
        inputs = [called[name] for name in layer.inputs]
        if layer.inner:
            inner, ends = _flatten(layer.inner, weights, (*above, layer.name), inputs)
            result += inner
            called[layer.name] = ends[0]
        elif KINDS[layer.kind].trains_only:
            called[layer.name] = inputs[0]
        else:
            name = "_".join((*above, layer.name))
            arrays = weights.get((*above, layer.name), ())
            result.append(Layer(layer.kind, name, layer.options, tuple(inputs), arrays))
            called[layer.name] = name
    return result, [called[name] for name in plan.outputs]


def _in_order(plan: Plan) -> Iterator[Any]:
    """Yield the layers so that each comes after those that feed it."""
    done: set[str] = set()
    waiting = list(plan.layers)
    while waiting:
        ready = [layer for layer in waiting if done.issuperset(layer.inputs)]
        if not ready:
            raise BundleError(f"{plan.name}: layer {waiting[0].name!r} waits for one that is none.")
        for layer in ready:
            done.add(layer.name)
            yield layer
        waiting = [layer for layer in waiting if layer.name not in done]


def _needed(layers: list[Layer], output: str) -> list[Layer]:
    """Leave out what does not lead to the output; the output comes last."""
    by_name = {layer.name: layer for layer in layers}
    needed: set[str] = set()
    stack = [output]
    while stack:
        name = stack.pop()
        if name not in needed:
            needed.add(name)
            stack += by_name[name].inputs
    kept = [layer for layer in layers if layer.name in needed]
    return sorted(kept, key=lambda layer: layer.name == output)
