"""A growing ONNX graph. Names of nodes are the names of their results."""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import helper, numpy_helper


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
        """Add a float32 constant and return its name."""
        return self.constant(name, np.asarray(value, np.float32))

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
