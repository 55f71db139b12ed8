"""Activations and their derivatives, as ONNX nodes.

A derivative is what Grad-CAM needs on its way back through the classifier's hidden layers.
"""

from __future__ import annotations

from hemavision.compat.onnx_graph import Graph
from hemavision.errors import BundleError


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
    if name == "relu":
        zero = graph.floats("number_0", 0.0)
        active = graph.add("Greater", [x, zero], f"{y}_active")
        return graph.add("Cast", [active], f"{y}_slope", to=1)
    if name == "relu6":
        zero = graph.floats("number_0", 0.0)
        above = graph.add("Greater", [x, zero], f"{y}_above")
        below = graph.add("Less", [x, graph.floats("number_6", 6.0)], f"{y}_below")
        inside = graph.add("And", [above, below], f"{y}_inside")
        return graph.add("Cast", [inside], f"{y}_slope", to=1)
    if name == "leaky_relu":
        return add_leaky_derivative(graph, x, y, 0.2)
    if name == "softplus":
        return graph.add("Sigmoid", [x], f"{y}_slope")
    if name == "exponential":
        return y
    one = graph.floats("number_1", 1.0)
    if name == "sigmoid":
        rest = graph.add("Sub", [one, y], f"{y}_rest")
        return graph.add("Mul", [y, rest], f"{y}_slope")
    if name == "tanh":
        square = graph.add("Mul", [y, y], f"{y}_square")
        return graph.add("Sub", [one, square], f"{y}_slope")
    if name == "elu":
        zero = graph.floats("number_0", 0.0)
        active = graph.add("Greater", [x, zero], f"{y}_active")
        bent = graph.add("Add", [y, one], f"{y}_bent")
        return graph.add("Where", [active, one, bent], f"{y}_slope")
    if name in ("silu", "swish"):
        gate = graph.add("Sigmoid", [x], f"{y}_sigmoid")
        rest = graph.add("Sub", [one, gate], f"{y}_rest")
        bent = graph.add("Mul", [y, rest], f"{y}_bent")
        return graph.add("Add", [gate, bent], f"{y}_slope")
    raise BundleError(
        f"The activation {name!r} stands between the last feature map and the answer (at {y}); "
        "Grad-CAM through it is not exact here. Use relu, relu6, leaky_relu, elu, sigmoid, tanh, "
        "softplus or silu there."
    )


def add_leaky_derivative(graph: Graph, x: str, y: str, slope: float) -> str:
    """Add the derivative of a leaky ReLU: one above zero, ``slope`` below."""
    active = graph.add("Greater", [x, graph.floats("number_0", 0.0)], f"{y}_active")
    sides = [graph.floats("number_1", 1.0), graph.floats(f"{y}_below", slope)]
    return graph.add("Where", [active, *sides], f"{y}_slope")
