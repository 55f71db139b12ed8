"""An engine and a finder without a network, whose answers a test knows beforehand."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

import numpy as np

from hemavision.reading.bundle import Manifest
from hemavision.reading.engine import EngineOutput
from hemavision.reading.preprocess import PreprocessSpec
from hemavision.records.cells import FOUR_TYPES
from hemavision.records.results import Detection, ModelReference

MAP_PX = 13
EMBEDDING = 8


class FakeEngine:
    """Names a crop by how bright it is: the darkest quarter of the scale is the first type.

    The predicted type gets ``confidence``, the others share the rest. Its map is the crop's
    own darkness, so that where a heatmap lands can be tested; the other types' maps are zero.
    """

    def __init__(
        self,
        cell_types: tuple[str, ...] = FOUR_TYPES,
        preprocess: PreprocessSpec | None = None,
        *,
        confidence: float = 0.97,
        novelty: float = 0.5,
        morphology: dict[str, tuple[str, ...]] | None = None,
        focus_below: float = 0.0,
    ) -> None:
        """Take the answers' types, probability (1/K to 1), novelty (≥ 0), attributes, and what
        the manifest says about the focus.

        An attribute's first value gets ``confidence`` and the map that the named type gets.
        """
        self._confidence, self._novelty = confidence, novelty
        self._manifest = Manifest(
            name="fake",
            cell_types=cell_types,
            preprocess=preprocess or PreprocessSpec(crop="whole"),
            check_below=0.9,
            temperature=1.0,
            weights_sha256="0" * 64,
            morphology=morphology or {},
            focus_below=focus_below,
        )

    @property
    def manifest(self) -> Manifest:
        """A manifest as a bundle's would be."""
        return self._manifest

    def run(self, crops: np.ndarray) -> EngineOutput:
        """Run uint8 N×S×S×3 RGB crops, S being the manifest's input size."""
        count, kinds = len(crops), len(self._manifest.cell_types)
        brightness = crops.reshape(count, -1).mean(axis=1) / 256.0
        chosen = (brightness * kinds).astype(int)
        probabilities = self._sure_of(chosen, kinds)
        step = crops.shape[1] // MAP_PX
        sampled = crops[:, : step * MAP_PX : step, : step * MAP_PX : step].mean(axis=-1)
        heatmaps = np.zeros((count, kinds, MAP_PX, MAP_PX), np.float32)
        heatmaps[np.arange(count), chosen] = 1.0 - sampled / 255.0
        embedding = np.repeat(brightness[:, None], EMBEDDING, axis=1).astype(np.float32)
        novelty = np.full(count, self._novelty, np.float32)
        foreign = np.zeros(count, np.float32)
        first, looks = np.zeros(count, int), self._manifest.morphology.items()
        maps = {name: np.zeros((count, len(values), *heatmaps.shape[2:])) for name, values in looks}
        for found in maps.values():
            found[:, 0] = 1.0 - sampled / 255.0
        read = {name: self._sure_of(first, len(values)) for name, values in looks}
        return EngineOutput(probabilities, heatmaps, embedding, novelty, foreign, read, maps)

    def _sure_of(self, chosen: np.ndarray, kinds: int) -> np.ndarray:
        rest = (1.0 - self._confidence) / (kinds - 1)
        probabilities = np.full((len(chosen), kinds), rest, np.float32)
        probabilities[np.arange(len(chosen)), chosen] = self._confidence
        return probabilities


class FakeFinder:
    """Knows some fields by heart; of any other it says that there is no cell in it."""

    def __init__(self, known: Iterable[tuple[np.ndarray, Sequence[Detection]]] = ()) -> None:
        """Take fields (uint8 H×W×3), each with what is found in it."""
        self._known = {_key(rgb): sorted(found, key=lambda d: -d.score) for rgb, found in known}

    @property
    def reference(self) -> ModelReference:
        """A reference as a detector's would be."""
        return ModelReference("fake", "0" * 64)

    def find(self, rgb: np.ndarray, *, um_per_px: float | None = None) -> list[Detection]:
        """Return what was said of this field."""
        return list(self._known.get(_key(rgb), ()))


def _key(rgb: np.ndarray) -> tuple[tuple[int, ...], str]:
    return rgb.shape, hashlib.sha256(np.ascontiguousarray(rgb).data).hexdigest()
