"""What makes a field doubtful, on BCCD's train fields as they are and spoilt on purpose."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from bccd_fields import picture, train_fields, true_cells
from PIL import Image, ImageFilter

from hemavision.images.quality import LEAST_SHARPNESS, find_cautions, measure_sharpness
from hemavision.records.results import Box, Detection

Change = Callable[[Image.Image], Image.Image]
#: Every how manieth field is looked at.
EACH = pytest.mark.parametrize("each", [8, pytest.param(1, marks=pytest.mark.long)])


def sized(found: list[Detection], factor: float) -> list[Detection]:
    return [
        Detection(d.kind, Box(*(round(v * factor) for v in vars(d.box).values())), d.score)
        for d in found
    ]


def sharpness_of(data: Path, name: str, change: Change) -> float:
    image = Image.fromarray(picture(data, name))
    changed = change(image)
    found = sized(true_cells(data, name), changed.width / image.width)
    return measure_sharpness(np.asarray(changed), found)


def resized(factor: float) -> Change:
    return lambda image: image.resize(
        (round(image.width * factor), round(image.height * factor)), Image.Resampling.BILINEAR
    )


def lit(gain: float) -> Change:
    return lambda image: image.point(lambda value: min(255, int(value * gain)))


def codes(data: Path, name: str, change: Change) -> set[str]:
    rgb = np.asarray(change(Image.fromarray(picture(data, name))))
    found = true_cells(data, name)
    return {c.code for c in find_cautions(rgb, found, measure_sharpness(rgb, found))}


@EACH
@pytest.mark.parametrize("factor", [0.5, 1.0, 2.0])
def test_no_sharp_field_counts_as_out_of_focus_at_any_size(
    data: Path, factor: float, each: int
) -> None:
    found = [sharpness_of(data, name, resized(factor)) for name in train_fields(data)[::each]]
    assert len(found) > 150 // each
    assert min(found) > LEAST_SHARPNESS


@EACH
def test_every_field_blurred_by_a_36th_of_a_red_cell_is_out_of_focus(data: Path, each: int) -> None:
    blur, names = ImageFilter.GaussianBlur(3), train_fields(data)[::each]
    found = [sharpness_of(data, name, lambda i: i.filter(blur)) for name in names]
    assert max(found) < LEAST_SHARPNESS


@EACH
def test_a_slighter_blur_is_nearly_always_noticed(data: Path, each: int) -> None:
    blur, names = ImageFilter.GaussianBlur(2), train_fields(data)[::each]
    found = [sharpness_of(data, name, lambda i: i.filter(blur)) for name in names]
    assert np.mean(np.array(found) < LEAST_SHARPNESS) > 0.9


def test_light_says_nothing_about_focus(data: Path) -> None:
    for name in train_fields(data)[:10]:
        assert "out-of-focus" not in codes(data, name, lit(0.6))


def test_a_field_as_it_should_be_has_nothing_to_beware_of(data: Path) -> None:
    names = [
        n for n in train_fields(data) if any(d.kind == "red_cell" for d in true_cells(data, n))
    ]
    for name in names[:20]:
        assert codes(data, name, lambda image: image) == set()


@pytest.mark.parametrize(
    ("gain", "code"), [(0.3, "under-exposed"), (0.4, "under-exposed"), (2, "over-exposed")]
)
def test_wrong_light_is_noticed(data: Path, gain: float, code: str) -> None:
    for name in train_fields(data)[:20]:
        assert code in codes(data, name, lit(gain))


def test_a_black_picture_is_said_to_be_black() -> None:
    rgb = np.zeros((480, 640, 3), np.uint8)
    first, second = find_cautions(rgb, [], measure_sharpness(rgb))
    assert (first.code, second.code) == ("under-exposed", "no-cells")
    assert "black" in first.message
    assert measure_sharpness(rgb) == 0


def test_a_white_picture_is_over_exposed() -> None:
    rgb = np.full((480, 640, 3), 255, np.uint8)
    found = [c.code for c in find_cautions(rgb, [], measure_sharpness(rgb))]
    assert found == ["over-exposed", "out-of-focus", "no-cells"]


def test_without_red_cells_nothing_is_estimated(data: Path) -> None:
    name = train_fields(data)[0]
    white = [d for d in true_cells(data, name) if d.kind == "white_cell"]
    rgb = picture(data, name)
    assert [c.code for c in find_cautions(rgb, white, 1.0)] == ["no-red-cells"]


def test_every_message_says_what_to_do(data: Path) -> None:
    black, white = np.zeros((64, 64, 3), np.uint8), np.full((64, 64, 3), 255, np.uint8)
    dark = np.full((64, 64, 3), 60, np.uint8)
    said = {c.code: c.message for rgb in (black, white, dark) for c in find_cautions(rgb, [], 0.0)}
    assert set(said) == {"under-exposed", "over-exposed", "out-of-focus", "no-cells"}
    for message in said.values():
        assert message.endswith(".")
        assert len(message) > 40


def test_the_smallest_picture_is_measured() -> None:
    rng = np.random.default_rng(1)
    assert measure_sharpness(rng.integers(0, 255, (16, 16, 3), dtype=np.uint8)) > 0
    assert measure_sharpness(rng.integers(0, 255, (16, 8000, 3), dtype=np.uint8)) > 0
