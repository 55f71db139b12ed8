"""How a cell looks, as numbers and as ONNX nodes: linear classifiers on the embedding.

An attribute's classifier stands directly on the mean of the last feature map A, so the Grad-CAM
of one of its values is the class activation map (Zhou et al. 2016): ReLU(Σ_c w_c A_c) / (h·w).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from hemavision.compat.onnx_graph import Graph
from hemavision.compat.shapes import Shape


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
