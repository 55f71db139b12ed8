"""The kinds of layer that HemaVision takes from a stranger's file: the whole allow-list.

A kind names the options that count when a network answers, with their defaults, and the
weights that it has. Whatever else a file says about a layer (initialisers, regularisers,
constraints, dtype policies) is neither read nor built.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

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
