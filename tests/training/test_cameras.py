"""Other cameras: each thing that one does to a view is done, in its place and in range."""

from __future__ import annotations

import numpy as np
import pytest

from hemavision.training import cameras
from hemavision.training.cameras import LUMA, another_camera


@pytest.fixture(scope="module")
def view():
    rng = np.random.default_rng(1)
    view = np.full((64, 64, 3), [230, 215, 225], np.float32)
    view[20:44, 20:44] = [110, 60, 150]
    return view + rng.uniform(-5, 5, view.shape).astype(np.float32)


def seen(view, change, count=40):
    return [change(view, np.random.default_rng(seed)) for seed in range(count)]


def test_every_view_is_a_picture_and_no_two_are_alike(view):
    pictures = seen(view, another_camera, 60)
    for picture in pictures:
        assert (picture.shape, picture.dtype) == (view.shape, np.float32)
        assert picture.min() >= 0
        assert picture.max() <= 255
        # The cell is still darker than what is around it.
        assert picture[24:40, 24:40].mean() < picture[:16].mean()
    assert len({picture.tobytes() for picture in pictures}) > 45
    # Some cameras keep what they see.
    assert any(np.array_equal(picture, view) for picture in pictures)


def test_the_same_chance_gives_the_same_view(view):
    one, two = (another_camera(view, np.random.default_rng(9)) for _ in range(2))
    assert np.array_equal(one, two)


def test_saturation_keeps_how_bright_each_place_is(view):
    pictures = seen(view, cameras._saturated)
    for picture in pictures:
        assert np.allclose(picture @ LUMA, view @ LUMA, atol=0.5)
    spread = [np.ptp(picture[30, 30]) / np.ptp(view[30, 30]) for picture in pictures]
    assert min(spread) < 0.6
    assert max(spread) > 1.3


def test_a_vignette_is_dark_on_one_side_and_smooth():
    for seed in range(40):
        light = cameras._vignette(64, np.random.default_rng(seed))
        assert light.shape == (64, 64, 1)
        assert 0.45 <= light.min() < light.max() <= 1
        assert np.abs(np.diff(light[..., 0], axis=0)).max() < 0.05


def test_fringes_move_red_and_blue_against_green(view):
    pictures = seen(view, cameras._fringed)
    assert all(np.array_equal(picture[..., 1], view[..., 1]) for picture in pictures)
    assert any(not np.array_equal(picture[..., 0], view[..., 0]) for picture in pictures)
    assert any(not np.array_equal(picture[..., 2], view[..., 2]) for picture in pictures)


def test_jpeg_loses_detail_and_little_else(view):
    for picture in seen(view, cameras._as_jpeg):
        assert 0.5 < np.abs(picture - view).mean() < 15
        assert np.abs(picture.mean(axis=(0, 1)) - view.mean(axis=(0, 1))).max() < 5
