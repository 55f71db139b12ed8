"""Normalisations as ONNX nodes."""

from __future__ import annotations

import numpy as np

from hemavision.compat.forward import Forward
from hemavision.compat.network import Layer


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
