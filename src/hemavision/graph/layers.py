"""Every kind of layer as ONNX nodes. Maps are N×C×H×W here, vectors N×units."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np

from hemavision.errors import BundleError
from hemavision.graph.activations import add_activation
from hemavision.graph.network import Layer, Network
from hemavision.graph.onnx_graph import Forward, Graph
from hemavision.graph.shapes import Shape, padding_of, shapes_of


def scale_and_shift(forward: Forward, norm: Layer) -> tuple[str, str]:
    """A normalisation as a factor and a summand for each channel, computed on loading."""
    graph, name = forward.graph, norm.name
    gamma, beta, mean, variance = _norm_parts(forward, norm)
    spread = graph.add(
        "Add", [variance, graph.floats(f"{name}/epsilon", norm.options["epsilon"])], f"{name}/var"
    )
    deviation = graph.add("Sqrt", [spread], f"{name}/deviation")
    scale = graph.add("Div", [gamma, deviation], f"{name}/scale")
    centre = graph.add("Mul", [mean, scale], f"{name}/centre")
    return scale, graph.add("Sub", [beta, centre], f"{name}/shift")


def _norm_parts(forward: Forward, layer: Layer) -> list[str]:
    """Names of gamma, beta, mean and variance."""
    count = len(layer.weights)
    moments = [forward.weight(layer, index) for index in (count - 2, count - 1)]
    return [*_gamma_and_beta(forward, layer, len(layer.weights[-1])), *moments]


def _gamma_and_beta(forward: Forward, layer: Layer, channels: int) -> list[str]:
    """Names of a normalisation's factor and summand; ones and zeros where it has none."""
    graph, scale = forward.graph, layer.options["scale"]
    if scale:
        gamma = forward.weight(layer, 0)
    else:
        gamma = graph.floats(f"ones_{channels}", np.ones(channels))
    if layer.options["center"]:
        return [gamma, forward.weight(layer, int(scale))]
    return [gamma, graph.floats(f"zeros_{channels}", np.zeros(channels))]


def add_batch_norm(forward: Forward, layer: Layer) -> str:
    """Add a normalisation by statistics of the training; return the name of its result."""
    inputs = [*forward.feeds(layer), *_norm_parts(forward, layer)]
    epsilon = layer.options["epsilon"]
    return forward.graph.add("BatchNormalization", inputs, f"{layer.name}/result", epsilon=epsilon)


def add_group_norm(forward: Forward, layer: Layer) -> str:
    """ONNX normalises each channel of an image by itself; a group is made one channel first."""
    graph, name, options = forward.graph, layer.name, layer.options
    channels = forward.shape_before(layer)[-1]
    groups = channels if options["groups"] == -1 else options["groups"]
    gamma, beta = _gamma_and_beta(forward, layer, channels)
    (x,) = forward.feeds(layer)
    epsilon = options["epsilon"]
    if groups == channels:
        inputs = [x, gamma, beta]
        return graph.add("InstanceNormalization", inputs, f"{name}/result", epsilon=epsilon)
    plain = [graph.floats(f"ones_{groups}", np.ones(groups))]
    plain.append(graph.floats(f"zeros_{groups}", np.zeros(groups)))
    grouped = graph.add("Reshape", [x, graph.ints(f"{name}/groups", 0, groups, -1)], f"{name}/flat")
    grouped = graph.add("InstanceNormalization", [grouped, *plain], f"{name}/even", epsilon=epsilon)
    whole = graph.add("Shape", [x], f"{name}/shape")
    x = graph.add("Reshape", [grouped, whole], f"{name}/maps")
    by_channel = graph.ints("channels", 1, -1, 1, 1)
    gamma = graph.add("Reshape", [gamma, by_channel], f"{name}/gamma")
    beta = graph.add("Reshape", [beta, by_channel], f"{name}/beta")
    x = graph.add("Mul", [x, gamma], f"{name}/scaled")
    return graph.add("Add", [x, beta], f"{name}/result")


def add_forward(graph: Graph, network: Network, image: str) -> Forward:
    """Add the whole network; ``image`` is its input, N×C×H×W, in its own scale.

    Raises:
        BundleError: a layer is not sound, or cannot be written as ONNX; names it.
    """
    forward = Forward(graph, network, shapes_of(network))
    forward.results[network.layers[0].name] = image
    uses = Counter(name for layer in network for name in layer.inputs)
    folded = {
        layer.inputs[0] for layer in network if _is_one_by_one(layer) and uses[layer.inputs[0]] == 1
    }
    for layer in network.layers[1:]:
        if layer.kind == "BatchNormalization" and layer.name in folded:
            # The 1×1 block after it takes it in: see _one_by_one.
            forward.results[layer.name] = forward.results[layer.inputs[0]]
            continue
        fed = network.layer(layer.inputs[0])
        if _is_one_by_one(layer) and fed.kind == "BatchNormalization" and fed.name in folded:
            forward.results[layer.name] = _one_by_one(forward, layer, fed)
        else:
            forward.results[layer.name] = _ADDERS[layer.kind](forward, layer)
    return forward


