"""A network's forward pass on its way into a graph."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from hemavision.compat.network import Layer, Network
from hemavision.compat.onnx_graph import Graph
from hemavision.compat.shapes import Shape


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
