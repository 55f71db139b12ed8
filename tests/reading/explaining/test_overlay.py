"""Heatmaps as pictures: the jet scale, 40/60, at the original's resolution."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from hemavision.images.opening import open_image
from hemavision.reading.explaining import colour_map, normalise, overlay
from hemavision.reading.explaining.overlay import spread_over_image
from hemavision.records.results import Box


@pytest.fixture
def rgb():
    return np.random.default_rng(1).integers(0, 256, (240, 320, 3), dtype=np.uint8)


@pytest.fixture
def heatmap():
    values = np.zeros((37, 37), np.float32)
    values[10:20, 15:25] = 7.0
    return values


def test_overlay_has_the_originals_resolution(rgb, heatmap):
    for box in (Box(0, 0, 320, 240), Box(100, 50, 200, 150), Box(-40, -40, 100, 100)):
        assert overlay(rgb, heatmap, box).shape == rgb.shape


def test_forty_to_sixty_by_default(rgb, heatmap):
    box = Box(100, 50, 200, 150)
    alone = overlay(rgb, heatmap, box, opacity=1.0).astype(float)
    blended = overlay(rgb, heatmap, box).astype(float)
    np.testing.assert_allclose(blended, 0.4 * alone + 0.6 * rgb, atol=1.01)


def test_opacity_zero_is_the_image_and_values_outside_are_clipped(rgb, heatmap):
    box = Box(0, 0, 240, 240)
    np.testing.assert_array_equal(overlay(rgb, heatmap, box, opacity=0.0), rgb)
    np.testing.assert_array_equal(
        overlay(rgb, heatmap, box, opacity=7.0), overlay(rgb, heatmap, box, opacity=1.0)
    )


def test_heat_lands_where_the_box_says(rgb, heatmap):
    red = overlay(rgb, heatmap, Box(100, 50, 200, 150), opacity=1.0)
    # Row 15 of 37 in a box of 100 px from 50 is y = 92; column 20 is x = 155.
    assert tuple(red[92, 155]) == tuple(colour_map(np.array(1.0)))
    assert tuple(red[10, 10]) == tuple(colour_map(np.array(0.0)))


def test_jet_runs_from_blue_over_green_to_red():
    blue, green, red = colour_map(np.array([0.0, 0.5, 1.0]))
    assert blue[2] > 100 > blue[0]
    assert green[1] == 255
    assert red[0] > 100 > red[2]


def test_an_all_zero_map_divides_by_nothing(rgb):
    zero = np.zeros((37, 37), np.float32)
    with np.errstate(all="raise"):
        assert not normalise(zero).any()
        assert overlay(rgb, zero, Box(0, 0, 320, 240)).shape == rgb.shape
    assert normalise(np.array([[0.0, 1e-30]])).max() == pytest.approx(1.0)


def test_real_fields_are_coloured_as_the_definition_says(data, model):
    """The overlay spreads colour numbers; by definition it colours the spread map."""
    for file in sorted((data / "kaggle_wbc" / "TEST_SIMPLE").rglob("*.jpeg"))[:12]:
        rgb = open_image(file).rgb
        prediction = model.predict(file)[0]
        box = prediction.box
        for cell_type in prediction.probabilities:
            heatmap = prediction.heatmap(cell_type)
            spread = spread_over_image(normalise(heatmap), box, rgb.shape[1], rgb.shape[0])
            colours = Image.fromarray(colour_map(spread))
            expected = np.asarray(Image.blend(Image.fromarray(rgb), colours, 0.4))
            np.testing.assert_array_equal(overlay(rgb, heatmap, box), expected)
