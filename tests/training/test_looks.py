"""A cell in another laboratory's light and stain: on drawn crops whose colours are known."""

from __future__ import annotations

import numpy as np
import pytest

from hemavision.training.looks import TIMES, in_the_look_of

SIDE = 120


def drawn(light: tuple[int, int, int], absorbed: tuple[float, float, float]) -> np.ndarray:
    """A crop with a nucleus that takes so much of each channel's light, and half of it around."""
    places = np.arange(SIDE) - (SIDE - 1) / 2
    distance = np.hypot(places[:, None], places)[..., None]
    stain = np.where(distance < 20, 1.0, np.where(distance < 30, 0.5, 0.0))
    return np.rint(np.array(light) * np.exp(-stain * np.array(absorbed))).astype(np.uint8)


def test_light_and_nucleus_become_the_others():
    crop = drawn((240, 230, 236), (1.0, 1.2, 0.5))
    other = drawn((200, 190, 150), (0.7, 1.5, 0.9))
    seen = in_the_look_of(other, crop)
    assert (seen.shape, seen.dtype) == (crop.shape, crop.dtype)
    assert np.abs(seen.astype(int) - other).max() <= 3, "half the stain is half of theirs, too"


def test_what_it_is_given_stays_as_it_was():
    crop, other = drawn((240, 230, 236), (1.0, 1.2, 0.5)), drawn((200, 190, 150), (0.7, 1.5, 0.9))
    before = crop.copy(), other.copy()
    in_the_look_of(other, crop)
    assert np.array_equal(crop, before[0])
    assert np.array_equal(other, before[1])


def test_its_own_look_changes_nothing():
    crop = drawn((240, 230, 236), (1.0, 1.2, 0.5))
    assert np.abs(in_the_look_of(crop, crop).astype(int) - crop).max() <= 1


def test_a_stain_is_not_made_up():
    """A channel that nothing absorbs is multiplied by no more than the limit."""
    pale, deep = drawn((240, 230, 236), (0.1, 0.1, 0.1)), drawn((240, 230, 236), (2.0, 2.0, 2.0))
    seen = in_the_look_of(deep, pale)
    nucleus = seen[SIDE // 2, SIDE // 2] / np.array((240, 230, 236))
    assert nucleus == pytest.approx(np.full(3, np.exp(-0.1 * TIMES[1])), abs=0.02)


@pytest.mark.parametrize("place", ["crop", "other"])
def test_what_shows_no_colours_teaches_nothing(place):
    crop, grey = drawn((240, 230, 236), (1.0, 1.2, 0.5)), np.full((SIDE, SIDE, 3), 128, np.uint8)
    own, other = (grey, crop) if place == "crop" else (crop, grey)
    assert in_the_look_of(other, own) is own
