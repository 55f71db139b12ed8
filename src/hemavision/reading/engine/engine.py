"""The seam between HemaVision and whatever computes the network."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np

from hemavision.reading.bundle import Manifest, manifest_from_metadata
from hemavision.reading.onnx_session import open_network, require_outputs


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


OUTPUTS = ("probabilities", "heatmaps", "embedding", "novelty")
FOREIGN = "foreign"


class OnnxEngine:
    """One bundle, opened once; ``run`` may be called from several threads."""

    def __init__(self, path: Path, threads: int = 0) -> None:
        """Open the bundle at ``path``; ``threads`` is 0 for one per core.

        Raises:
            BundleError: the file is missing, too large, damaged or not a bundle.
        """
        network = open_network(path, threads)
        self._session, self.sha256 = network.session, network.sha256
        self._manifest = manifest_from_metadata(network.metadata, path)
        self._looks = tuple(self._manifest.morphology)
        self._outputs = [
            *OUTPUTS,
            *(f"morphology/{name}" for name in self._looks),
            *(f"morphology_heatmaps/{name}" for name in self._looks),
        ]
        require_outputs(network, self._outputs, path)
        # Bundles that were written from Keras files know no laboratory.
        self._tells_foreign = FOREIGN in {output.name for output in network.session.get_outputs()}
        if self._tells_foreign:
            self._outputs.append(FOREIGN)

    @property
    def manifest(self) -> Manifest:
        """The bundle's own description."""
        return self._manifest

    def run(self, crops: np.ndarray) -> EngineOutput:
        """Run uint8 N×S×S×3 RGB crops, S being the manifest's input size."""
        values = self._session.run(self._outputs, {"image": crops})
        foreign = values.pop() if self._tells_foreign else np.zeros(len(crops), np.float32)
        core, rest = len(OUTPUTS), len(OUTPUTS) + len(self._looks)
        looks = dict(zip(self._looks, values[core:rest], strict=True))
        maps = dict(zip(self._looks, values[rest:], strict=True))
        probabilities, heatmaps, embedding, novelty = values[:core]
        return EngineOutput(probabilities, heatmaps, embedding, novelty, foreign, looks, maps)
