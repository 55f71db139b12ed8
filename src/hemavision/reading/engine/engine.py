"""The seam between HemaVision and whatever computes the network."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from hemavision.reading.bundle import Manifest


@dataclass(frozen=True)
class EngineOutput:
    """What one forward pass gives for N crops and K cell types.

    Attributes:
        probabilities: float32 N×K, calibrated, rows sum to 1.
        heatmaps: float32 N×K×h×w, ≥ 0: Grad-CAM on each type's logit, not normalised.
        embedding: float32 N×D.
        novelty: float32 N, ≥ 0: above 1 lies outside what the model was trained on.
        foreign: float32 N, ≥ 0: above 1 the colours are those of no known laboratory; 0 where the
            bundle does not say.
        morphology: attribute → float32 N×V, the probability of each of its values.
        morphology_heatmaps: attribute → float32 N×V×h×w, as ``heatmaps``.
    """

    probabilities: np.ndarray
    heatmaps: np.ndarray
    embedding: np.ndarray
    novelty: np.ndarray
    foreign: np.ndarray
    morphology: dict[str, np.ndarray] = field(default_factory=dict)
    morphology_heatmaps: dict[str, np.ndarray] = field(default_factory=dict)


class Engine(Protocol):
    """Anything that can run a bundle's network."""

    @property
    def manifest(self) -> Manifest:
        """The bundle's own description."""
        ...

    def run(self, crops: np.ndarray) -> EngineOutput:
        """Run uint8 N×S×S×3 RGB crops, S being the manifest's input size."""
        ...
