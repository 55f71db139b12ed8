"""The mean over several views: of what is answered, and with maps laid back where they belong."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fakes import FakeEngine

from hemavision.images.opening import open_image
from hemavision.reading.bundle import find_bundle
from hemavision.reading.engine import EngineOutput, OnnxEngine, run_averaged
from hemavision.reading.engine.averaged import laid_out, second_view
from hemavision.reading.finding import locate_cell
from hemavision.reading.preprocess import cut_input


class Corner:
    """Says how bright the upper left quarter is, and draws the crop itself as its map."""

    manifest = replace(FakeEngine().manifest, mirrors=True)

    def run(self, crops: np.ndarray) -> EngineOutput:
        half = crops.shape[1] // 2
        bright = crops[:, :half, :half].mean(axis=(1, 2, 3)) / 255
        maps = crops[..., 0][:, None].astype(np.float32)
        said = np.stack([bright, 1 - bright], axis=1)
        return EngineOutput(said, maps, said, bright, bright, {"look": said}, {"look": maps})


@pytest.fixture
def crops() -> np.ndarray:
    return np.random.default_rng(4).integers(0, 256, (3, 8, 8, 3), dtype=np.uint8)


def test_both_turns_count_alike(crops: np.ndarray) -> None:
    output = run_averaged(Corner(), crops)
    corners = (crops[:, :4, :4], crops[:, 4:, :4])  # lower left is upper left after a quarter turn
    both = np.mean([corner.mean(axis=(1, 2, 3)) / 255 for corner in corners], axis=0)
    for found in (output.probabilities[:, 0], output.morphology["look"][:, 0]):
        np.testing.assert_allclose(found, both, rtol=1e-5)


def test_what_is_foreign_is_seen_blurred_too(crops: np.ndarray) -> None:
    class Abroad(Corner):
        def run(self, crops: np.ndarray) -> EngineOutput:
            answer = super().run(crops)
            return replace(answer, foreign=np.array([0.9, 1.1, 0.2], np.float32))

    second = second_view(crops, np.array([False, True, False]))
    np.testing.assert_array_equal(second[[0, 2]], np.rot90(crops, -1, (1, 2))[[0, 2]])
    assert second[1].std() < crops[1].std() / 3
    corners = (crops[:, :4, :4], second[:, :4, :4])
    both = np.mean([corner.mean(axis=(1, 2, 3)) / 255 for corner in corners], axis=0)
    found = run_averaged(Abroad(), crops).probabilities[:, 0]
    np.testing.assert_allclose(found, both, rtol=1e-5)


def test_the_blur_is_a_gaussian() -> None:
    crops = np.zeros((1, 15, 15, 3), np.uint8)
    crops[0, 7, 7] = 255
    bell = np.exp(-((np.arange(15) - 7) ** 2) / (2 * 1.5**2))
    bell /= bell.sum()
    found = second_view(crops, np.array([True]))
    np.testing.assert_allclose(found[0, :, :, 1], 255 * np.outer(bell, bell), atol=4)
    plain = np.full((1, 9, 9, 3), 77, np.uint8)
    np.testing.assert_array_equal(second_view(plain, np.array([True])), plain)


def test_a_network_that_asks_for_one_view_gets_one(crops: np.ndarray) -> None:
    class Plain(Corner):
        manifest = replace(Corner.manifest, mirrors=False)

    output, alone = run_averaged(Plain(), crops), Corner().run(crops)
    np.testing.assert_allclose(output.probabilities, alone.probabilities, rtol=1e-6)
    np.testing.assert_array_equal(output.heatmaps, alone.heatmaps)


def test_what_the_image_is_like_is_said_of_the_image_as_it_is(crops: np.ndarray) -> None:
    output, alone = run_averaged(Corner(), crops), Corner().run(crops)
    for name in ("novelty", "foreign", "embedding"):
        np.testing.assert_array_equal(getattr(output, name), getattr(alone, name))


def test_maps_are_laid_back(crops: np.ndarray) -> None:
    output = run_averaged(Corner(), crops)
    for maps in (output.heatmaps, output.morphology_heatmaps["look"]):
        own = laid_out(crops[..., 0].astype(np.float32), (0.0, 0.0))
        np.testing.assert_allclose(maps[:, 0], own, rtol=1e-5)


HERE = (0.0, 0.0)


def test_spread_maps_keep_their_sums_and_move_nothing() -> None:
    maps = np.zeros((1, 2, 5, 5), np.float32)
    maps[0, 0, 2, 2], maps[0, 1, 0, 4] = 16, 16
    found = laid_out(maps, HERE)
    np.testing.assert_allclose(found.sum(axis=(2, 3)), [[16, 16]])
    np.testing.assert_allclose(found[0, 0, 1:4, 1:4], [[1, 2, 1], [2, 4, 2], [1, 2, 1]])
    np.testing.assert_allclose(found[0, 1, :2, 3:], [[3, 9], [1, 3]])
    even = np.full((1, 1, 3, 3), 2.0)
    np.testing.assert_array_equal(laid_out(even, HERE), even)


def test_maps_are_moved_to_their_evidence_and_lose_none_of_it() -> None:
    maps = np.random.default_rng(2).random((2, 3, 5, 6)).astype(np.float32)
    for offset in ((1.0, 0.0), (0.8, 0.5), (-0.3, 2.0), (-9.0, 9.0)):
        sums = laid_out(maps, offset).sum(axis=(2, 3))
        np.testing.assert_allclose(sums, maps.sum(axis=(2, 3)), rtol=1e-5)
    point = np.zeros((1, 1, 5, 5), np.float32)
    point[0, 0, 2, 1] = 1
    below = np.roll(laid_out(point, HERE), (1, 2), (2, 3))
    np.testing.assert_allclose(laid_out(point, (1.0, 2.0)), below, atol=1e-7)
    halves = (laid_out(point, HERE) + laid_out(point, (0.0, 1.0))) / 2
    np.testing.assert_allclose(laid_out(point, (0.0, 0.5)), halves, atol=1e-7)


def test_both_views_are_moved_before_the_second_is_turned_back() -> None:
    class Above(Corner):
        """Draws its maps a place above its evidence, whatever it is shown."""

        manifest = replace(Corner.manifest, map_offset=(1.0, 0.0))

        def run(self, crops: np.ndarray) -> EngineOutput:
            answer = super().run(crops)
            maps = np.roll(answer.heatmaps, -1, 2)
            return replace(answer, heatmaps=maps, morphology_heatmaps={"look": maps})

    crops = np.zeros((1, 8, 8, 3), np.uint8)
    crops[0, 4, 3] = 200
    output = run_averaged(Above(), crops)
    right = run_averaged(Corner(), crops)
    np.testing.assert_allclose(output.heatmaps, right.heatmaps)
    looks = output.morphology_heatmaps["look"]
    np.testing.assert_allclose(looks, right.morphology_heatmaps["look"])


def test_a_real_network_s_views_are_two_looks_at_one_cell(data: Path) -> None:
    engine = OnnxEngine(find_bundle("eight-types"))
    path = sorted((data / "kaggle_wbc" / "TEST" / "MONOCYTE").iterdir())[0]
    rgb = open_image(path).rgb
    crop = cut_input(rgb, locate_cell(rgb), engine.manifest.preprocess)[None]
    mean = run_averaged(engine, crop)
    alone = engine.run(crop)
    turned = engine.run(second_view(crop, alone.foreign > 1.0))
    both = (alone.probabilities + turned.probabilities) / 2
    np.testing.assert_allclose(mean.probabilities, both, atol=1e-4)
    assert mean.probabilities.sum() == pytest.approx(1, abs=1e-4)
    offset = engine.manifest.map_offset
    first, second = laid_out(alone.heatmaps, offset), laid_out(turned.heatmaps, offset)
    both = (first + np.rot90(second, 1, (2, 3))) / 2
    np.testing.assert_allclose(mean.heatmaps, both, atol=1e-3)
    assert set(mean.morphology) == set(alone.morphology)
