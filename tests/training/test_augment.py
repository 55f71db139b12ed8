"""Views stay pictures of the same cell."""

from __future__ import annotations

import numpy as np
import pytest

from hemavision.training.augment import (
    another_laboratory,
    here_or_elsewhere,
    plain_view,
    random_light,
    random_view,
)
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


def test_another_laboratory_changes_colours_and_keeps_the_shape(crop):
    view = plain_view(crop, 96)
    dark = view.mean(axis=-1) < np.quantile(view.mean(axis=-1), 0.2)
    hues, still_dark = [], 0
    for seed in range(60):
        other = another_laboratory(view, np.random.default_rng(seed))
        assert other.shape == view.shape
        assert 0 <= other.min() <= other.max() <= 255
        hues.append(other[dark].mean(axis=0))
        still_dark += other[dark].mean() < other[~dark].mean()
    assert np.std(hues, axis=0).min() > 10
    assert still_dark >= 42, "a blanked edge may be darker, and a view in six has one"


def test_half_of_the_views_stay_at_home(crop):
    view = plain_view(crop, 96)
    views = [here_or_elsewhere(view, np.random.default_rng(seed), 0.5) for seed in range(200)]
    same = sum(np.array_equal(other, view) for other in views)
    assert 70 <= same <= 130
