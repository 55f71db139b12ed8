"""Runs a bundle with ONNX Runtime on the CPU."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime

from hemavision.bundle import Manifest, check_bundle, manifest_from_metadata, sha256_of
from hemavision.errors import BundleError
from hemavision.runtime.engine import EngineOutput

OUTPUTS = ("probabilities", "heatmaps", "embedding", "novelty")


class OnnxEngine:
    """One bundle, opened once; ``run`` may be called from several threads."""

    def __init__(self, path: Path, threads: int = 0) -> None:
        """Open the bundle at ``path``; ``threads`` is 0 for one per core.

        Raises:
            BundleError: the file is missing, too large, damaged or not a bundle.
        """
        content = check_bundle(path)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        # Spinning threads would take a core from the web server between two requests.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            # The very bytes that were checked and hashed.
            self._session = onnxruntime.InferenceSession(
                content, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime's errors share no public base class
            raise BundleError(f"{path} is not a usable ONNX file: {error}") from error
        metadata = self._session.get_modelmeta().custom_metadata_map
        self._manifest = manifest_from_metadata(metadata, path)
        self.sha256 = sha256_of(content)
        self._looks = tuple(self._manifest.morphology)
        self._outputs = [
            *OUTPUTS,
            *(f"morphology/{name}" for name in self._looks),
            *(f"morphology_heatmaps/{name}" for name in self._looks),
        ]
        missing = set(self._outputs) - {output.name for output in self._session.get_outputs()}
        if missing:
            raise BundleError(f"{path} lacks the outputs {', '.join(sorted(missing))}.")

    @property
    def manifest(self) -> Manifest:
        """The bundle's own description."""
        return self._manifest

    def run(self, crops: np.ndarray) -> EngineOutput:
        """Run uint8 N×S×S×3 RGB crops, S being the manifest's input size."""
        values = self._session.run(self._outputs, {"image": crops})
        core, rest = len(OUTPUTS), len(OUTPUTS) + len(self._looks)
        looks = dict(zip(self._looks, values[core:rest], strict=True))
        maps = dict(zip(self._looks, values[rest:], strict=True))
        probabilities, heatmaps, embedding, novelty = values[:core]
        return EngineOutput(probabilities, heatmaps, embedding, novelty, looks, maps)
