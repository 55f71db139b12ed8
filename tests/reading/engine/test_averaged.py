"""The mean over several views: of what is answered, and with maps laid back where they belong."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fakes import FakeEngine

from hemavision import Model
from hemavision.images.opening import open_image
from hemavision.images.stain import measure_stain, standardise
from hemavision.reading.bundle import find_bundle
from hemavision.reading.engine import EngineOutput, OnnxEngine, run_averaged
from hemavision.reading.engine.averaged import View, spread, views_of
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


def test_every_corner_counts_alike(crops: np.ndarray) -> None:
    output = run_averaged(Corner(), crops)
    whole = crops.mean(axis=(1, 2, 3)) / 255
    for found in (output.probabilities[:, 0], output.morphology["look"][:, 0]):
        np.testing.assert_allclose(found, whole, rtol=1e-5)


def test_what_the_image_is_like_is_said_of_the_image_as_it_is(crops: np.ndarray) -> None:
    output, alone = run_averaged(Corner(), crops), Corner().run(crops)
    for name in ("novelty", "foreign", "embedding"):
        np.testing.assert_array_equal(getattr(output, name), getattr(alone, name))


def test_two_stains_share_four_views() -> None:
    plain = FakeEngine().manifest
    both = replace(plain, preprocess=replace(plain.preprocess, stain="both"))
    assert views_of(plain) == (View(),)
    assert [v.standard for v in views_of(both)] == [False, True]
    views = views_of(replace(both, mirrors=True))
    assert sorted(v.standard for v in views) == [False, False, True, True]
    assert {v.mirrored for v in views} == {(), (1,), (2,), (1, 2)}
    assert views[0] == View()


def test_standard_views_are_in_standard_stain(crops: np.ndarray) -> None:
    class Recorded(Corner):
        manifest = replace(
            Corner.manifest, preprocess=replace(Corner.manifest.preprocess, stain="both")
        )

        def __init__(self) -> None:
            self.shown: list[np.ndarray] = []

        def run(self, crops: np.ndarray) -> EngineOutput:
            self.shown.append(crops)
            return super().run(crops)

    engine = Recorded()
    run_averaged(engine, crops)
    standard = np.stack([standardise(crop, measure_stain(crop), None) for crop in crops])
    assert not np.array_equal(standard, crops)
    assert [
        np.array_equal(shown, np.flip(standard if view.standard else crops, view.mirrored))
        for shown, view in zip(np.split(engine.shown[0], 4), views_of(engine.manifest), strict=True)
    ] == [True] * 4


def test_maps_are_laid_back(crops: np.ndarray) -> None:
    output = run_averaged(Corner(), crops)
    for maps in (output.heatmaps, output.morphology_heatmaps["look"]):
        own = spread(crops[..., 0].astype(np.float32))
        np.testing.assert_allclose(maps[:, 0], own, rtol=1e-5)


def test_spread_maps_keep_their_sums_and_move_nothing() -> None:
    maps = np.zeros((1, 2, 5, 5), np.float32)
    maps[0, 0, 2, 2], maps[0, 1, 0, 4] = 16, 16
    found = spread(maps)
    np.testing.assert_allclose(found.sum(axis=(2, 3)), [[16, 16]])
    np.testing.assert_allclose(found[0, 0, 1:4, 1:4], [[1, 2, 1], [2, 4, 2], [1, 2, 1]])
    np.testing.assert_allclose(found[0, 1, :2, 3:], [[3, 9], [1, 3]])
    np.testing.assert_array_equal(spread(np.full((1, 1, 3, 3), 2.0)), np.full((1, 1, 3, 3), 2.0))


def test_a_real_network_answers_a_cell_upside_down_alike(model: Model, data: Path) -> None:
    """Both stains have two views each, so it is both mirrors together that change nothing."""
    engine = OnnxEngine(find_bundle("eight-types"))
    path = sorted((data / "kaggle_wbc" / "TEST" / "MONOCYTE").iterdir())[0]
    rgb = open_image(path).rgb
    crop = cut_input(rgb, locate_cell(rgb), engine.manifest.preprocess)[None]
    one = run_averaged(engine, crop)
    other = run_averaged(engine, np.ascontiguousarray(crop[:, ::-1, ::-1]))
    np.testing.assert_allclose(one.probabilities, other.probabilities, atol=1e-4)
    np.testing.assert_allclose(one.heatmaps, other.heatmaps[..., ::-1, ::-1], atol=1e-3)
    assert one.probabilities.sum() == pytest.approx(1, abs=1e-4)
    alone = engine.run(crop)
    assert one.heatmaps.shape == alone.heatmaps.shape
    assert set(one.morphology) == set(alone.morphology)
