"""Grad-CAM of every type in the same forward pass, for any pooled feature map with an MLP after it.

After the last feature map A come a pooling and a chain of dense layers, so the gradient of a
logit with respect to A is a product of the layers' own derivatives: matrix products, no
autodiff. For a ReLU it is the gate (hidden > 0); for other activations the derivative at what
came in. Averaged over positions as Grad-CAM asks (Selvaraju et al. 2017), the weight of
channel c is

    global average   g_c / (h·w)
    global maximum   g_c / (h·w): it all arrives at one position, the mean is the same
    flatten          the mean of the gradient over the positions
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hemavision.compat.activations import add_derivative, add_leaky_derivative
from hemavision.compat.network import Layer, Network
from hemavision.compat.onnx_layers import Forward
from hemavision.compat.shapes import Shape
from hemavision.errors import BundleError

POOLS = {"GlobalAveragePooling2D", "GlobalMaxPooling2D", "Flatten"}
_THROUGH = {"Dense", "Activation", "ReLU", "LeakyReLU", "Dropout", "BatchNormalization", "Reshape"}


@dataclass(frozen=True)
class Head:
    """What stands between the last feature map and the answer.

    Attributes:
        features: name of the layer whose result is the last feature map.
        pool: the layer that pools or flattens it.
        hidden: the layers after it up to the one that gives the logits, in order.
        logits: the dense layer whose sums are the logits.
    """

    features: str
    pool: Layer
    hidden: tuple[Layer, ...]
    logits: Layer


def find_head(network: Network, shapes: dict[str, Shape]) -> Head:
    """Return the classifier's head.

    Raises:
        BundleError: the answer is no softmax over dense logits, or something stands in the
            head that the gradient cannot be followed through exactly; names the layer.
    """
    logits = _logits(network)
    hidden: list[Layer] = []
    layer = logits
    while True:
        layer = network.layer(layer.inputs[0])
        if len(layer.inputs) != 1:
            raise _not_exact(layer, "it joins several branches or is the image itself")
        if layer.kind in POOLS and len(shapes[layer.inputs[0]]) == 3:
            return Head(layer.inputs[0], layer, tuple(reversed(hidden)), logits)
        if layer.kind not in _THROUGH or layer.options.get("activation") == "softmax":
            raise _not_exact(layer, f"it is a {layer.kind}")
        if layer.kind == "Reshape" and _units(shapes[layer.name]) != _units(
            shapes[layer.inputs[0]]
        ):
            raise _not_exact(layer, "it reshapes what is not a pooled vector")
        hidden.append(layer)


def _units(shape: Shape) -> tuple[int, ...]:
    return tuple(side for side in shape if side != 1)


def _not_exact(layer: Layer, why: str) -> BundleError:
    return BundleError(
        f"Layer {layer.name!r} stands between the last feature map and the answer, and {why}: "
        "exact Grad-CAM is not possible. A head is global average or max pooling, or a flatten, "
        "and then dense layers."
    )


def _logits(network: Network) -> Layer:
    last = network.output
    if last.kind == "Dense" and last.options["activation"] == "softmax":
        return last
    is_softmax = last.kind == "Softmax" or last.options.get("activation") == "softmax"
    if last.kind in ("Softmax", "Activation") and is_softmax:
        before = network.layer(last.inputs[0])
        if before.kind == "Dense" and before.options["activation"] == "linear":
            return before
    activation = last.options.get("activation", "none")
    raise BundleError(
        f"The answer is layer {last.name!r}, a {last.kind} with the activation {activation!r}. "
        "HemaVision reads classifiers that end in a dense layer with softmax, one unit a type."
    )


def add_heatmaps(forward: Forward, head: Head, output: str) -> str:
    """Add the maps of all types, N×K×h×w, ≥ 0, before normalisation; return their name."""
    graph = forward.graph
    kernel = head.logits.weights[0]
    # 1×K×units, so that the gates of N images spread over the types.
    g = graph.add("Transpose", [f"{head.logits.name}/0"], "cam:rows", perm=[1, 0])
    g = graph.add("Unsqueeze", [g, graph.ints("axis_0", 0)], "cam:logits")
    for layer in reversed(head.hidden):
        g = _back(forward, layer, g)
    height, width, channels = forward.shapes[head.features]
    if head.pool.kind == "Flatten":
        positions = graph.ints("cam:positions", 0, kernel.shape[1], height * width, channels)
        g = graph.add("Reshape", [g, positions], "cam:by_position")
        g = graph.add("ReduceMean", [g], "cam:channels", axes=[2], keepdims=0)
    else:
        area = graph.floats("cam:area", float(height * width))
        g = graph.add("Div", [g, area], "cam:channels")
    shape = graph.ints("cam:maps_flat_shape", 0, channels, height * width)
    flat = graph.add("Reshape", [forward.results[head.features], shape], "cam:maps_flat_features")
    maps = graph.add("MatMul", [g, flat], "cam:maps_sums")
    maps = graph.add("Relu", [maps], "cam:maps_positive")
    shape = graph.ints("cam:maps_shape", 0, kernel.shape[1], height, width)
    return graph.add("Reshape", [maps, shape], output)


def _back(forward: Forward, layer: Layer, g: str) -> str:
    """Follow the gradient, ?×K×units, from a layer's result to what it takes."""
    graph, name = forward.graph, layer.name
    if layer.kind == "BatchNormalization":
        gamma = layer.weights[0] if layer.options["scale"] else np.float32(1)
        scale = gamma / np.sqrt(layer.weights[-1] + np.float32(layer.options["epsilon"]))
        return graph.add("Mul", [g, graph.floats(f"{name}/slope", scale)], f"{name}/grad")
    slope = _slope(forward, layer)
    if slope:
        spread = graph.add("Unsqueeze", [slope, graph.ints("axis_1", 1)], f"{name}/gates")
        g = graph.add("Mul", [g, spread], f"{name}/gated")
    if layer.kind == "Dense":
        kernel = graph.add("Transpose", [f"{name}/0"], f"{name}/turned", perm=[1, 0])
        g = graph.add("MatMul", [g, kernel], f"{name}/grad")
    return g


def _slope(forward: Forward, layer: Layer) -> str | None:
    """The derivative of a layer's activation, N×units; ``None`` where it is one."""
    graph, y = forward.graph, forward.results[layer.name]
    if layer.kind == "LeakyReLU" or (layer.kind == "ReLU" and layer.options["negative_slope"]):
        slope = float(layer.options["negative_slope"])
        return add_leaky_derivative(graph, forward.sums[layer.name], y, slope)
    if layer.kind == "ReLU":
        if layer.options["max_value"] not in (None, 6, 6.0):
            raise _not_exact(layer, f"its max_value is {layer.options['max_value']}")
        name = "relu6" if layer.options["max_value"] else "relu"
        return add_derivative(graph, name, forward.sums[layer.name], y)
    if "activation" in layer.options:
        return add_derivative(graph, layer.options["activation"], forward.sums[layer.name], y)
    return None
