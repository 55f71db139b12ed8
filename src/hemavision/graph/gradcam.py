"""Grad-CAM of every type in the same forward pass, for any pooled feature map with an MLP after it.

After the last feature map A come poolings and dense layers, in a chain or in branches that join,
so the gradient of a logit with respect to A is made of the layers' own derivatives: matrix
products, no autodiff. For a ReLU it is the gate (hidden > 0); for other activations the
derivative at what came in. Averaged over positions as Grad-CAM asks (Selvaraju et al. 2017), the
weight of channel c is

    global average   g_c / (h·w)
    global maximum   g_c / (h·w): it all arrives at one position, the mean is the same
    flatten          the mean of the gradient over the positions

How a cell looks is told by linear classifiers on the embedding: an attribute's stands directly on
the mean of A, so the Grad-CAM of one of its values is the class activation map (Zhou et al. 2016):
ReLU(Σ_c w_c A_c) / (h·w).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from hemavision.errors import BundleError
from hemavision.graph.activations import add_derivative, add_leaky_derivative
from hemavision.graph.network import Layer, Network
from hemavision.graph.onnx_graph import Forward, Graph
from hemavision.graph.shapes import Shape

POOLS = {"GlobalAveragePooling2D", "GlobalMaxPooling2D", "Flatten"}
_THROUGH = {"Dense", "Activation", "ReLU", "LeakyReLU", "Dropout", "BatchNormalization", "Reshape"}
_JOINS = {"Add", "Concatenate"}


@dataclass(frozen=True)
class Head:
    """What stands between the last feature map and the answer.

    Attributes:
        features: name of the layer whose result is the last feature map.
        layers: those after it up to the one that gives the logits, in the order in which data
            flows; those that take the feature map pool or flatten it.
        logits: the dense layer whose sums are the logits.
    """

    features: str
    layers: tuple[Layer, ...]
    logits: Layer

    @property
    def mean(self) -> str | None:
        """Name of a layer that gives the feature map's mean, if there is one."""
        means = [la.name for la in self.layers if la.kind == "GlobalAveragePooling2D"]
        return means[0] if means else None


def find_head(network: Network, shapes: dict[str, Shape]) -> Head:
    """Return the classifier's head.

    Raises:
        BundleError: the answer is no softmax over dense logits, or something stands in the
            head that the gradient cannot be followed through exactly; names the layer.
    """
    logits = _logits(network)
    found: set[str] = set()
    features: dict[str, Layer] = {}
    waiting = [logits.inputs[0]]
    while waiting:
        layer = network.layer(waiting.pop())
        if layer.name in found:
            continue
        found.add(layer.name)
        if layer.kind in POOLS and len(shapes[layer.inputs[0]]) == 3:
            features.setdefault(layer.inputs[0], layer)
            continue
        _check_passable(layer, shapes)
        waiting += layer.inputs
    if len(features) > 1:
        raise _not_exact(list(features.values())[-1], "it pools another feature map")
    head = tuple(layer for layer in network if layer.name in found)
    return Head(next(iter(features)), head, logits)


def _check_passable(layer: Layer, shapes: dict[str, Shape]) -> None:
    if layer.kind in _JOINS and len(shapes[layer.name]) == 1:
        return
    if layer.kind not in _THROUGH or layer.options.get("activation") == "softmax":
        what = "the image itself" if layer.kind == "InputLayer" else f"a {layer.kind}"
        raise _not_exact(layer, f"it is {what}")
    before = shapes[layer.inputs[0]]
    if layer.kind == "Reshape" and _units(shapes[layer.name]) != _units(before):
        raise _not_exact(layer, "it reshapes what is not a pooled vector")


def _units(shape: Shape) -> tuple[int, ...]:
    return tuple(side for side in shape if side != 1)