def _is_one_by_one(layer: Layer) -> bool:
    if layer.kind != "SeparableConv2D":
        return False
    options = layer.options
    return list(options["kernel_size"]) == [1, 1] and list(options["strides"]) == [1, 1]


def _one_by_one(forward: Forward, layer: Layer, norm: Layer) -> str:
    """Fold a normalisation and a 1×1 depthwise part into the pointwise part after them.

    Nothing is padded at 1×1, so all three are one matrix and one bias. They are computed
    in the graph, which ONNX Runtime does once, on loading: the file keeps the trained
    weights, and a pass saves two walks over a large map.
    """
    graph, name, options = forward.graph, layer.name, layer.options
    scale, shift = scale_and_shift(forward, norm)
    multiplier = options["depth_multiplier"]
    if multiplier > 1:
        raise BundleError(f"Layer {name!r}: a 1×1 block with depth_multiplier {multiplier}.")
    depthwise = forward.weight(layer, 0, layer.weights[0].transpose(2, 3, 0, 1))
    depthwise = graph.add("Reshape", [depthwise, graph.ints("any", -1)], f"{name}/depthwise")
    scale = graph.add("Mul", [scale, depthwise], f"{name}/scale")
    shift = graph.add("Mul", [shift, depthwise], f"{name}/shift")
    pointwise = forward.weight(layer, 1, layer.weights[1].transpose(3, 2, 0, 1))
    spread = graph.add("Reshape", [scale, graph.ints("channels", 1, -1, 1, 1)], f"{name}/scales")
    kernel = graph.add("Mul", [pointwise, spread], f"{name}/kernel")
    matrix = graph.ints(f"{name}/matrix_shape", options["filters"], -1)
    matrix = graph.add("Reshape", [pointwise, matrix], f"{name}/matrix")
    bias = graph.add("MatMul", [matrix, shift], f"{name}/shift_sum")
    if options["use_bias"]:
        bias = graph.add("Add", [forward.weight(layer, 2), bias], f"{name}/bias")
    inputs = [forward.results[norm.name], kernel, bias]
    return _activated(forward, layer, graph.add("Conv", inputs, f"{name}/sum"))


def _activated(forward: Forward, layer: Layer, x: str) -> str:
    forward.sums[layer.name] = x
    return add_activation(forward.graph, layer.options["activation"], x, f"{layer.name}/result")


def _convolve(
    forward: Forward,
    layer: Layer,
    inputs: list[str],
    output: str,
    groups: int,
    strided: bool = True,
) -> str:
    kernel = layer.options["kernel_size"] if strided else [1, 1]
    pads = padding_of(layer, forward.shape_before(layer), kernel) if strided else [0, 0, 0, 0]
    return forward.graph.add(
        "Conv",
        inputs,
        output,
        group=groups,
        pads=pads,
        strides=list(layer.options["strides"]) if strided else [1, 1],
        dilations=list(layer.options["dilation_rate"]) if strided else [1, 1],
    )


def _conv(forward: Forward, layer: Layer) -> str:
    # Keras keeps H×W×C×F; ONNX wants F×C×H×W.
    kernel = forward.weight(layer, 0, layer.weights[0].transpose(3, 2, 0, 1))
    inputs = [*forward.feeds(layer), kernel]
    if layer.options["use_bias"]:
        inputs.append(forward.weight(layer, 1))
    output = _convolve(forward, layer, inputs, f"{layer.name}/sum", layer.options["groups"])
    return _activated(forward, layer, output)


def _depthwise_kernel(forward: Forward, layer: Layer) -> tuple[str, int]:
    """H×W×C×M as ONNX's (C·M)×1×H×W, and the number of groups."""
    height, width, channels, multiplier = layer.weights[0].shape
    kernel = layer.weights[0].transpose(2, 3, 0, 1)
    kernel = kernel.reshape(channels * multiplier, 1, height, width)
    return forward.weight(layer, 0, kernel), channels


