"""The synthetic smears: same every time, labelled, and stained where a smear is stained."""

from __future__ import annotations

import io
from dataclasses import asdict

import numpy as np
import pytest
from drawings.cells import SAMPLE_NAMES, draw_field, sample_cell_type, sample_png
from drawings.smear import WHITE_CELLS, smear_png
from PIL import Image

from hemavision.reading.finding import locate_cell
from hemavision.records.cells import FOUR_TYPES
from hemavision.web.pages import NAMES, SMEAR, smear_places
from hemavision.web.pages import sample_png as shipped_png


def test_there_is_one_sample_of_each_type() -> None:
    assert [sample_cell_type(name) for name in SAMPLE_NAMES] == list(FOUR_TYPES)


@pytest.mark.parametrize("name", SAMPLE_NAMES)
def test_the_file_says_that_it_is_synthetic(name: str) -> None:
    image = Image.open(io.BytesIO(sample_png(name)))
    assert name.startswith("synthetic-")
    assert image.format == "PNG"
    assert image.size == (640, 480)
    assert "SYNTHETIC" in image.info["Description"]


@pytest.fixture(scope="module")
def fields() -> dict[str, np.ndarray]:
    return {cell_type: draw_field(cell_type) for cell_type in FOUR_TYPES}


def test_drawing_is_the_same_every_time_and_differs_between_types(
    fields: dict[str, np.ndarray],
) -> None:
    first, *others = FOUR_TYPES
    assert np.array_equal(fields[first], draw_field(first))
    for other in others:
        assert not np.array_equal(fields[first], fields[other])


@pytest.mark.parametrize("cell_type", FOUR_TYPES)
def test_the_white_cell_is_found_where_it_was_drawn(
    fields: dict[str, np.ndarray], cell_type: str
) -> None:
    rgb = fields[cell_type]
    assert rgb.dtype == np.uint8
    box = locate_cell(rgb)
    centre = np.array([(box.left + box.right) / 2, (box.top + box.bottom) / 2])
    assert np.hypot(*(centre - [320, 240])) < 60
    # The nucleus is blue-violet: much less green than blue, as in a Romanowsky stain.
    middle = rgb[150:330, 230:420].reshape(-1, 3).astype(int)
    nucleus = middle[middle.sum(axis=1).argmin()]
    assert nucleus[2] > nucleus[1] + 60


def test_only_the_eosinophil_has_eosin_granules(fields: dict[str, np.ndarray]) -> None:
    def orange_pixels(cell_type: str) -> int:
        middle = fields[cell_type][150:330, 230:420].astype(int)
        red, green, blue = middle[..., 0], middle[..., 1], middle[..., 2]
        return int(((red - green > 75) & (red > blue + 15)).sum())

    counts = {cell_type: orange_pixels(cell_type) for cell_type in FOUR_TYPES}
    others = max(count for cell_type, count in counts.items() if cell_type != "eosinophil")
    assert counts["eosinophil"] > 5 * max(others, 1)


def test_an_unknown_sample_is_named_in_the_error() -> None:
    with pytest.raises(KeyError, match="synthetic-basophil"):
        sample_png("synthetic-basophil")
    with pytest.raises(KeyError, match="synthetic-basophil"):
        shipped_png("synthetic-basophil")


@pytest.mark.parametrize("name", NAMES)
def test_what_the_pages_show_is_what_is_drawn(name: str) -> None:
    drawn = smear_png() if name == SMEAR else sample_png(name)
    one, other = (Image.open(io.BytesIO(png)) for png in (shipped_png(name), drawn))
    assert one.info == other.info
    apart = np.abs(np.asarray(one, int) - np.asarray(other, int))
    assert apart.max() <= 2, "python scripts/draw_samples.py"  # another processor rounds otherwise


def test_the_pages_know_where_the_field_s_cells_are() -> None:
    assert smear_places()["cells"] == [asdict(cell) for cell in WHITE_CELLS]
