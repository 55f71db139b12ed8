"""Views stay pictures of the same cell."""

from __future__ import annotations

import numpy as np
import pytest

from hemavision.training.augment import plain_view, random_light, random_view, restained, stain_of
from hemavision.training.crops import CROP_PX


@pytest.fixture
def crop(few_crops):
    return few_crops.crops[0]


@pytest.mark.parametrize("size_px", [48, 224])
def test_views_have_the_size_asked_for(crop, size_px):
    rng = np.random.default_rng(1)
    for view in (plain_view(crop, size_px), random_view(crop, size_px, rng)):
        assert view.shape == (size_px, size_px, 3)
        assert view.dtype == np.uint8
    light = random_light(view, rng)
    assert light.dtype == np.float32
    assert 0 <= light.min() <= light.max() <= 255


def test_plain_view_is_the_middle_of_the_crop():
    ramp = np.broadcast_to(np.arange(CROP_PX, dtype=np.uint8)[None, :, None], (CROP_PX,) * 2 + (3,))
    view = plain_view(np.ascontiguousarray(ramp), 64)
    assert abs(float(view.mean()) - (CROP_PX - 1) / 2) < 1
    assert view[0, 0, 0] > 10


def test_restaining_moves_the_statistics_to_the_donors(few_crops):
    cell, donor = plain_view(few_crops.crops[0], 64), plain_view(few_crops.crops[-1], 64)
    aim = stain_of(donor)
    before = np.abs(stain_of(cell)[0] - aim[0]).max()
    assert before > 4
    whole, half = restained(cell, aim, 1.0), restained(cell, aim, 0.5)
    assert np.abs(stain_of(whole)[0] - aim[0]).max() < 0.25 * before
    assert np.abs(stain_of(half)[0] - aim[0]).max() < 0.75 * before


def test_restaining_with_no_strength_changes_nothing(few_crops):
    cell = plain_view(few_crops.crops[0], 64)
    moved = restained(cell, stain_of(plain_view(few_crops.crops[1], 64)), 0.0)
    assert np.abs(moved.astype(int) - cell).max() <= 1


def test_restaining_a_blank_view_stays_finite():
    blank = np.full((32, 32, 3), 200, np.uint8)
    stain = np.array([[120, 90, 160], [60, 60, 60]], np.float32)
    assert restained(blank, stain, 1.0).std() < 1
