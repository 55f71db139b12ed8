"""Bundles with some weights shuffled, for the sanity check of heatmaps (Adebayo et al. 2018)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from hemavision.graph.from_bundle import take_apart
from hemavision.graph.network import Layer
from hemavision.graph.writer import write_network

#: The share of the layers shuffled at each stage, from the output inwards; 0 is the last alone.
STAGES = {"last layer": 0.0, "last quarter of the layers": 0.25, "last half of the layers": 0.5}


def write_randomised(bundle: Path, stage: str, seed: int, path: Path) -> None:
    """Write a copy of a bundle in which a stage's weights are shuffled, each within itself.

    Shuffling keeps every tensor's distribution, so only what was learned is lost.

    Raises:
        BundleError: the bundle does not hold its network's configuration.
    """
    parts = take_apart(bundle)
    network = parts.network
    taught = [layer.name for layer in network if any(w.ndim > 1 for w in layer.weights)]
    count = max(1, round(STAGES[stage] * len(taught)))
    rng = np.random.default_rng(seed)
    layers = tuple(
        _shuffled(layer, rng) if layer.name in taught[-count:] else layer for layer in network
    )
    write_network(replace(parts, network=replace(network, layers=layers)), path)


def _shuffled(layer: Layer, rng: np.random.Generator) -> Layer:
    """Return a layer with each kernel shuffled; a bias or a norm stays."""
    weights = tuple(
        rng.permutation(w.ravel()).reshape(w.shape) if w.ndim > 1 else w for w in layer.weights
    )
    return replace(layer, weights=weights)
