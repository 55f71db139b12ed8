"""From a saved configuration to a plan of layers, checked against the allow-list.

Nothing that a configuration names is ever imported, looked up or called: class names are
compared with :data:`hemavision.graph.kinds.KINDS`, options are numbers, texts and lists of
them. That closes the door through which CVE-2024-3660, CVE-2025-1550, CVE-2025-8747,
CVE-2025-9905 and CVE-2025-9906 came in; such a file is refused with its reason.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

from hemavision.errors import BundleError
from hemavision.graph.kinds import ACTIVATIONS, KINDS, MODELS, WAY_OUT, as_layer, is_operator
from hemavision.graph.network import Layer, Network

#: Where Keras's own classes come from, by the version that saved them.
_MODULES = ("keras", "tf_keras", "tensorflow.keras", "tensorflow.python.keras")
#: Keras's marks for a function, a lambda and operations that were written as code.
_CODE = {"function", "__lambda__", "Lambda", "TFOpLambda", "SlicingOpLambda", "TFSMLayer"}
#: Keras's name for losses, metrics and optimisers, of the author's own perhaps. No answer needs
#: them and nothing here reads them, as in HDF5, where they stand in an attribute of their own.
_COMPILED = "compile_config"
_MAX_DEPTH, _MAX_LAYERS = 64, 20_000


@dataclass
class PlannedLayer:
    """A layer, or a model in a layer's place (``inner``), as the configuration has it."""

    kind: str
    name: str
    options: dict[str, Any] = field(default_factory=dict)
    inputs: list[str] = field(default_factory=list)
    inner: Plan | None = None


@dataclass
class Plan:
    """A model: its layers in the file's order, and the names of its ends."""

    name: str
    layers: list[PlannedLayer]
    inputs: list[str]
    outputs: list[str]


def plan_of(config: dict[str, Any], origin: str) -> Plan:
    """Return the plan of a saved model.

    Args:
        config: the model's configuration: ``class_name`` and ``config``.
        origin: what to call the file in an error.

    Raises:
        BundleError: something in it is code, unknown, or makes no sense.
    """
    refuse_code(config, origin)
    try:
        return _model(config, origin, 0)
    except (KeyError, TypeError, IndexError, AttributeError, ValueError) as error:
        raise BundleError(
            f"The configuration in {origin} is not one that Keras writes: {error!r}"
        ) from error


def refuse_code(value: Any, origin: str, path: str = "", depth: int = 0) -> None:
    """Raise if anything in a configuration that makes a network would be code to Keras.

    Raises:
        BundleError: names what it is, where it stands, and what to do.
    """
    if depth > _MAX_DEPTH:
        raise BundleError(f"The configuration in {origin} is nested without end.")
    if isinstance(value, list):
        for index, item in enumerate(value):
            refuse_code(item, origin, f"{path}[{index}]", depth + 1)
    if not isinstance(value, dict):
        return
    kind, module = value.get("class_name"), value.get("module")
    name = _name_in(value)
    if kind in _CODE:
        what = f"{kind!r}: code in a model file is never run"
        # Keras 2's names for operators.
        way_out = f" {WAY_OUT}" if str(kind).endswith("OpLambda") else ""
        raise BundleError(f"{_refused(origin, name, path, what)}{way_out}")
    if module is not None and not _is_keras(str(module)):
        raise _refused(origin, name, path, f"{kind!r} from the module {module!r}, not from Keras")
    if value.get("registered_name") and ">" in str(value["registered_name"]):
        what = f"the custom object {value['registered_name']!r}, which is code of its author"
        raise _refused(origin, name, path, what)
    for key, item in value.items():
        if key != _COMPILED:
            refuse_code(item, origin, f"{path}.{key}" if path else str(key), depth + 1)


def _is_keras(module: str) -> bool:
    return any(module == root or module.startswith(f"{root}.") for root in _MODULES)


