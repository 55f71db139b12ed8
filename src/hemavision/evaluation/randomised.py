"""Bundles with some weights shuffled, for the sanity check of heatmaps (Adebayo et al. 2018)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

from hemavision.compat.from_bundle import network_from_bundle
from hemavision.compat.network import Layer

#: The share of the layers shuffled at each stage, from the output inwards; 0 is the last alone.
STAGES = {"last layer": 0.0, "last quarter of the layers": 0.25, "last half of the layers": 0.5}


def write_randomised(bundle: Path, stage: str, seed: int, path: Path) -> None:
    """Write a copy of a bundle in which a stage's weights are shuffled, each within itself.

    Shuffling keeps every tensor's distribution, so only what was learned is lost.

    Raises:
        BundleError: the bundle does not hold its network's configuration.
    """
    layers = [layer for layer in network_from_bundle(bundle) if _kernels(layer)]
    count = max(1, round(STAGES[stage] * len(layers)))
    model = onnx.load(bundle)
    tensors = {tensor.name: tensor for tensor in model.graph.initializer}
    rng = np.random.default_rng(seed)
    for name in (name for layer in layers[-count:] for name in _kernels(layer)):
        old = numpy_helper.to_array(tensors[name])
        new = rng.permutation(old.ravel()).reshape(old.shape)
        tensors[name].CopyFrom(numpy_helper.from_array(new, name))
    path.write_bytes(model.SerializeToString())


def _kernels(layer: Layer) -> list[str]:
    """Return the names of a layer's kernels in the graph; a bias or a norm is none."""
    return [f"{layer.name}/{i}" for i, array in enumerate(layer.weights) if array.ndim > 1]