def _depthwise(forward: Forward, layer: Layer) -> str:
    kernel, groups = _depthwise_kernel(forward, layer)
    inputs = [*forward.feeds(layer), kernel]
    if layer.options["use_bias"]:
        inputs.append(forward.weight(layer, 1))
    output = _convolve(forward, layer, inputs, f"{layer.name}/sum", groups)
    return _activated(forward, layer, output)


def _separable(forward: Forward, layer: Layer) -> str:
    kernel, groups = _depthwise_kernel(forward, layer)
    inputs = [*forward.feeds(layer), kernel]
    x = _convolve(forward, layer, inputs, f"{layer.name}/depthwise", groups)
    inputs = [x, forward.weight(layer, 1, layer.weights[1].transpose(3, 2, 0, 1))]
    if layer.options["use_bias"]:
        inputs.append(forward.weight(layer, 2))
    x = _convolve(forward, layer, inputs, f"{layer.name}/sum", 1, strided=False)
    return _activated(forward, layer, x)


def _dense(forward: Forward, layer: Layer) -> str:
    inputs = [*forward.feeds(layer), forward.weight(layer, 0)]
    if layer.options["use_bias"]:
        inputs.append(forward.weight(layer, 1))
    return _activated(forward, layer, forward.graph.add("Gemm", inputs, f"{layer.name}/sum"))


def _activation(forward: Forward, layer: Layer) -> str:
    return _activated(forward, layer, forward.feeds(layer)[0])


def _relu(forward: Forward, layer: Layer) -> str:
    options, name = layer.options, layer.name
    limit, slope = options["max_value"], options["negative_slope"]
    if options["threshold"] or (limit is not None and slope):
        raise BundleError(f"Layer {name!r}: a ReLU with a threshold cannot be written as ONNX.")
    (x,) = forward.feeds(layer)
    forward.sums[name] = x
    if limit is not None:
        graph = forward.graph
        limits = [graph.floats("number_0", 0.0), graph.floats(f"{name}/limit", limit)]
        return graph.add("Clip", [x, *limits], f"{name}/result")
    return (
        forward.graph.add("LeakyRelu", [x], f"{name}/result", alpha=slope)
        if slope
        else (forward.graph.add("Relu", [x], f"{name}/result"))
    )


def _leaky(forward: Forward, layer: Layer) -> str:
    (x,) = forward.feeds(layer)
    forward.sums[layer.name] = x
    alpha = float(layer.options["negative_slope"])
    return forward.graph.add("LeakyRelu", [x], f"{layer.name}/result", alpha=alpha)


def _softmax(forward: Forward, layer: Layer) -> str:
    (x,) = forward.feeds(layer)
    forward.sums[layer.name] = x
    return forward.graph.add("Softmax", [x], f"{layer.name}/result", axis=-1)


def _pool(operator: str) -> Callable[[Forward, Layer], str]:
    def add(forward: Forward, layer: Layer) -> str:
        window = layer.options["pool_size"]
        window = [window, window] if isinstance(window, int) else list(window)
        strides = layer.options["strides"] or window
        return forward.graph.add(
            operator,
            forward.feeds(layer),
            f"{layer.name}/result",
            kernel_shape=window,
            strides=[strides, strides] if isinstance(strides, int) else list(strides),
            pads=padding_of(layer, forward.shape_before(layer), window),
        )

    return add


def _global(operator: str) -> Callable[[Forward, Layer], str]:
    def add(forward: Forward, layer: Layer) -> str:
        name = f"{layer.name}/result"
        if layer.options["keepdims"]:
            return forward.graph.add(operator, forward.feeds(layer), name)
        pooled = forward.graph.add(operator, forward.feeds(layer), f"{layer.name}/pooled")
        return forward.graph.add("Flatten", [pooled], name, axis=1)

    return add


def _to_channels_last(forward: Forward, layer: Layer) -> str:
    """What a layer takes, in Keras's order of values."""
    (x,) = forward.feeds(layer)
    if len(forward.shape_before(layer)) < 3:
        return x
    return forward.graph.add("Transpose", [x], f"{layer.name}/channels_last", perm=[0, 2, 3, 1])


def _flatten(forward: Forward, layer: Layer) -> str:
    x = _to_channels_last(forward, layer)
    return forward.graph.add("Flatten", [x], f"{layer.name}/result", axis=1)