def _not_exact(layer: Layer, why: str) -> BundleError:
    return BundleError(
        f"Layer {layer.name!r} stands between the last feature map and the answer, and {why}: "
        "exact Grad-CAM is not possible. A head is global average or max pooling, or a flatten, "
        "of one feature map, and then dense layers."
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
    kinds = head.logits.weights[0].shape[1]
    # 1×K×units, so that the gates of N images spread over the types.
    g = graph.add("Transpose", [f"{head.logits.name}/0"], "cam:rows", perm=[1, 0])
    g = graph.add("Unsqueeze", [g, graph.ints("axis_0", 0)], "cam:logits")
    # What has arrived at each layer's result so far, and at the feature map.
    arrived, weights = {head.logits.inputs[0]: g}, ""
    for layer in reversed(head.layers):
        g = arrived.pop(layer.name)
        if layer.inputs[0] == head.features:
            weights = _sum(graph, weights, _pooled(forward, head, layer, g), f"{layer.name}/cam")
            continue
        for name, back in _back(forward, layer, g):
            arrived[name] = _sum(graph, arrived.get(name, ""), back, f"{layer.name}/to_{name}")
    height, width, channels = forward.shapes[head.features]
    shape = graph.ints("cam:maps_flat_shape", 0, channels, height * width)
    flat = graph.add("Reshape", [forward.results[head.features], shape], "cam:maps_flat_features")
    maps = graph.add("MatMul", [weights, flat], "cam:maps_sums")
    maps = graph.add("Relu", [maps], "cam:maps_positive")
    shape = graph.ints("cam:maps_shape", 0, kinds, height, width)
    return graph.add("Reshape", [maps, shape], output)


def _sum(graph: Graph, one: str, other: str, output: str) -> str:
    return graph.add("Add", [one, other], f"{output}_sum") if one else other


def _pooled(forward: Forward, head: Head, pool: Layer, g: str) -> str:
    """The weights of the channels, ?×K×C, out of the gradient at a pooling's result."""
    graph = forward.graph
    height, width, channels = forward.shapes[head.features]
    if pool.kind == "Flatten":
        kinds = head.logits.weights[0].shape[1]
        positions = graph.ints("cam:positions", 0, kinds, height * width, channels)
        g = graph.add("Reshape", [g, positions], f"{pool.name}/by_position")
        return graph.add("ReduceMean", [g], f"{pool.name}/channels", axes=[2], keepdims=0)
    area = graph.floats("cam:area", float(height * width))
    return graph.add("Div", [g, area], f"{pool.name}/channels")


def _back(forward: Forward, layer: Layer, g: str) -> list[tuple[str, str]]:
    """Follow the gradient, ?×K×units, from a layer's result to each layer that feeds it."""
    if layer.kind == "Concatenate":
        return _parts(forward, layer, g)
    if layer.kind == "BatchNormalization":
        gamma = layer.weights[0] if layer.options["scale"] else np.float32(1)
        scale = gamma / np.sqrt(layer.weights[-1] + np.float32(layer.options["epsilon"]))
        factor = forward.graph.floats(f"{layer.name}/slope", scale)
        g = forward.graph.add("Mul", [g, factor], f"{layer.name}/grad")
    elif layer.kind != "Add":
        g = _through(forward, layer, g)
    return [(name, g) for name in layer.inputs]


def _parts(forward: Forward, layer: Layer, g: str) -> list[tuple[str, str]]:
    graph, begin, parts = forward.graph, 0, []
    axis = graph.ints("axis_2", 2)
    for index, name in enumerate(layer.inputs):
        end = begin + forward.shapes[name][0]
        limits = [graph.ints(f"{layer.name}/at_{at}", at) for at in (begin, end)]
        parts.append((name, graph.add("Slice", [g, *limits, axis], f"{layer.name}/part_{index}")))
        begin = end
    return parts


def _through(forward: Forward, layer: Layer, g: str) -> str:
    graph, name = forward.graph, layer.name
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


@dataclass(frozen=True)
class Attribute:
    """One attribute's classifier.

    Attributes:
        name: of the attribute.
        values: the V values that it can take, in the order of the outputs.
        kernel: float32 D×V.
        bias: float32 V.
    """

    name: str
    values: tuple[str, ...]
    kernel: np.ndarray
    bias: np.ndarray

    def logits(self, embeddings: np.ndarray) -> np.ndarray:
        """Return float N×V for embeddings N×D."""
        found: np.ndarray = embeddings @ self.kernel + self.bias
        return found


def add_morphology(
    graph: Graph, attributes: Iterable[Attribute], embedding: str, features: tuple[str, Shape]
) -> list[tuple[str, list[int | str]]]:
    """Add probabilities and maps of every value of every attribute.

    Args:
        graph: where they go.
        attributes: what to add.
        embedding: the name of the feature map's mean, N×D.
        features: name and shape (h, w, D) of the feature map, N×D×h×w in the graph.

    Returns:
        Name and shape of each output: ``morphology/<attribute>`` and
        ``morphology_heatmaps/<attribute>``.
    """
    maps, (height, width, channels) = features
    outputs: list[tuple[str, list[int | str]]] = []
    for attribute in attributes:
        name, count = f"morphology/{attribute.name}", len(attribute.values)
        kernel = graph.floats(f"{name}/kernel", attribute.kernel)
        bias = graph.floats(f"{name}/bias", attribute.bias)
        logits = graph.add("Gemm", [embedding, kernel, bias], f"{name}/logits")
        outputs.append((graph.add("Softmax", [logits], name, axis=1), ["N", count]))
        spread = attribute.kernel.T.reshape(count, channels, 1, 1) / np.float32(height * width)
        found = graph.add("Conv", [maps, graph.floats(f"{name}/spread", spread)], f"{name}/sums")
        found = graph.add("Relu", [found], f"morphology_heatmaps/{attribute.name}")
        outputs.append((found, ["N", count, height, width]))
    return outputs
