"""The kinds of layer that HemaVision takes from a stranger's file: the whole allow-list.

A kind names the options that count when a network answers, with their defaults, and the
weights that it has. Whatever else a file says about a layer (initialisers, regularisers,
constraints, dtype policies) is neither read nor built. A configuration is written in the words of
Keras 2, which Keras 3 understands, too.

Numbers that a graph adds to, takes from, multiplies or divides its pixels by (``preprocess_input``
called on a model's input, ``x / 255``) stand in a file as operators. Those with one tensor and
numbers are what a ``Rescaling`` layer does, and are read as one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hemavision.graph.network import Layer, Network

#: Activations by the names that Keras saves them under.
ACTIVATIONS = {
    "linear", "relu", "relu6", "leaky_relu", "elu", "selu", "gelu", "sigmoid", "hard_sigmoid",
    "tanh", "softplus", "softsign", "silu", "swish", "exponential", "softmax",
}  # fmt: skip

Options = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """One class of layer: its options with their defaults, and its weights.

    Attributes:
        options: option → default; ``...`` where there is none.
        weights: options → names of the weights, in Keras's order.
        trains_only: does nothing when the network answers, and is left out.
    """

    options: Options
    weights: Callable[[Options], tuple[str, ...]] = lambda _: ()
    trains_only: bool = False


def _biased(*names: str) -> Callable[[Options], tuple[str, ...]]:
    return lambda options: (*names, "bias") if options["use_bias"] else names


def _norm(options: Options) -> tuple[str, ...]:
    gamma = ("gamma",) if options["scale"] else ()
    beta = ("beta",) if options["center"] else ()
    return (*gamma, *beta, "moving_mean", "moving_variance")


def _group_norm(options: Options) -> tuple[str, ...]:
    return (*(("gamma",) if options["scale"] else ()), *(("beta",) if options["center"] else ()))


def _normalization(options: Options) -> tuple[str, ...]:
    return () if options["mean"] is not None else ("mean", "variance", "count")


_CONV: Options = {
    "kernel_size": ...,
    "strides": [1, 1],
    "padding": "valid",
    "dilation_rate": [1, 1],
    "activation": "linear",
    "use_bias": True,
}
_POOL: Options = {"pool_size": [2, 2], "strides": None, "padding": "valid"}
_GLOBAL: Options = {"keepdims": False}
_IDLE = Kind({}, trains_only=True)

KINDS: dict[str, Kind] = {
    "InputLayer": Kind({"batch_shape": ...}),
    "Conv2D": Kind({"filters": ..., **_CONV, "groups": 1}, _biased("kernel")),
    "DepthwiseConv2D": Kind({**_CONV, "depth_multiplier": 1}, _biased("kernel")),
    "SeparableConv2D": Kind(
        {"filters": ..., **_CONV, "depth_multiplier": 1},
        _biased("depthwise_kernel", "pointwise_kernel"),
    ),
    "Dense": Kind({"units": ..., "activation": "linear", "use_bias": True}, _biased("kernel")),
    "BatchNormalization": Kind({"axis": -1, "epsilon": 1e-3, "center": True, "scale": True}, _norm),
    "GroupNormalization": Kind(
        {"groups": 32, "axis": -1, "epsilon": 1e-3, "center": True, "scale": True}, _group_norm
    ),
    "Activation": Kind({"activation": ...}),
    "ReLU": Kind({"max_value": None, "negative_slope": 0.0, "threshold": 0.0}),
    "LeakyReLU": Kind({"negative_slope": 0.3}),
    "Softmax": Kind({"axis": -1}),
    "MaxPooling2D": Kind(_POOL),
    "AveragePooling2D": Kind(_POOL),
    "GlobalAveragePooling2D": Kind(_GLOBAL),
    "GlobalMaxPooling2D": Kind(_GLOBAL),
    "Flatten": Kind({}),
    "Reshape": Kind({"target_shape": ...}),
    "UpSampling2D": Kind({"size": [2, 2], "interpolation": "nearest"}),
    "ZeroPadding2D": Kind({"padding": [[1, 1], [1, 1]]}),
    "Add": Kind({}),
    "Multiply": Kind({}),
    "Concatenate": Kind({"axis": -1}),
    "Rescaling": Kind({"scale": ..., "offset": 0.0}),
    "Normalization": Kind({"axis": -1, "mean": None, "variance": None}, _normalization),
    "Dropout": Kind({"rate": 0.5}),
    "SpatialDropout2D": Kind({"rate": 0.5}),
    "GaussianNoise": _IDLE,
    "RandomFlip": _IDLE,
    "RandomRotation": _IDLE,
    "RandomZoom": _IDLE,
    "RandomTranslation": _IDLE,
    "RandomContrast": _IDLE,
    "RandomBrightness": _IDLE,
}
#: What Keras calls a model that stands inside another as a layer.
MODELS = {"Functional", "Model", "Sequential"}


#: What Keras 2 calls an option where Keras 3 takes both names.
_OLD_NAMES = {
    ("InputLayer", "batch_shape"): "batch_input_shape",
    ("LeakyReLU", "negative_slope"): "alpha",
}


def config_of(network: Network) -> dict[str, Any]:
    """Return what :func:`hemavision.graph.architecture.plan_of` reads, and any Keras."""
    return {
        "class_name": "Functional",
        "config": {
            "name": network.name,
            "trainable": True,
            "layers": [_entry(layer) for layer in network],
            "input_layers": [[network.layers[0].name, 0, 0]],
            "output_layers": [[network.output.name, 0, 0]],
        },
    }


def _entry(layer: Layer) -> dict[str, Any]:
    options = {
        _OLD_NAMES.get((layer.kind, name), name): value for name, value in layer.options.items()
    }
    if layer.kind == "Conv2D" and options["groups"] == 1:
        del options["groups"]  # Keras before 2.3 has none
    return {
        "class_name": layer.kind,
        "name": layer.name,
        "config": {"name": layer.name, "dtype": "float32", **options},
        "inbound_nodes": [[[name, 0, 0, {}] for name in layer.inputs]] if layer.inputs else [],
    }


#: An operator on a tensor and a number; what is left of the pixels is scale · x + offset.
_OPERATORS = {"TrueDivide", "Divide", "Multiply", "Subtract", "Add"}
#: What to do about any other.
WAY_OUT = (
    "Of operators in the graph HemaVision reads numbers that are added, subtracted, multiplied by "
    "or divided by. If it prepares pixels, put keras.layers.Rescaling in its place (for "
    "preprocess_input to [-1, 1]: Rescaling(1 / 127.5, -1)), copy the weights, and save again; "
    "colours in another order (caffe) are left out of the graph and named with convert --scaling."
)


def is_operator(entry: dict[str, Any]) -> bool:
    """Whether a layer's entry looks like one of Keras's operators: it has nothing to train."""
    config = entry.get("config")
    return not isinstance(config, dict) or "trainable" not in config


def as_layer(entry: dict[str, Any]) -> dict[str, Any]:
    """Return an operator on one tensor and numbers as the entry of a Rescaling; others as they are.

    Args:
        entry: of a layer or an operator, as the configuration has it.
    """
    nodes = entry.get("inbound_nodes")
    if entry.get("class_name") not in _OPERATORS or not isinstance(nodes, list) or len(nodes) != 1:
        return entry
    given = nodes[0].get("args") if isinstance(nodes[0], dict) else None
    if not isinstance(given, list) or len(given) != 2:
        return entry
    tensors = [item for item in given if _is_tensor(item)]
    if len(tensors) != 1:
        return entry
    (tensor,) = tensors
    numbers = _numbers(given[1 if given[0] is tensor else 0], _channels(tensor))
    linear = numbers and _linear(entry["class_name"], numbers, given[0] is tensor)
    if not linear:
        return entry
    scale, offset = (values[0] if len(values) == 1 else values for values in linear)
    name = str(entry.get("name") or entry["config"]["name"])
    return {
        "class_name": "Rescaling",
        "name": name,
        "config": {"name": name, "scale": scale, "offset": offset},
        "inbound_nodes": [{"args": [tensor], "kwargs": {}}],
    }


def _linear(
    kind: str, numbers: list[float], tensor_first: bool
) -> tuple[list[float], list[float]] | None:
    """Return scale and offset, a number a channel or one for all."""
    ones, none = [1.0] * len(numbers), [0.0] * len(numbers)
    if kind == "Add":
        return ones, numbers
    if kind == "Multiply":
        return numbers, none
    if kind == "Subtract":
        minus = [-number for number in numbers]
        return (ones, minus) if tensor_first else ([-1.0] * len(numbers), numbers)
    if tensor_first and all(numbers):
        return [1 / number for number in numbers], none
    return None


def _is_tensor(value: Any) -> bool:
    return isinstance(value, dict) and value.get("class_name") == "__keras_tensor__"


def _channels(tensor: dict[str, Any]) -> Any:
    shape = tensor["config"].get("shape") or [None]
    return shape[-1]


def _numbers(value: Any, channels: Any) -> list[float] | None:
    """Return a constant as one number, or one for each channel; None where it is anything else."""
    if isinstance(value, dict) and value.get("class_name") in ("__tensor__", "__numpy__"):
        value = value["config"].get("value")
    while isinstance(value, list) and len(value) == 1:
        (value,) = value
    values = value if isinstance(value, list) else [value]
    if len(values) not in (1, channels):
        return None
    if not all(isinstance(v, (int, float)) and abs(v) < 1e30 for v in values):
        return None
    return [float(v) for v in values]
