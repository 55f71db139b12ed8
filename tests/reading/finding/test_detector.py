"""The shipped detector on BCCD's test fields, which it has not learned from."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from PIL import Image

from hemavision.datasets.fields import split_fields
from hemavision.errors import BundleError
from hemavision.reading.finding import tiles
from hemavision.reading.finding.detector import open_detector
from hemavision.reading.finding.tiles import matched
from hemavision.records.results import CellKind

#: A box that comes nearer to the border of its photograph may be of a cell that is cut.
EDGE_PX = 10


@pytest.fixture(scope="module")
def detector():
    return open_detector(threads=1)


@pytest.fixture(scope="module")
def fields(data):
    return split_fields(data).test


def corners(cells):
    boxes = [(c.box.left, c.box.top, c.box.right, c.box.bottom) for c in cells]
    return np.array(boxes, float).reshape(-1, 4)


def counts(cells):
    return Counter(cell.kind for cell in cells)


def resized(rgb, factor):
    height, width = rgb.shape[:2]
    size = (round(width * factor), round(height * factor))
    return np.asarray(Image.fromarray(rgb).resize(size, Image.Resampling.BICUBIC))


def test_boxes_lie_inside_and_the_surest_come_first(detector, fields):
    for field in fields[:5]:
        rgb = field.open()
        cells = detector.find(rgb)
        assert [c.score for c in cells] == sorted((c.score for c in cells), reverse=True)
        for cell in cells:
            assert 0 <= cell.box.left < cell.box.right <= rgb.shape[1]
            assert 0 <= cell.box.top < cell.box.bottom <= rgb.shape[0]


@pytest.mark.parametrize("count", [8, pytest.param(24, marks=pytest.mark.long)])
@pytest.mark.parametrize("factor", [0.25, 0.5, 0.7, 1.4, 2.0])
def test_white_cells_are_found_at_a_quarter_to_twice_the_size(detector, fields, factor, count):
    marked = found = extra = 0
    for field in fields[:count]:
        cells = [
            c for c in detector.find(resized(field.open(), factor)) if c.kind == CellKind.WHITE
        ]
        shown = matched(field.boxes[field.kinds == 0] * factor, corners(cells))
        marked += int((field.kinds == 0).sum())
        found += sum(mark >= 0 for mark in shown)
        extra += sum(mark < 0 for mark in shown)
    assert found >= 0.95 * marked
    assert extra <= 0.1 * marked


def whole(cells, left=0, top=0):
    """The cells that lie inside a photograph at a place of a mosaic, not cut by its border."""
    inside = []
    for cell in cells:
        box = cell.box
        x, y = box.left - left, box.top - top
        right, bottom = box.right - left, box.bottom - top
        if min(x, y) > EDGE_PX and right < 640 - EDGE_PX and bottom < 480 - EDGE_PX:
            inside.append(cell)
    return inside


@pytest.fixture(scope="module")
def mosaic(fields):
    """Twelve photographs side by side, 2560×1440, and where each of them lies."""
    canvas = np.zeros((3 * 480, 4 * 640, 3), np.uint8)
    places = [(index % 4 * 640, index // 4 * 480) for index in range(12)]
    for field, (left, top) in zip(fields, places, strict=False):
        canvas[top : top + 480, left : left + 640] = field.open()
    return canvas, places


def test_tiles_count_what_one_look_counts(detector, mosaic, monkeypatch):
    """No cell is found twice at a seam, and none is lost there."""
    canvas, _ = mosaic
    assert canvas.shape[1] * detector.manifest.scale > tiles.TILE_PX
    tiled = detector.find(canvas)
    monkeypatch.setattr(tiles, "TILE_PX", 4096)
    whole_look = detector.find(canvas)
    for kind in CellKind:
        boxes = [corners([c for c in cells if c.kind == kind]) for cells in (tiled, whole_look)]
        assert len(boxes[0]) == pytest.approx(len(boxes[1]), abs=1)
        same = sum(mark >= 0 for mark in matched(boxes[1], boxes[0]))
        assert same >= 0.98 * len(boxes[1])


def test_a_mosaic_has_the_sum_of_its_fields_cells(detector, fields, mosaic):
    """Of whole cells: where two photographs meet, halves of cells do, and nobody knows those.

    Red cells next to a border are doubtful alone and less so with a neighbour beyond it, so a
    mosaic has a few more of them.
    """
    canvas, places = mosaic
    found = detector.find(canvas)
    alone, together = Counter(), Counter()
    for field, (left, top) in zip(fields, places, strict=False):
        alone += counts(whole(detector.find(field.open())))
        together += counts(whole(found, left, top))
    assert together[CellKind.WHITE] == alone[CellKind.WHITE]
    assert together[CellKind.RED] == pytest.approx(alone[CellKind.RED], rel=0.15)
    assert together[CellKind.PLATELET] == pytest.approx(alone[CellKind.PLATELET], abs=2)


def test_two_boxes_of_a_kind_are_never_the_same_cell(detector, fields):
    for field in fields[:6]:
        cells = detector.find(field.open())
        for kind in CellKind:
            boxes = corners([c for c in cells if c.kind == kind])
            for index, mark in enumerate(matched(np.delete(boxes, [], 0), boxes)):
                assert mark == index


@pytest.mark.parametrize("value", [0, 128, 255])
def test_a_plain_picture_holds_no_white_cell(detector, value):
    cells = detector.find(np.full((480, 640, 3), value, np.uint8))
    assert counts(cells)[CellKind.WHITE] == 0


@pytest.mark.parametrize("shape", [(1, 1), (7, 2000), (200, 200)])
def test_any_size_is_taken(detector, shape):
    assert isinstance(detector.find(np.full((*shape, 3), 200, np.uint8)), list)


def test_an_unknown_detector_is_named():
    with pytest.raises(BundleError, match=r"'nobody'.*cells"):
        open_detector("nobody")


def test_a_classifier_is_no_detector():
    from hemavision.reading.bundle import SHIPPED

    with pytest.raises(BundleError, match="not a HemaVision detector"):
        open_detector(SHIPPED / "eight-types.onnx")
