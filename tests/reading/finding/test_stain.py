"""The nucleus is found in every laboratory's stain."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hemavision.images.opening import open_image
from hemavision.reading.finding import locate_cell
from hemavision.records.results import Box


def white_cells(annotation: Path) -> list[tuple[float, float, float, float]]:
    names = ("xmin", "ymin", "xmax", "ymax")
    return [
        tuple(float(thing.findtext(f"bndbox/{name}")) for name in names)
        for thing in ElementTree.parse(annotation).iter("object")
        if thing.findtext("name") == "WBC"
    ]


def centre(box: Box) -> tuple[float, float]:
    return (box.left + box.right) / 2, (box.top + box.bottom) / 2


def test_finds_a_white_cell_in_every_bccd_field(data):
    missed, total = [], 0
    for annotation in sorted((data / "bccd" / "Annotations").glob("*.xml")):
        cells = white_cells(annotation)
        if not cells:
            continue
        total += 1
        photo = open_image(data / "bccd" / "JPEGImages" / f"{annotation.stem}.jpg")
        x, y = centre(locate_cell(photo.rgb))
        if not any(left <= x <= right and top <= y <= bottom for left, top, right, bottom in cells):
            missed.append(annotation.stem)
    assert total > 300
    assert not missed


@pytest.mark.parametrize(
    "folder",
    ["pbc/neutrophil", "pbc/lymphocyte", "pbc/erythroblast", "pbc/platelet", "jtsc/images"],
)
@pytest.mark.parametrize("count", [100, pytest.param(300, marks=pytest.mark.long)])
def test_finds_centred_cells_of_other_laboratories(data, folder, count):
    off = 0
    paths = sorted((data / folder).iterdir())[:count]
    for path in paths:
        rgb = open_image(path).rgb
        x, y = centre(locate_cell(rgb))
        height, width = rgb.shape[:2]
        off += abs(x - width / 2) > width / 5 or abs(y - height / 2) > height / 5
    assert off <= 0.01 * len(paths)


def test_a_darker_neighbour_at_the_rim_is_not_what_the_picture_is_of(data):
    small = sorted((data / "pbc" / "erythroblast").iterdir())[:20]
    dark = open_image(sorted((data / "pbc" / "neutrophil").iterdir())[0]).rgb
    edge = dark[:, dark.shape[1] // 2 :]  # cut through the middle of its cell
    moved = 0
    for path in small:
        rgb = open_image(path).rgb.copy()
        rgb[:, : rgb.shape[1] // 4] = edge[:, : rgb.shape[1] // 4]
        x, y = centre(locate_cell(rgb))
        height, width = rgb.shape[:2]
        moved += abs(x - width / 2) > width / 5 or abs(y - height / 2) > height / 5
    assert moved <= 1


@pytest.mark.parametrize("factor", [0.5, 2.0, 4.0])
def test_box_follows_the_magnification(data, factor):
    path = sorted((data / "bccd" / "JPEGImages").iterdir())[3]
    image = Image.fromarray(open_image(path).rgb)
    box = locate_cell(np.asarray(image))
    scaled = image.resize((int(image.width * factor), int(image.height * factor)))
    other = locate_cell(np.asarray(scaled))
    for one, two in zip(centre(box), centre(other), strict=True):
        assert two / factor == pytest.approx(one, abs=12)
    side = (other.right - other.left) / factor
    assert side == pytest.approx(box.right - box.left, rel=0.12)


@pytest.mark.parametrize("value", [0, 128, 255])
@pytest.mark.parametrize("shape", [(16, 16, 3), (240, 320, 3), (20, 900, 3)])
def test_an_image_without_stain_gives_the_centred_square(shape, value):
    box = locate_cell(np.full(shape, value, np.uint8))
    height, width = shape[:2]
    assert centre(box) == pytest.approx((width / 2, height / 2), abs=1)
    assert box.right - box.left == box.bottom - box.top == min(height, width)


def test_box_is_a_square_that_meets_the_image():
    rng = np.random.default_rng(0)
    for _ in range(50):
        shape = (*rng.integers(16, 400, 2), 3)
        box = locate_cell(rng.integers(0, 256, shape, dtype=np.uint8))
        assert box.right - box.left == box.bottom - box.top > 0
        x, y = centre(box)
        assert -1 <= x <= shape[1] + 1
        assert -1 <= y <= shape[0] + 1