def _name_in(value: dict[str, Any]) -> str:
    config = value.get("config")
    inner = config.get("name") if isinstance(config, dict) else None
    return str(value.get("name") or inner or "")


def _refused(origin: str, name: str, path: str, what: str) -> BundleError:
    where = f"layer {name!r}" if name else path or "its top"
    return BundleError(
        f"{origin} is refused: {where} is {what}. Rebuild the model from Keras's own layers."
    )


def _model(entry: dict[str, Any], origin: str, depth: int) -> Plan:
    if depth > _MAX_DEPTH:
        raise BundleError(f"The configuration in {origin} nests models without end.")
    kind, config = entry["class_name"], entry["config"]
    if kind not in MODELS:
        raise BundleError(
            f"{origin} holds a {kind!r}; HemaVision reads Sequential and functional models. A "
            "subclassed model is code: rebuild it from Keras's layers."
        )
    # Keras 2.2 and before saved a Sequential's layers as a bare list.
    entries = config if isinstance(config, list) else config["layers"]
    if len(entries) > _MAX_LAYERS:
        raise BundleError(f"{origin} has {len(entries)} layers.")
    name = config.get("name", "model") if isinstance(config, dict) else "sequential"
    entries = [as_layer(item) for item in entries]
    layers = [_layer(item, origin, depth) for item in entries]
    if kind == "Sequential":
        return _sequential(name, layers, entries, config)
    for layer, item in zip(layers, entries, strict=True):
        layer.inputs = _inputs_of(item, layer.name, origin)
    return Plan(name, layers, _ends(config["input_layers"]), _ends(config["output_layers"]))


def _sequential(
    name: str, layers: list[PlannedLayer], entries: list[dict[str, Any]], config: Any
) -> Plan:
    """Chain the layers; older files keep the input's shape in the first layer."""
    if not layers:
        raise BundleError(f"{name} has no layers.")
    if layers[0].kind != "InputLayer":
        first = entries[0]["config"]
        shape = first.get("batch_input_shape") or first.get("batch_shape")
        if shape is None and isinstance(config, dict):
            shape = config.get("build_input_shape")
        if shape is None and layers[0].inner:
            shape = layers[0].inner.layers[0].options["batch_shape"]
        if shape is None:
            raise BundleError(f"{name} does not say what input it takes; call it once and save it.")
        start = PlannedLayer("InputLayer", f"{name}_input", {"batch_shape": list(shape)})
        layers = [start, *layers]
    for before, layer in pairwise(layers):
        layer.inputs = [before.name]
    return Plan(name, layers, [layers[0].name], [layers[-1].name])


def _layer(entry: dict[str, Any], origin: str, depth: int) -> PlannedLayer:
    kind, config = entry["class_name"], entry["config"]
    if kind in MODELS:
        inner = _model(entry, origin, depth + 1)
        name = str(entry.get("name") or inner.name)
        # Keras writes "Model" and "Functional" for the same thing.
        kind = "Sequential" if kind == "Sequential" else "Functional"
        return PlannedLayer(kind, name, inner=inner)
    name = str(entry.get("name") or config["name"])
    if kind not in KINDS:
        raise BundleError(
            f"{origin}: layer {name!r} is a {kind!r}, which HemaVision does not know. It reads "
            f"{', '.join(sorted(KINDS))}.{f' {WAY_OUT}' if is_operator(entry) else ''}"
        )
    return PlannedLayer(kind, name, _options(kind, name, config, origin))


#: Names that an option had in some version of Keras.
_OLD_NAMES = {"batch_shape": "batch_input_shape", "negative_slope": "alpha"}


