"""A growing ONNX graph, and a network's forward pass on its way into one.

Names of nodes are the names of their results.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from hemavision.graph.network import Layer, Network
from hemavision.graph.shapes import Shape

#: Ends the name of a constant in half precision; from so many numbers on it is worth a node.
HALF, LARGE = ":half", 256


def is_half(values: np.ndarray) -> bool:
    """Return whether half precision holds these float32 values exactly."""
    with np.errstate(over="ignore"):
        return bool((values.astype(np.float16).astype(np.float32) == values).all())


def constants_of(graph: Any) -> dict[str, np.ndarray]:
    """Return the constants of an ONNX graph that :class:`Graph` wrote, by the names given there."""
    found = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    return {
        name.removesuffix(HALF): value.astype(np.float32) if name.endswith(HALF) else value
        for name, value in found.items()
    }


class Graph:
    """Nodes and constants in the order in which they were added."""

    def __init__(self) -> None:
        """Begin an empty graph."""
        self.nodes: list[Any] = []
        self.initializers: list[Any] = []
        self._constants: set[str] = set()

    def constant(self, name: str, value: np.ndarray) -> str:
        """Add a constant, once for a name, and return its name."""
        if name not in self._constants:
            self._constants.add(name)
            self.initializers.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def floats(self, name: str, value: Any) -> str:
        """Add a float32 constant and return its name.

        A large one that loses nothing by it is kept in half precision, as ``name`` + :data:`HALF`.
        """
        full = np.asarray(value, np.float32)
        if full.size < LARGE or not is_half(full):
            return self.constant(name, full)
        if name not in self._constants:
            self._constants.add(name)
            kept = self.constant(name + HALF, full.astype(np.float16))
            self.add("Cast", [kept], name, to=TensorProto.FLOAT)
        return name

    def ints(self, name: str, *values: int) -> str:
        """Add a list of int64 (a shape, axes) and return its name."""
        return self.constant(name, np.asarray(values, np.int64))

    def add(self, operator: str, inputs: list[str], output: str, **attributes: Any) -> str:
        """Add a node with one result and return the result's name."""
        return self.add_several(operator, inputs, [output], **attributes)[0]

    def add_several(
        self, operator: str, inputs: list[str], outputs: list[str], **attributes: Any
    ) -> list[str]:
        """Add a node, named as the first of its results, and return the results' names."""
        self.nodes.append(helper.make_node(operator, inputs, outputs, outputs[0], **attributes))
        return outputs


@dataclass
class Forward:
    """A network's forward pass as it is added to a graph.

    Attributes:
        graph: where it goes.
        network: what is added.
        shapes: layer → output shape without the batch, channels last.
        results: layer → name of its result.
        sums: layer → name of what its activation is applied to, where it has one.
    """

    graph: Graph
    network: Network
    shapes: dict[str, Shape]
    results: dict[str, str] = field(default_factory=dict)
    sums: dict[str, str] = field(default_factory=dict)

    def weight(self, layer: Layer, index: int, value: np.ndarray | None = None) -> str:
        """Add a layer's weight, or another arrangement of it, under the weight's name."""
        array = layer.weights[index] if value is None else value
        return self.graph.floats(f"{layer.name}/{index}", array)

    def feeds(self, layer: Layer) -> list[str]:
        """Names of the results that a layer takes."""
        return [self.results[name] for name in layer.inputs]

    def shape_before(self, layer: Layer) -> Shape:
        """The shape of what a layer takes."""
        return self.shapes[layer.inputs[0]]
