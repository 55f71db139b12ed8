"""Where the nucleus is, to the pixel: on drawn cells, whose places and sizes are known."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from PIL import Image, ImageDraw

from hemavision.reading.finding import locate_cell, locate_nucleus
from hemavision.reading.finding.stain import CELL_SIDES, SIDE_RANGE, _densest_point
from hemavision.records.results import Box

PLASMA, RED_CELL, CYTOPLASM, NUCLEUS = (
    (228, 214, 222), (214, 160, 168), (205, 180, 215), (96, 48, 140),
)  # fmt: skip
WIDTH, HEIGHT = 320, 240
#: A disc: its centre and its radius, in pixels.
Disc = tuple[int, int, int]
#: Left, right, above and below, and the four corners between.
DIRECTIONS = [(x, y) for x, y in itertools.product((-1, 0, 1), repeat=2) if (x, y) != (0, 0)]


def drawn(*nuclei: Disc, size: tuple[int, int] = (WIDTH, HEIGHT), red: Disc = (40, 200, 24)):
    """A field with one red cell and these nuclei, uint8 H×W×3."""
    image = Image.new("RGB", size, PLASMA)
    for discs, colour in (((red,), RED_CELL), (nuclei, NUCLEUS)):
        for x, y, radius in discs:
            box = (x - radius, y - radius, x + radius, y + radius)
            ImageDraw.Draw(image).ellipse(box, fill=colour)
    return np.asarray(image)


def place(box: Box) -> tuple[float, float, float]:
    """The centre of a square box, and its side."""
    assert box.right - box.left == box.bottom - box.top
    return (box.left + box.right) / 2, (box.top + box.bottom) / 2, box.right - box.left


@pytest.mark.parametrize(("x", "y"), [(160, 120), (100, 80), (230, 150), (90, 170)])
def test_the_box_is_centred_on_the_nucleus_and_five_radii_wide(x: int, y: int) -> None:
    assert place(locate_cell(drawn((x, y, 20)))) == pytest.approx((x, y, 100), abs=3)


@pytest.mark.parametrize(("right", "down"), DIRECTIONS)
def test_a_second_cell_further_off_is_left_out(right: int, down: int) -> None:
    """Also where it stands in a corner of the square around what is looked at."""
    away = 45 if right and down else 62
    neighbour = (160 + away * right, 120 + away * down, 11)
    box = locate_cell(drawn((160, 120, 18), neighbour, red=(0, 0, 3)))
    assert place(box) == pytest.approx((160, 120, 91), abs=2)


@pytest.mark.parametrize(("right", "down"), DIRECTIONS)
def test_the_lobes_of_one_nucleus_are_taken_together(right: int, down: int) -> None:
    x, y = 160 + 30 * right, 120 + 30 * down
    box = locate_cell(drawn((160, 120, 16), (x, y, 16), red=(0, 0, 3)))
    middle, both = ((160 + x) / 2, (120 + y) / 2), 5 * 16 * 2**0.5
    assert place(box) == pytest.approx((*middle, both), abs=4)


@pytest.mark.parametrize(("radius", "share"), [(6, SIDE_RANGE[0]), (60, SIDE_RANGE[1])])
def test_the_box_is_no_smaller_and_no_larger_than_a_cell_may_be(radius: int, share: float) -> None:
    x, y, side = place(locate_cell(drawn((160, 120, radius))))
    assert (x, y) == pytest.approx((160, 120), abs=2)
    assert side == round(share * HEIGHT)


def test_what_stands_in_the_middle_is_meant_before_what_is_larger() -> None:
    box = locate_cell(drawn((160, 120, 20), (40, 60, 34)))
    assert place(box) == pytest.approx((160, 120, 100), abs=3)


def test_a_speck_in_the_middle_is_not_what_is_meant() -> None:
    box = locate_cell(drawn((160, 120, 4), (70, 60, 26)))
    assert place(box) == pytest.approx((70, 60, 130), abs=4)


@pytest.mark.parametrize("size", [(640, 480), (480, 640), (1000, 240), (100, 240)])
def test_the_box_is_in_pixels_of_the_image_however_large_it_is(size: tuple[int, int]) -> None:
    x, y, radius = size[0] // 2, size[1] // 2, min(size) // 9
    box = locate_cell(drawn((x, y, radius), size=size, red=(0, 0, 3)))
    *centre, side = place(box)
    assert centre == pytest.approx((x, y), abs=1.5)
    assert side == pytest.approx(5 * radius, abs=6)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("window", [3, 7, 8])
def test_the_densest_square_is_found_wherever_it_is(seed: int, window: int) -> None:
    """As by adding up each square, less what of it lies outside."""
    stain = np.random.default_rng(seed).random((17, 23)).astype(np.float32) ** 8
    half = window // 2
    sums = {
        (x, y): stain[max(y - half, 0) : y + half + 1, max(x - half, 0) : x + half + 1].sum()
        for x, y in itertools.product(range(23), range(17))
    }
    assert _densest_point(stain, window) == max(sums, key=lambda place: sums[place])


#: Fields of half to six times the size that is searched, on the whole.
FIELDS = [(WIDTH, HEIGHT), (150, 130), (640, 480), (300, 900)]


@pytest.mark.parametrize("size", FIELDS)
def test_of_a_known_cell_the_nucleus_is_found(size: tuple[int, int]) -> None:
    """It lies to the left and above the middle of its cell; a larger one lies outside."""
    x, y = size[0] // 2, size[1] // 2
    cell = Box(x - 30, y - 30, x + 30, y + 30)
    rgb = drawn((x - 8, y - 6, 14), (x, 20, 15), size=size, red=(0, 0, 3))
    *centre, side = place(locate_nucleus(rgb, cell))
    assert centre == pytest.approx((x - 8, y - 6), abs=1.5)
    assert side == pytest.approx(70, abs=7)


@pytest.mark.parametrize(("right", "down"), DIRECTIONS)
def test_stain_beyond_a_cell_s_box_is_another_cell_s(right: int, down: int) -> None:
    x, y = 160 + 62 * right, 120 + 62 * down
    cell = Box(130, 90, 190, 150)
    box = locate_nucleus(drawn((160, 120, 15), (x, y, 30), red=(0, 0, 3)), cell)
    assert place(box) == pytest.approx((160, 120, 75), abs=4)


@pytest.mark.parametrize(("radius", "sides"), [(6, CELL_SIDES[0]), (29, 5 * 29 / 60)])
def test_a_known_cell_s_box_goes_with_its_nucleus_from_its_own_size_on(
    radius: int, sides: float
) -> None:
    box = locate_nucleus(drawn((160, 120, radius)), Box(130, 90, 190, 150))
    assert place(box) == pytest.approx((160, 120, 60 * sides), abs=3)


def test_a_known_cell_s_box_is_at_most_three_times_as_wide() -> None:
    """Stained to its corners, and between the pixels of the image that is searched."""
    box = locate_nucleus(drawn((320, 240, 60), size=(640, 480)), Box(306, 226, 338, 258))
    assert place(box)[2] == CELL_SIDES[1] * 32


@pytest.mark.parametrize("box", [Box(130, 100, 190, 140), Box(140, 90, 180, 150)])
def test_a_cell_without_a_nucleus_is_shown_with_its_surroundings(box: Box) -> None:
    """Whatever is stained elsewhere: three of its own longer sides."""
    nowhere = locate_nucleus(drawn((40, 60, 20)), box)
    assert place(nowhere) == (160, 120, 180)


@pytest.mark.parametrize(
    ("x", "y", "cell"),
    [
        (12, 120, Box(0, 95, 40, 145)),
        (308, 120, Box(280, 95, 320, 145)),
        (160, 10, Box(135, 0, 185, 35)),
        (160, 230, Box(135, 205, 185, 240)),
        (12, 10, Box(-10, -12, 35, 35)),
    ],
)
def test_a_nucleus_at_the_border_is_found(x: int, y: int, cell: Box) -> None:
    rgb = drawn((x, y, 10), red=(160, 120, 20))
    assert place(locate_nucleus(rgb, cell))[:2] == pytest.approx((x, y), abs=2)
