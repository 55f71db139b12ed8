"""Runs a bundle with ONNX Runtime on the CPU."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hemavision.reading.bundle import Manifest, manifest_from_metadata
from hemavision.reading.engine.engine import EngineOutput
from hemavision.reading.onnx_session import open_network, require_outputs

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
