"""What shape each layer's result has, and whether its weights fit: before anything is built."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from hemavision.errors import BundleError
from hemavision.graph.network import Layer, Network

#: Without the batch: (height, width, channels), or (units,).
Shape = tuple[int, ...]


def shapes_of(network: Network) -> dict[str, Shape]:
    """Return every layer's output shape.

    Raises:
        BundleError: a layer cannot take what feeds it, or its weights do not fit; names it.
    """
    shapes: dict[str, Shape] = {}
    for layer in network:
        fed = [shapes[name] for name in layer.inputs]
        try:
            shapes[layer.name] = _RULES[layer.kind](layer, *fed)
        except (TypeError, ValueError, IndexError, ArithmeticError) as error:
            raise BundleError(
                f"Layer {layer.name!r} ({layer.kind}) is not sound: it is fed {fed} and has the "
                f"options {layer.options}: {error}"
            ) from error
        if min(shapes[layer.name], default=0) < 1:
            raise BundleError(f"Layer {layer.name!r} ({layer.kind}) leaves nothing of {fed}.")
    return shapes


def _input(layer: Layer) -> Shape:
    shape = layer.options["batch_shape"][1:]
    if len(shape) != 3 or any(not isinstance(side, int) for side in shape):
        raise ValueError(f"an image needs a fixed height, width and channels, not {shape}")
    return tuple(shape)


def _same(_: Layer, shape: Shape) -> Shape:
    return shape


def _conv(layer: Layer, shape: Shape) -> Shape:
    height, width, channels = shape
    groups = layer.options["groups"]
    kernel = (*layer.options["kernel_size"], channels // groups, layer.options["filters"])
    _fits(layer, (kernel, (layer.options["filters"],)))
    return (*_windowed(layer, height, width, layer.options["kernel_size"]), kernel[-1])


def _depthwise(layer: Layer, shape: Shape) -> Shape:
    height, width, channels = shape
    multiplier = layer.options["depth_multiplier"]
    _fits(
        layer,
        ((*layer.options["kernel_size"], channels, multiplier), (channels * multiplier,)),
    )
    return (*_windowed(layer, height, width, layer.options["kernel_size"]), channels * multiplier)


def _separable(layer: Layer, shape: Shape) -> Shape:
    height, width, channels = shape
    multiplier, filters = layer.options["depth_multiplier"], layer.options["filters"]
    depthwise = (*layer.options["kernel_size"], channels, multiplier)
    _fits(layer, (depthwise, (1, 1, channels * multiplier, filters), (filters,)))
    return (*_windowed(layer, height, width, layer.options["kernel_size"]), filters)


def _dense(layer: Layer, shape: Shape) -> Shape:
    (units,) = shape
    _fits(layer, ((units, layer.options["units"]), (layer.options["units"],)))
    return (layer.options["units"],)


def _norm(layer: Layer, shape: Shape) -> Shape:
    if layer.options["axis"] not in (-1, len(shape)):
        raise ValueError("only the last axis can be normalised")
    _fits(layer, ((shape[-1],),) * len(layer.weights))
    return shape


def _group_norm(layer: Layer, shape: Shape) -> Shape:
    if len(shape) != 3 or layer.options["axis"] not in (-1, 3, [-1], [3]):
        raise ValueError("it must normalise the channels of a map")
    groups = layer.options["groups"]
    if groups != -1 and (groups < 1 or shape[-1] % groups):
        raise ValueError(f"{shape[-1]} channels do not make {groups} groups")
    _fits(layer, ((shape[-1],),) * len(layer.weights))
    return shape


def _normalization(layer: Layer, shape: Shape) -> Shape:
    if layer.options["axis"] not in (-1, len(shape), None):
        raise ValueError("only the last axis can be normalised")
    return shape


def _pool(layer: Layer, shape: Shape) -> Shape:
    height, width, channels = shape
    return (*_windowed(layer, height, width, _pair(layer.options["pool_size"])), channels)


def _global(layer: Layer, shape: Shape) -> Shape:
    _, _, channels = shape
    return (1, 1, channels) if layer.options["keepdims"] else (channels,)


def _flatten(_: Layer, shape: Shape) -> Shape:
    return (math.prod(shape),)


def _reshape(layer: Layer, shape: Shape) -> Shape:
    target = [int(side) for side in layer.options["target_shape"]]
    if -1 in target:
        target[target.index(-1)] = math.prod(shape) // -math.prod(target)
    if math.prod(target) != math.prod(shape):
        raise ValueError(f"{math.prod(shape)} values do not make {target}")
    return tuple(target)


def _up_sampling(layer: Layer, shape: Shape) -> Shape:
    if layer.options["interpolation"] != "nearest":
        raise ValueError("only the nearest value can be repeated")
    (down, across), (height, width, channels) = _pair(layer.options["size"]), shape
    return (height * down, width * across, channels)


def _zero_padding(layer: Layer, shape: Shape) -> Shape:
    height, width, channels = shape
    (top, bottom), (left, right) = layer.options["padding"]
    return (height + top + bottom, width + left + right, channels)


def _broadcast(_: Layer, *shapes: Shape) -> Shape:
    return tuple(int(side) for side in np.broadcast_shapes(*shapes))


def _concatenate(layer: Layer, *shapes: Shape) -> Shape:
    if layer.options["axis"] not in (-1, len(shapes[0])) or len({s[:-1] for s in shapes}) != 1:
        raise ValueError("only channels can be joined, of maps of one size")
    return (*shapes[0][:-1], sum(shape[-1] for shape in shapes))


def _pair(value: Any) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else (int(value[0]), int(value[1]))


def _windowed(layer: Layer, height: int, width: int, window: Any) -> tuple[int, int]:
    strides = _pair(layer.options["strides"] or window)
    dilation = _pair(layer.options.get("dilation_rate", 1))
    sides = []
    for side, size, stride, spread in zip((height, width), window, strides, dilation, strict=True):
        reach = (size - 1) * spread + 1
        same = layer.options["padding"] == "same"
        sides.append(-(-side // stride) if same else (side - reach) // stride + 1)
    return sides[0], sides[1]


def padding_of(layer: Layer, shape: Shape, window: Any) -> list[int]:
    """Return ONNX's pads (top, left, bottom, right) for a layer that takes ``shape``."""
    if layer.options["padding"] != "same":
        return [0, 0, 0, 0]
    strides = _pair(layer.options["strides"] or window)
    dilation = _pair(layer.options.get("dilation_rate", 1))
    totals = []
    for side, size, stride, spread in zip(shape[:2], window, strides, dilation, strict=True):
        reach = (size - 1) * spread + 1
        totals.append(max((-(-side // stride) - 1) * stride + reach - side, 0))
    before = [total // 2 for total in totals]
    return [*before, *(total - half for total, half in zip(totals, before, strict=True))]


def _fits(layer: Layer, expected: tuple[Shape, ...]) -> None:
    have = [array.shape for array in layer.weights]
    if have != list(expected[: len(have)]):
        raise ValueError(f"its weights are {have}, not {list(expected[: len(have)])}")


_RULES: dict[str, Any] = {
    "InputLayer": _input,
    "Conv2D": _conv,
    "DepthwiseConv2D": _depthwise,
    "SeparableConv2D": _separable,
    "Dense": _dense,
    "BatchNormalization": _norm,
    "GroupNormalization": _group_norm,
    "Normalization": _normalization,
    "MaxPooling2D": _pool,
    "AveragePooling2D": _pool,
    "GlobalAveragePooling2D": _global,
    "GlobalMaxPooling2D": _global,
    "Flatten": _flatten,
    "Reshape": _reshape,
    "UpSampling2D": _up_sampling,
    "ZeroPadding2D": _zero_padding,
    "Add": _broadcast,
    "Multiply": _broadcast,
    "Concatenate": _concatenate,
    **dict.fromkeys(
        (
            "Activation",
            "ReLU",
            "LeakyReLU",
            "Softmax",
            "Rescaling",
            "Dropout",
            "SpatialDropout2D",
        ),
        _same,
    ),
}
