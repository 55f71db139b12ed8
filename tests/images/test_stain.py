"""Light and stain are measured and made standard: on real cells, under other light and stain."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hemavision.images.opening import open_image
from hemavision.images.stain import (
    BACKGROUND,
    NUCLEUS,
    RED_CELL,
    Stain,
    measure_red_cells,
    measure_stain,
    standard_curves,
    standardise,
)
from hemavision.reading.finding import locate_cell
from hemavision.reading.preprocess import FILL, PreprocessSpec, crop_and_resize, cut_input
from hemavision.records.results import Box

STANDARD = PreprocessSpec(stain="standard")
RED_CELLS = PreprocessSpec(stain="red-cells")


def cells(data: Path, pattern: str, count: int) -> list[np.ndarray]:
    paths = sorted(data.glob(pattern))
    return [open_image(path).rgb for path in paths[:: len(paths) // count][:count]]


@pytest.fixture(scope="module")
def kaggle(data: Path) -> list[np.ndarray]:
    return cells(data, "kaggle_wbc/TRAIN/*/*.jpeg", 12)


def otherwise(rgb: np.ndarray, light: list[float], strength: float) -> np.ndarray:
    """The same cell under another lamp and in another strength of stain."""
    absorbance = -np.log(np.maximum(rgb, 1) / 255.0) * strength
    return np.round(255.0 * np.exp(-absorbance) * light).astype(np.uint8)


def test_another_lamp_is_taken_out(kaggle: list[np.ndarray]) -> None:
    for rgb in kaggle:
        box = locate_cell(rgb)
        other = otherwise(rgb, [1.0, 0.9, 0.7], 1.0)
        raw, lit = (crop_and_resize(x, box, 224).astype(float) for x in (rgb, other))
        one, two = (cut_input(x, box, STANDARD).astype(float) for x in (rgb, other))
        assert np.abs(one - two).mean() < 0.15 * np.abs(raw - lit).mean()


def ratio(deep: np.ndarray, pale: np.ndarray, box: Box, spec: PreprocessSpec) -> float:
    """How much more two crops' nuclei absorb, one to the other.

    Red and green alone: a nucleus's blue absorbance is near nothing in these photographs.
    """
    one, two = (measure_stain(cut_input(rgb, box, spec)).nucleus for rgb in (deep, pale))
    return float((one / two)[:2].mean())


def test_strength_of_stain_is_brought_nearer(kaggle: list[np.ndarray]) -> None:
    before, after = [], []
    for rgb in kaggle:
        box = locate_cell(rgb)
        other = otherwise(rgb, [1.0, 1.0, 1.0], 1.5)
        before.append(ratio(other, rgb, box, PreprocessSpec()))
        after.append(ratio(other, rgb, box, STANDARD))
    assert np.mean(before) > 1.4
    assert np.mean(after) - 1 < 0.7 * (np.mean(before) - 1)


def test_laboratories_come_together(data: Path) -> None:
    def spread(spec: PreprocessSpec) -> float:
        found = []
        for pattern in ("kaggle_wbc/TRAIN/*/*.jpeg", "pbc/*/*.jpg", "jtsc/images/*.png"):
            images = cells(data, pattern, 12)
            crops = [cut_input(rgb, locate_cell(rgb), spec) for rgb in images]
            found.append(np.mean([np.median(crop, axis=(0, 1)) for crop in crops], axis=0))
        return float(np.std(found, axis=0).mean())

    raw, standard = spread(PreprocessSpec()), spread(STANDARD)
    print(f"between laboratories: {raw:.1f} of 255 as it is, {standard:.1f} with standard stain")
    assert standard < 0.6 * raw


def red_cells_of(rgb: np.ndarray) -> np.ndarray | None:
    """What is measured of the red cells in the square around the white one."""
    box = locate_cell(rgb)
    seen = rgb[max(box.top, 0) : box.bottom, max(box.left, 0) : box.right]
    centre = (
        (box.left + box.right) / 2 - max(box.left, 0),
        (box.top + box.bottom) / 2 - max(box.top, 0),
    )
    return measure_red_cells(seen, measure_stain(seen), centre, 0.36 * (box.right - box.left))


def test_red_cells_are_found_where_there_are_any(data: Path, kaggle: list[np.ndarray]) -> None:
    found = [red_cells_of(rgb) for rgb in kaggle]
    seen = [red for red in found if red is not None]
    assert len(seen) >= 9
    for red in seen:  # they absorb green more than red, and far less than a nucleus
        assert red[0] < red[1] < 1.0
    burst = [red_cells_of(rgb) for rgb in cells(data, "jtsc/images/*.png", 12)]
    assert sum(red is not None for red in burst) <= 4, "the rapid stain leaves few"


def test_red_cells_of_another_camera_get_the_standard_colour(kaggle: list[np.ndarray]) -> None:
    mixing = np.array([[0.8, 0.15, 0.05], [0.1, 0.85, 0.05], [0.05, 0.25, 0.7]])
    before, after = [], []
    for rgb in kaggle:
        absorbance = -np.log(np.maximum(rgb, 1) / 255.0) @ mixing.T
        other = np.round(255 * np.exp(-absorbance)).astype(np.uint8)
        if red_cells_of(rgb) is None or red_cells_of(other) is None:
            continue
        box = locate_cell(rgb)
        for spec, gaps in ((STANDARD, before), (RED_CELLS, after)):
            one, two = (cut_input(x, box, spec).astype(float) for x in (rgb, other))
            gaps.append(np.abs(one - two).mean())
    assert len(after) >= 6
    assert np.mean(after) < 0.8 * np.mean(before)


def test_standard_stains_stay_as_they_are() -> None:
    rng = np.random.default_rng(4)
    shares = rng.uniform(0.0, 0.5, (32, 32, 2))
    absorbance = shares @ np.stack([NUCLEUS, RED_CELL])
    crop = np.round(BACKGROUND * np.exp(-absorbance)).astype(np.uint8)
    same = standardise(crop, Stain(BACKGROUND, NUCLEUS), RED_CELL)
    assert np.abs(same.astype(int) - crop).max() <= 2


def test_without_red_cells_the_curves_stand(kaggle: list[np.ndarray]) -> None:
    crop = crop_and_resize(kaggle[0], locate_cell(kaggle[0]), 96)
    stain = measure_stain(crop)
    expected = np.stack([standard_curves(stain)[crop[..., c], c] for c in range(3)], axis=-1)
    for red_cells in (None, stain.nucleus):  # the same stain twice cannot be told apart
        assert np.array_equal(standardise(crop, stain, red_cells), expected)


def test_as_is_leaves_the_pixels_alone(kaggle: list[np.ndarray]) -> None:
    box = locate_cell(kaggle[0])
    expected = crop_and_resize(kaggle[0], box, 224)
    assert np.array_equal(cut_input(kaggle[0], box, PreprocessSpec()), expected)


def test_outside_the_image_is_background(kaggle: list[np.ndarray]) -> None:
    rgb = kaggle[0]
    box = Box(-200, -200, 200, 200)
    assert np.allclose(cut_input(rgb, box, STANDARD)[:80, :80], BACKGROUND, atol=3)
    assert (cut_input(rgb, box, PreprocessSpec())[:80, :80] == FILL).all()


def test_curves_keep_order_and_bring_a_cell_to_the_standard(kaggle: list[np.ndarray]) -> None:
    for rgb in kaggle:
        stain = measure_stain(crop_and_resize(rgb, locate_cell(rgb), 224))
        curves = standard_curves(stain)
        assert curves.shape == (256, 3)
        assert curves.dtype == np.uint8
        assert (np.diff(curves.astype(int), axis=0) >= 0).all()
        at = np.round(stain.background).astype(int)
        assert np.allclose(curves[at, range(3)], BACKGROUND, atol=3)


def test_the_standard_itself_stays_as_it_is() -> None:
    curves = standard_curves(Stain(BACKGROUND, NUCLEUS)).astype(int)
    for channel in range(3):
        top = int(BACKGROUND[channel])
        assert np.abs(curves[4:top, channel] - np.arange(4, top)).max() <= 1


@pytest.mark.parametrize("value", [0, 3, 128, 255])
@pytest.mark.parametrize("spec", [STANDARD, RED_CELLS])
def test_an_image_of_nothing(value: int, spec: PreprocessSpec) -> None:
    rgb = np.full((90, 120, 3), value, np.uint8)
    result = cut_input(rgb, locate_cell(rgb), spec)
    assert result.shape == (224, 224, 3)
    assert np.ptp(result.reshape(-1, 3), axis=0).max() == 0


@pytest.mark.parametrize("spec", [STANDARD, RED_CELLS])
def test_a_single_pixel(spec: PreprocessSpec) -> None:
    rgb = np.array([[[10, 200, 30]]], np.uint8)
    assert cut_input(rgb, locate_cell(rgb), spec).shape == (224, 224, 3)
