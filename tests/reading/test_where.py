"""Which cell of a picture is meant, and when its nucleus alone decides: on drawn fields."""

from __future__ import annotations

import numpy as np
import pytest
from fakes import FakeFinder
from PIL import Image, ImageDraw

from hemavision.reading.finding import locate_cell
from hemavision.reading.preprocess import PreprocessSpec, around
from hemavision.reading.where import FILLING, where_found, where_to_look
from hemavision.records.results import Box, CellKind, Detection

SPEC = PreprocessSpec(size_px=96)
WIDTH, HEIGHT = 320, 240
#: A disc: its centre and its radius, in pixels.
Disc = tuple[int, int, int]


def drawn(*nuclei: Disc) -> np.ndarray:
    """A picture of the size of one cell's, with these nuclei."""
    image = Image.new("RGB", (WIDTH, HEIGHT), (228, 214, 222))
    for x, y, radius in nuclei:
        box = (x - radius, y - radius, x + radius, y + radius)
        ImageDraw.Draw(image).ellipse(box, fill=(96, 48, 140))
    return np.asarray(image)


def white(x: int, y: int, score: float, side: int = 40) -> Detection:
    box = (x - side // 2, y - side // 2, x + side // 2, y + side // 2)
    return Detection(CellKind.WHITE, Box(*box), score)


def looked_at(rgb: np.ndarray, *found: Detection) -> Box:
    return where_to_look(rgb, SPEC, lambda: FakeFinder([(rgb, found)]))


@pytest.mark.parametrize("radius", [12, 22])
def test_a_small_cell_is_looked_at_as_in_a_field(radius: int) -> None:
    rgb, cell = drawn((90, 80, radius)), white(90, 80, 0.5, side=3 * radius)
    assert looked_at(rgb, cell) == where_found(rgb, cell.box, SPEC)


def test_where_one_cell_fills_its_picture_nothing_else_is_asked() -> None:
    rgb = drawn((160, 120, 40))
    box = locate_cell(rgb)
    assert box.right - box.left >= FILLING * HEIGHT
    # Cells beside it would make the picture a field only if it had a field's size.
    assert looked_at(rgb, white(30, 30, 0.9)) == around(box, SPEC)


def test_the_nucleus_says_which_of_the_cells_is_meant() -> None:
    """However sure the detector is of another: a red cell's shadow, dirt."""
    rgb = drawn((230, 150, 14))
    meant, surer = white(228, 152, 0.4), white(60, 60, 0.9)
    assert looked_at(rgb, surer, meant) == where_found(rgb, meant.box, SPEC)


@pytest.mark.parametrize(("x", "y", "is_meant"), [(160, 120, True), (100, 200, False)])
def test_without_a_cell_there_the_middle_says_so_and_then_the_surest(
    x: int, y: int, is_meant: bool
) -> None:
    rgb = drawn((230, 150, 14))
    less_sure, surer = white(x, y, 0.4), white(60, 60, 0.9)
    cell = less_sure if is_meant else surer
    assert looked_at(rgb, less_sure, surer) == where_found(rgb, cell.box, SPEC)


def test_where_no_cell_is_found_the_nucleus_decides() -> None:
    rgb = drawn((230, 150, 14))
    assert looked_at(rgb) == around(locate_cell(rgb), SPEC)