def _reshape(forward: Forward, layer: Layer) -> str:
    graph, shape = forward.graph, forward.shapes[layer.name]
    x = _to_channels_last(forward, layer)
    target = graph.ints(f"{layer.name}/shape", 0, *shape)
    if len(shape) != 3:
        return graph.add("Reshape", [x, target], f"{layer.name}/result")
    x = graph.add("Reshape", [x, target], f"{layer.name}/reshaped")
    return graph.add("Transpose", [x], f"{layer.name}/result", perm=[0, 3, 1, 2])


def _up_sampling(forward: Forward, layer: Layer) -> str:
    size = layer.options["size"]
    down, across = (size, size) if isinstance(size, int) else size
    return forward.graph.add(
        "Resize",
        [
            *forward.feeds(layer),
            "",
            forward.graph.floats(f"{layer.name}/scales", [1, 1, down, across]),
        ],
        f"{layer.name}/result",
        mode="nearest",
        coordinate_transformation_mode="asymmetric",
        nearest_mode="floor",
    )


def _zero_padding(forward: Forward, layer: Layer) -> str:
    (top, bottom), (left, right) = layer.options["padding"]
    pads = forward.graph.ints(f"{layer.name}/pads", 0, 0, top, left, 0, 0, bottom, right)
    return forward.graph.add("Pad", [*forward.feeds(layer), pads], f"{layer.name}/result")


def _combine(operator: str) -> Callable[[Forward, Layer], str]:
    def add(forward: Forward, layer: Layer) -> str:
        first, *others = forward.feeds(layer)
        for index, other in enumerate(others, start=1):
            last = index == len(others)
            output = f"{layer.name}/result" if last else f"{layer.name}/part_{index}"
            first = forward.graph.add(operator, [first, other], output)
        return first

    return add


def _concatenate(forward: Forward, layer: Layer) -> str:
    return forward.graph.add("Concat", forward.feeds(layer), f"{layer.name}/result", axis=1)


def _for_channels(value: object, shape: Shape) -> np.ndarray:
    """A number, or one for each channel, so that it spreads over a map."""
    array = np.asarray(value, np.float32).ravel()
    return array.reshape(-1, 1, 1) if len(shape) == 3 else array


def _rescaling(forward: Forward, layer: Layer) -> str:
    graph, shape = forward.graph, forward.shape_before(layer)
    scale = graph.floats(f"{layer.name}/scale", _for_channels(layer.options["scale"], shape))
    offset = graph.floats(f"{layer.name}/offset", _for_channels(layer.options["offset"], shape))
    x = graph.add("Mul", [*forward.feeds(layer), scale], f"{layer.name}/scaled")
    return graph.add("Add", [x, offset], f"{layer.name}/result")


def _normalization(forward: Forward, layer: Layer) -> str:
    graph, shape, options = forward.graph, forward.shape_before(layer), layer.options
    mean, variance = layer.weights[:2] if layer.weights else (options["mean"], options["variance"])
    centre = graph.floats(f"{layer.name}/0", _for_channels(mean, shape))
    variances = graph.floats(f"{layer.name}/1", _for_channels(variance, shape))
    deviation = graph.add("Sqrt", [variances], f"{layer.name}/root")
    floor = graph.floats(f"{layer.name}/floor", 1e-7)
    deviation = graph.add("Max", [deviation, floor], f"{layer.name}/deviation")
    x = graph.add("Sub", [*forward.feeds(layer), centre], f"{layer.name}/centred")
    return graph.add("Div", [x, deviation], f"{layer.name}/result")


def _nothing(forward: Forward, layer: Layer) -> str:
    return forward.feeds(layer)[0]


_ADDERS: dict[str, Callable[[Forward, Layer], str]] = {
    "Conv2D": _conv,
    "DepthwiseConv2D": _depthwise,
    "SeparableConv2D": _separable,
    "Dense": _dense,
    "BatchNormalization": add_batch_norm,
    "GroupNormalization": add_group_norm,
    "Activation": _activation,
    "ReLU": _relu,
    "LeakyReLU": _leaky,
    "Softmax": _softmax,
    "MaxPooling2D": _pool("MaxPool"),
    "AveragePooling2D": _pool("AveragePool"),
    "GlobalAveragePooling2D": _global("GlobalAveragePool"),
    "GlobalMaxPooling2D": _global("GlobalMaxPool"),
    "Flatten": _flatten,
    "Reshape": _reshape,
    "UpSampling2D": _up_sampling,
    "ZeroPadding2D": _zero_padding,
    "Add": _combine("Add"),
    "Multiply": _combine("Mul"),
    "Concatenate": _concatenate,
    "Rescaling": _rescaling,
    "Normalization": _normalization,
    "Dropout": _nothing,
    "SpatialDropout2D": _nothing,
}