def _options(kind: str, name: str, config: dict[str, Any], origin: str) -> dict[str, Any]:
    if config.get("data_format") == "channels_first":
        raise BundleError(
            f"{origin}: layer {name!r} is channels_first; save the model as channels_last."
        )
    options = {}
    for option, default in KINDS[kind].options.items():
        value = config.get(option, config.get(_OLD_NAMES.get(option, ""), default))
        if value is ...:
            raise BundleError(f"{origin}: layer {name!r} ({kind}) lacks {option!r}.")
        if option == "activation":
            value = _activation(value, name, origin)
        if option == "axis":
            value = value[0] if isinstance(value, list) and len(value) == 1 else value
        if not _is_plain(value):
            raise BundleError(
                f"{origin}: {option!r} of layer {name!r} is {value!r}, not numbers or texts."
            )
        options[option] = value
    return options


def _activation(value: Any, name: str, origin: str) -> str:
    if isinstance(value, dict):  # an activation layer in an activation's place
        value = str(value.get("class_name")).lower()
    value = "linear" if value is None else value
    if value not in ACTIVATIONS:
        raise BundleError(
            f"{origin}: layer {name!r} has the activation {value!r}; HemaVision knows "
            f"{', '.join(sorted(ACTIVATIONS))}."
        )
    return str(value)


def _is_plain(value: Any) -> bool:
    if isinstance(value, list):
        return all(_is_plain(item) for item in value)
    if isinstance(value, float):
        return math.isfinite(value)  # JSON's 1e999 is none
    return value is None or isinstance(value, (bool, int, float, str))


def _inputs_of(entry: dict[str, Any], name: str, origin: str) -> list[str]:
    nodes = entry.get("inbound_nodes") or []
    if len(nodes) > 1:
        raise BundleError(
            f"{origin}: layer {name!r} is used {len(nodes)} times; shared layers are not read."
        )
    if not nodes:
        return []
    node = nodes[0]
    found: list[str] = []
    if isinstance(node, dict):
        _collect_histories(node["args"], found)
        if _has_tensor(node.get("kwargs")):
            raise BundleError(f"{origin}: layer {name!r} takes tensors by keyword.")
        return found
    # Keras 2: [["name", node, tensor, {…}], …], or one such without the outer list.
    sources = node if isinstance(node[0], list) else [node]
    return [str(source[0]) for source in sources]


def _collect_histories(value: Any, found: list[str]) -> None:
    if isinstance(value, list):
        for item in value:
            _collect_histories(item, found)
    elif isinstance(value, dict):
        if value.get("class_name") == "__keras_tensor__":
            found.append(str(value["config"]["keras_history"][0]))
        elif value.get("class_name") == "__tuple__":
            _collect_histories(value["items"], found)


def _has_tensor(value: Any) -> bool:
    found: list[str] = []
    _collect_histories(list(value.values()) if isinstance(value, dict) else value, found)
    return bool(found)


def _ends(value: list[Any]) -> list[str]:
    """Names out of ``["name", 0, 0]`` or a list of such."""
    ends = value if value and isinstance(value[0], list) else [value]
    return [str(end[0]) for end in ends]


def parse_config(text: str | bytes, origin: str) -> dict[str, Any]:
    """Return a configuration's JSON as a dictionary.

    Raises:
        BundleError: it is not JSON, or not an object, or nested without end.
    """
    try:
        config = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BundleError(f"The configuration in {origin} cannot be read: {error}") from error
    if not isinstance(config, dict):
        raise BundleError(f"The configuration in {origin} is no JSON object.")
    return config


#: A layer's place: the names of the models around it, and its own.
Place = tuple[str, ...]


Weights = dict[Place, tuple[np.ndarray, ...]]


def network_of(plan: Plan, weights: Weights) -> Network:
    """Return the plan with its weights as one flat network: inner models are laid open.

    Raises:
        BundleError: its layers do not fit together, or it has not exactly one input and one output.
    """
    try:
        layers, outputs = _flatten(plan, weights, (), [])
    except (KeyError, IndexError, ValueError) as error:
        raise BundleError(f"The layers of {plan.name} do not fit together: {error!r}.") from error
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
