"""Activations and their derivatives, as ONNX nodes.

A derivative is what Grad-CAM needs on its way back through the classifier's hidden layers.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from hemavision.errors import BundleError
from hemavision.graph.onnx_graph import Graph


def add_activation(graph: Graph, name: str, x: str, output: str) -> str:
    """Add the activation ``name`` of ``x``; softmax goes over the last axis of a matrix."""
    if name == "linear":
        return x
    if name in _PLAIN:
        operator, attributes = _PLAIN[name]
        return graph.add(operator, [x], output, **attributes)
    if name == "relu6":
        limits = [graph.floats("number_0", 0.0), graph.floats("number_6", 6.0)]
        return graph.add("Clip", [x, *limits], output)
    if name in ("silu", "swish"):
        gate = graph.add("Sigmoid", [x], f"{output}_gate")
        return graph.add("Mul", [x, gate], output)
    if name == "gelu":
        scaled = graph.add("Mul", [x, graph.floats("number_root_half", 0.5**0.5)], f"{output}_in")
        erf = graph.add("Erf", [scaled], f"{output}_erf")
        share = graph.add("Add", [erf, graph.floats("number_1", 1.0)], f"{output}_plus")
        twice = graph.add("Mul", [x, share], f"{output}_twice")
        return graph.add("Mul", [twice, graph.floats("number_half", 0.5)], output)
    raise BundleError(f"The activation {name!r} (at {output}) cannot be written as ONNX.")


#: Klambauer et al. 2017, as Keras and ONNX have them.
_SELU_ALPHA, _SELU_SCALE = 1.6732632423543772, 1.0507009873554805
#: Keras's hard_sigmoid is relu6(x + 3) / 6.
_PLAIN: dict[str, tuple[str, dict[str, float]]] = {
    "relu": ("Relu", {}),
    "sigmoid": ("Sigmoid", {}),
    "tanh": ("Tanh", {}),
    "softplus": ("Softplus", {}),
    "softsign": ("Softsign", {}),
    "exponential": ("Exp", {}),
    "elu": ("Elu", {"alpha": 1.0}),
    "selu": ("Selu", {}),
    "leaky_relu": ("LeakyRelu", {"alpha": 0.2}),
    "hard_sigmoid": ("HardSigmoid", {"alpha": 1 / 6, "beta": 0.5}),
    "softmax": ("Softmax", {"axis": -1}),
}


def add_derivative(graph: Graph, name: str, x: str, y: str) -> str | None:
    """Add the derivative of the activation ``name`` at ``x``, whose value is ``y``.

    Returns:
        The name of the result, or ``None`` where it is one everywhere.

    Raises:
        BundleError: there is none here for this activation.
    """
    if name == "linear":
        return None
    if name not in _DERIVATIVES:
        raise BundleError(
            f"The activation {name!r} stands between the last feature map and the answer (at "
            f"{y}); Grad-CAM through it is not exact here."
        )
    return _DERIVATIVES[name](graph, x, y)


def add_leaky_derivative(graph: Graph, x: str, y: str, slope: float) -> str:
    """Add the derivative of a leaky ReLU: one above zero, ``slope`` below."""
    return _above_zero(graph, x, y, graph.floats("number_1", 1.0), graph.floats(f"{y}_low", slope))


def _above_zero(graph: Graph, x: str, y: str, above: str, below: str) -> str:
    active = graph.add("Greater", [x, graph.floats("number_0", 0.0)], f"{y}_active")
    return graph.add("Where", [active, above, below], f"{y}_slope")


def _relu(graph: Graph, x: str, y: str) -> str:
    active = graph.add("Greater", [x, graph.floats("number_0", 0.0)], f"{y}_active")
    return graph.add("Cast", [active], f"{y}_slope", to=1)


def _relu6(graph: Graph, x: str, y: str) -> str:
    above = graph.add("Greater", [x, graph.floats("number_0", 0.0)], f"{y}_above")
    below = graph.add("Less", [x, graph.floats("number_6", 6.0)], f"{y}_below")
    inside = graph.add("And", [above, below], f"{y}_inside")
    return graph.add("Cast", [inside], f"{y}_slope", to=1)


def _elu(graph: Graph, x: str, y: str) -> str:
    one = graph.floats("number_1", 1.0)
    return _above_zero(graph, x, y, one, graph.add("Add", [y, one], f"{y}_bent"))


def _selu(graph: Graph, x: str, y: str) -> str:
    shift = graph.floats("selu_shift", _SELU_SCALE * _SELU_ALPHA)
    bent = graph.add("Add", [y, shift], f"{y}_bent")
    return _above_zero(graph, x, y, graph.floats("selu_scale", _SELU_SCALE), bent)


def _sigmoid(graph: Graph, x: str, y: str) -> str:
    rest = graph.add("Sub", [graph.floats("number_1", 1.0), y], f"{y}_rest")
    return graph.add("Mul", [y, rest], f"{y}_slope")


def _hard_sigmoid(graph: Graph, x: str, y: str) -> str:
    size = graph.add("Abs", [x], f"{y}_size")
    inside = graph.add("Less", [size, graph.floats("number_3", 3.0)], f"{y}_inside")
    gate = graph.add("Cast", [inside], f"{y}_gate", to=1)
    return graph.add("Mul", [gate, graph.floats("number_sixth", 1 / 6)], f"{y}_slope")


def _tanh(graph: Graph, x: str, y: str) -> str:
    square = graph.add("Mul", [y, y], f"{y}_square")
    return graph.add("Sub", [graph.floats("number_1", 1.0), square], f"{y}_slope")


def _softsign(graph: Graph, x: str, y: str) -> str:
    size = graph.add("Abs", [x], f"{y}_size")
    below = graph.add("Add", [size, graph.floats("number_1", 1.0)], f"{y}_below")
    square = graph.add("Mul", [below, below], f"{y}_square")
    return graph.add("Reciprocal", [square], f"{y}_slope")


def _silu(graph: Graph, x: str, y: str) -> str:
    gate = graph.add("Sigmoid", [x], f"{y}_sigmoid")
    rest = graph.add("Sub", [graph.floats("number_1", 1.0), gate], f"{y}_rest")
    bent = graph.add("Mul", [y, rest], f"{y}_bent")
    return graph.add("Add", [gate, bent], f"{y}_slope")


def _gelu(graph: Graph, x: str, y: str) -> str:
    """Φ(x) + x φ(x), of the normal distribution."""
    scaled = graph.add("Mul", [x, graph.floats("number_root_half", 0.5**0.5)], f"{y}_scaled")
    erf = graph.add("Erf", [scaled], f"{y}_erf_again")
    twice = graph.add("Add", [erf, graph.floats("number_1", 1.0)], f"{y}_twice_share")
    share = graph.add("Mul", [twice, graph.floats("number_half", 0.5)], f"{y}_share")
    square = graph.add("Mul", [scaled, scaled], f"{y}_square")
    bell = graph.add("Exp", [graph.add("Neg", [square], f"{y}_falling")], f"{y}_bell")
    height = graph.floats("number_bell", (2 * math.pi) ** -0.5)
    density = graph.add("Mul", [bell, height], f"{y}_density")
    moved = graph.add("Mul", [x, density], f"{y}_moved")
    return graph.add("Add", [share, moved], f"{y}_slope")


_DERIVATIVES: dict[str, Callable[[Graph, str, str], str]] = {
    "relu": _relu,
    "relu6": _relu6,
    "leaky_relu": lambda graph, x, y: add_leaky_derivative(graph, x, y, 0.2),
    "elu": _elu,
    "selu": _selu,
    "sigmoid": _sigmoid,
    "hard_sigmoid": _hard_sigmoid,
    "tanh": _tanh,
    "softplus": lambda graph, x, y: graph.add("Sigmoid", [x], f"{y}_slope"),
    "softsign": _softsign,
    "exponential": lambda graph, x, y: y,
    "silu": _silu,
    "swish": _silu,
    "gelu": _gelu,
}
