"""The synthetic field: the same every time, labelled, its cells where it says they are."""

from __future__ import annotations

import io
from itertools import combinations
from math import hypot

import numpy as np
from drawings.smear import (
    HEIGHT_PX,
    NAME,
    WHITE_CELLS,
    WIDTH_PX,
    draw_smear,
    smear_png,
)
from PIL import Image

from hemavision.records.cells import FOUR_TYPES


def test_the_file_says_that_it_is_synthetic() -> None:
    image = Image.open(io.BytesIO(smear_png()))
    assert NAME.startswith("synthetic-")
    assert image.format == "PNG"
    assert image.size == (WIDTH_PX, HEIGHT_PX)
    assert "SYNTHETIC" in image.info["Description"]


def test_drawing_is_the_same_every_time() -> None:
    drawn = np.asarray(Image.open(io.BytesIO(smear_png())))
    assert np.array_equal(drawn, draw_smear())


def test_every_white_cell_has_a_nucleus_where_it_was_drawn() -> None:
    rgb = np.asarray(Image.open(io.BytesIO(smear_png()))).astype(int)
    for cell in WHITE_CELLS:
        top, left = max(int(cell.y - cell.radius), 0), max(int(cell.x - cell.radius), 0)
        around = rgb[top : int(cell.y + cell.radius), left : int(cell.x + cell.radius)]
        darkest = around.reshape(-1, 3)[around.reshape(-1, 3).sum(axis=1).argmin()]
        assert darkest[2] > darkest[1] + 60, cell


def test_the_field_has_all_that_the_page_shows() -> None:
    assert {cell.cell_type for cell in WHITE_CELLS} == set(FOUR_TYPES)
    cut = [c for c in WHITE_CELLS if c.y + c.radius > HEIGHT_PX]
    touching = [
        pair
        for pair in combinations(WHITE_CELLS, 2)
        if hypot(pair[0].x - pair[1].x, pair[0].y - pair[1].y) < pair[0].radius + pair[1].radius
    ]
    assert [len(cut), len(touching)] == [1, 1]
