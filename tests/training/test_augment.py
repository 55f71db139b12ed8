"""Views stay pictures of the same cell."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hemavision.datasets.crops import CROP_PX
from hemavision.training.augment import (
    COARSE,
    another_laboratory,
    coarsened,
    plain_view,
    random_light,
    random_view,
    refocused,
)
from hemavision.training.recipes import RECIPES
from hemavision.training.views import Chosen, ViewMaker


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


def test_some_views_are_sharper_some_blurred_and_some_as_they_were(crop):
    view = plain_view(crop, 96)

    def grain(picture):
        return np.abs(np.diff(picture.mean(axis=-1), axis=0)).mean()

    seen = [refocused(view, np.random.default_rng(seed)) for seed in range(200)]
    grains = np.array([grain(picture) for picture in seen]) / grain(view)
    assert 50 <= (grains > 1.1).sum() <= 80
    assert 50 <= (grains < 0.9).sum() <= 90
    assert 35 <= sum(np.array_equal(picture, view) for picture in seen) <= 65
    assert {(picture.shape, picture.dtype) for picture in seen} == {(view.shape, view.dtype)}


def test_a_coarse_view_is_what_so_few_pixels_show():
    """Stripes finer than a pixel of the coarsest camera are grey, and the whole is as light."""
    side = 128
    stripes = np.zeros((side, side, 3), np.uint8)
    stripes[:, ::2] = 255
    halves = np.zeros_like(stripes)
    halves[:, side // 2 :] = 200
    for seed in range(20):
        fine, broad = (coarsened(v, np.random.default_rng(seed)) for v in (stripes, halves))
        assert fine.shape == broad.shape == (side, side, 3)
        assert np.ptp(fine[:, 8:-8].astype(int)) < 30
        assert abs(fine.mean() - 127.5) < 3
        pixel = int(side / (side * COARSE[0]))
        assert (broad[:, : side // 2 - 2 * pixel] < 5).all()
        assert (broad[:, side // 2 + 2 * pixel :] > 195).all()


@pytest.mark.parametrize(("share", "least", "most"), [(0.0, 0, 0), (0.25, 30, 70), (1.0, 200, 200)])
def test_so_many_views_are_coarse_as_the_recipe_says(few_crops, monkeypatch, share, least, most):
    monkeypatch.setattr(
        "hemavision.training.views.coarsened", lambda view, rng: np.zeros_like(view)
    )
    recipe = replace(RECIPES["last-steps"], coarse=share)
    chosen = Chosen(np.zeros(200, int), np.ones(200), np.zeros(200, bool))
    views = ViewMaker(few_crops.crops).views(chosen, recipe, 48, (1, 2, 3))
    assert least <= (views.reshape(200, -1).max(axis=1) == 0).sum() <= most


def test_a_turned_view_lacks_next_to_nothing():
    """What a view reaches beyond the crop has the colour of the crop's corner."""
    bright = np.full((CROP_PX, CROP_PX, 3), 200, np.uint8)
    bright[0, 0] = 0
    lacking = [(random_view(bright, 64, np.random.default_rng(s)) < 100).mean() for s in range(200)]
    assert 0 < max(lacking) < 0.06
    assert np.mean(lacking) < 0.005


def test_views_are_turned_by_any_angle():
    """A line through the middle, upright in the crop, leans in every second view."""
    line = np.zeros((CROP_PX, CROP_PX, 3), np.uint8)
    line[:, CROP_PX // 2 - 3 : CROP_PX // 2 + 3] = 255
    leaning = 0
    for seed in range(60):
        lit = random_view(line, 64, np.random.default_rng(seed))[..., 0] > 127
        spread = np.minimum(lit.any(axis=0).sum(), lit.any(axis=1).sum())
        leaning += spread > 12
    assert 15 <= leaning <= 40
