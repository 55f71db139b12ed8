"""The mean over mirror images: of what is answered, and with maps laid back where they belong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hemavision import Model
from hemavision.images.opening import open_image
from hemavision.reading.bundle import find_bundle
from hemavision.reading.engine import EngineOutput, FakeEngine, OnnxEngine, run_flipped
from hemavision.reading.finding import locate_cell
from hemavision.reading.preprocess import cut_input


class Corner:
    """Says how bright the upper left quarter is, and draws the crop itself as its map."""

    manifest = FakeEngine().manifest

    def run(self, crops: np.ndarray) -> EngineOutput:
        half = crops.shape[1] // 2
        bright = crops[:, :half, :half].mean(axis=(1, 2, 3)) / 255
        maps = crops[..., 0][:, None].astype(np.float32)
        said = np.stack([bright, 1 - bright], axis=1)
        return EngineOutput(said, maps, said, bright, bright, {"look": said}, {"look": maps})


@pytest.fixture
def crops() -> np.ndarray:
    return np.random.default_rng(4).integers(0, 256, (3, 8, 8, 3), dtype=np.uint8)


def test_every_corner_counts_alike(crops: np.ndarray) -> None:
    output = run_flipped(Corner(), crops)
    whole = crops.mean(axis=(1, 2, 3)) / 255
    for found in (
        output.novelty,
        output.foreign,
        output.probabilities[:, 0],
        output.morphology["look"][:, 0],
    ):
        np.testing.assert_allclose(found, whole, rtol=1e-5)
    np.testing.assert_allclose(output.embedding.sum(axis=1), 1, rtol=1e-5)


def test_maps_are_laid_back(crops: np.ndarray) -> None:
    output = run_flipped(Corner(), crops)
    for maps in (output.heatmaps, output.morphology_heatmaps["look"]):
        np.testing.assert_allclose(maps[:, 0], crops[..., 0], rtol=1e-5)


def test_a_real_network_answers_a_cell_and_its_mirror_image_alike(model: Model, data: Path) -> None:
    engine = OnnxEngine(find_bundle("eight-types"))
    path = sorted((data / "kaggle_wbc" / "TEST" / "MONOCYTE").iterdir())[0]
    rgb = open_image(path).rgb
    crop = cut_input(rgb, locate_cell(rgb), engine.manifest.preprocess)[None]
    one = run_flipped(engine, crop)
    other = run_flipped(engine, np.ascontiguousarray(crop[:, :, ::-1]))
    np.testing.assert_allclose(one.probabilities, other.probabilities, atol=1e-4)
    np.testing.assert_allclose(one.heatmaps, other.heatmaps[..., ::-1], atol=1e-3)
    assert one.probabilities.sum() == pytest.approx(1, abs=1e-4)
    alone = engine.run(crop)
    assert one.heatmaps.shape == alone.heatmaps.shape
    assert set(one.morphology) == set(alone.morphology)
