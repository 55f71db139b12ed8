"""By how much a network's maps lie beside what it answers to."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fakes import FakeEngine

from hemavision.reading.engine import EngineOutput
from hemavision.training.displacement import covered, measure_displacement


class Dots:
    """Is sure as far as a crop has light dots in it, and draws them where it is told to."""

    manifest = FakeEngine().manifest

    def __init__(self, up: int = 0, left: int = 0) -> None:
        self.by = (-up, -left)

    def run(self, crops: np.ndarray) -> EngineOutput:
        lit = (crops[..., 0].astype(np.float32) / 255) ** 2
        places = lit.reshape(len(crops), 5, 16, 5, 16).mean(axis=(2, 4))
        sure = 0.5 + places.sum(axis=(1, 2)) / 2
        maps = np.roll(places, self.by, (1, 2))[:, None].repeat(2, axis=1)
        said = np.stack([sure, 1 - sure], axis=1)
        return EngineOutput(said, maps, said, sure, sure, {}, {})


@pytest.fixture
def crops() -> np.ndarray:
    rng = np.random.default_rng(3)
    crops = np.zeros((6, 80, 80, 3), np.uint8)
    for crop in crops:
        for row, column in rng.integers(34, 46, (60, 2)):
            crop[row, column] = 255
    return crops


@pytest.mark.parametrize(("up", "left"), [(0, 0), (1, 0), (-1, 2)])
def test_maps_drawn_beside_are_measured_as_far(crops: np.ndarray, up: int, left: int) -> None:
    found = measure_displacement(Dots(up, left), crops)
    assert found == pytest.approx((up, left), abs=0.1)


def test_what_says_nothing_counts_for_nothing(crops: np.ndarray) -> None:
    assert measure_displacement(Dots(1, 1), crops[:1] * 0) == (0.0, 0.0)
    both = np.concatenate([crops[:2], crops[:2] * 0])
    assert measure_displacement(Dots(1, 1), both) == measure_displacement(Dots(1, 1), crops[:2])


def test_a_covered_crop_is_blurred_in_one_place_and_left_alone_in_all_others() -> None:
    crop = np.random.default_rng(1).integers(0, 256, (50, 50, 3), dtype=np.uint8)
    views = covered(crop, (5, 5))
    assert views.shape == (25, 50, 50, 3)
    changed = (views != crop).any(axis=3)
    for index, where in enumerate(changed):
        rows, columns = np.nonzero(where)
        assert (rows // 10 == index // 5).all()
        assert (columns // 10 == index % 5).all()
        assert where.sum() > 90


def test_a_manifest_without_it_moves_nothing() -> None:
    manifest = FakeEngine().manifest
    assert manifest.map_offset == (0.0, 0.0)
    moved = replace(manifest, map_offset=(0.8, -0.5))
    assert type(manifest).from_json(moved.to_json()) == moved
