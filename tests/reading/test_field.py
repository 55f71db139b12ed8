"""A whole field: each white cell gets its own name, whatever lies beside it."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from bccd_fields import TWO_WHITE, finder_of, picture, train_fields, true_cells
from cpu_time import slowness
from fakes import FakeEngine, FakeFinder

from hemavision import Model
from hemavision.reading.explaining import overlay
from hemavision.reading.field import draw_heatmaps, find_clumped, is_cut, overlay_cell, read_smear
from hemavision.reading.preprocess import PreprocessSpec
from hemavision.records.results import Box, CellKind, Detection, ModelReference

PLAIN = Model(FakeEngine(preprocess=PreprocessSpec(size_px=64)), ModelReference("fake", "0" * 64))


def centre(box: Box) -> tuple[float, float]:
    return (box.left + box.right) / 2, (box.top + box.bottom) / 2


def holds(box: Box, point: tuple[float, float]) -> bool:
    return box.left <= point[0] <= box.right and box.top <= point[1] <= box.bottom


def white(box: Box) -> Detection:
    return Detection(CellKind.WHITE, box, 0.9)


def red(box: Box) -> Detection:
    return Detection(CellKind.RED, box, 0.9)


def turned(
    rgb: np.ndarray, found: list[Detection], quarters: int
) -> tuple[np.ndarray, list[Detection]]:
    """A field and its cells, turned to the left by quarters."""
    for _ in range(quarters):
        width = rgb.shape[1]
        rgb = np.ascontiguousarray(np.rot90(rgb))
        boxes = [
            Box(d.box.top, width - d.box.right, d.box.bottom, width - d.box.left) for d in found
        ]
        found = [replace(d, box=box) for d, box in zip(found, boxes, strict=True)]
    return rgb, found


def test_a_real_field_is_counted_and_named(model: Model, data: Path) -> None:
    rgb = picture(data, TWO_WHITE)
    smear = read_smear(model, finder_of(data, TWO_WHITE), rgb)
    assert smear.counts == {CellKind.WHITE: 2, CellKind.RED: 16, CellKind.PLATELET: 0}
    assert (smear.width, smear.height) == (640, 480)
    assert smear.warnings == ()
    assert smear.cell_types == model.manifest.cell_types
    assert smear.milliseconds > 0
    for cell in smear.cells:
        assert (cell.prediction is not None) == (cell.kind is CellKind.WHITE)
    for p in smear.predictions:
        assert (p.width, p.height) == (640, 480)
        assert p.heatmaps is not None


@pytest.mark.parametrize("fields", [40, pytest.param(80, marks=pytest.mark.long)])
def test_every_white_cell_is_looked_at_itself_and_no_neighbour(data: Path, fields: int) -> None:
    several = 0
    for name in train_fields(data)[:fields]:
        found = true_cells(data, name)
        smear = read_smear(PLAIN, finder_of(data, name), picture(data, name))
        whites = [cell for cell in smear.cells if cell.kind is CellKind.WHITE]
        several += len(whites) > 1
        for cell in whites:
            assert cell.prediction is not None
            assert holds(cell.box, centre(cell.prediction.box)), name
        assert len(smear.cells) == len(found)
    assert several > fields // 16


def test_the_answer_is_that_of_the_field_around_the_cell(model: Model, data: Path) -> None:
    """What is cut out of the field changes nothing: the model sees the same pixels."""
    rgb = picture(data, TWO_WHITE)
    for cell in read_smear(model, finder_of(data, TWO_WHITE), rgb).cells:
        if cell.prediction:
            (whole,) = model.predict_boxes([rgb], [cell.prediction.box])
            assert cell.prediction.cell_type == whole.cell_type
            assert cell.prediction.probabilities == pytest.approx(whole.probabilities, abs=0.02)


def test_a_cell_where_nothing_is_stained_is_looked_at_whole() -> None:
    rgb = np.full((300, 400, 3), 220, np.uint8)
    smear = read_smear(PLAIN, FakeFinder([(rgb, [white(Box(100, 100, 160, 150))])]), rgb)
    assert smear.predictions[0].box == Box.square(130, 125, 180)


def test_a_model_of_whole_pictures_is_given_the_surroundings() -> None:
    whole = Model(FakeEngine(preprocess=PreprocessSpec(64, "whole")), PLAIN.reference)
    rgb = np.full((300, 400, 3), 220, np.uint8)
    smear = read_smear(whole, FakeFinder([(rgb, [white(Box(100, 100, 160, 160))])]), rgb)
    box = smear.predictions[0].box
    assert centre(box) == (130, 130)
    assert box.right - box.left == 120


@pytest.mark.parametrize("fields", [10, pytest.param(25, marks=pytest.mark.long)])
@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_portrait_and_upside_down_fields_are_read_as_well(
    model: Model, data: Path, quarters: int, fields: int
) -> None:
    same = total = 0
    for name in train_fields(data)[:fields]:
        rgb, found = picture(data, name), true_cells(data, name)
        upright = read_smear(model, FakeFinder([(rgb, found)]), rgb)
        rgb, found = turned(rgb, found, quarters)
        smear = read_smear(model, FakeFinder([(rgb, found)]), rgb)
        assert (smear.width, smear.height) == (rgb.shape[1], rgb.shape[0])
        assert smear.counts == upright.counts
        assert [c.cut for c in smear.cells] == [c.cut for c in upright.cells]
        for one, other in zip(upright.predictions, smear.predictions, strict=True):
            same += one.cell_type == other.cell_type
            total += 1
            assert other.box.right - other.box.left == pytest.approx(
                one.box.right - one.box.left, rel=0.15
            )
    # A cell between two types may tip over; a field that is turned wrongly loses most of them.
    assert same / total > 0.7


def test_a_field_without_a_cell_is_an_answer() -> None:
    rgb = np.full((480, 640, 3), 220, np.uint8)
    smear = read_smear(PLAIN, FakeFinder(), rgb)
    assert smear.cells == ()
    assert set(smear.estimates.values()) == {None}
    assert "no-cells" in {c.code for c in smear.warnings}


@pytest.mark.parametrize("side", [2000, pytest.param(8000, marks=pytest.mark.long)])
def test_a_panorama_takes_memory_and_time_by_its_cells(data: Path, side: int) -> None:
    """Square, in the end two hundred times a field: cells are cut out, not copies."""
    import tracemalloc

    rgb = picture(data, TWO_WHITE)
    found = true_cells(data, TWO_WHITE)
    columns, rows = side // 640, side // 480
    wide = np.tile(rgb, (rows + 1, columns + 1, 1))[:side, :side]
    many = [
        replace(d, box=Box(b.left + x, b.top + y, b.right + x, b.bottom + y))
        for x in range(0, columns * 640, 640)
        for y in range(0, rows * 480, 480)
        for d in found
        for b in [d.box]
    ]
    finder = FakeFinder([(wide, many)])
    tracemalloc.start()
    started = time.process_time()
    smear = read_smear(PLAIN, finder, wide)
    seconds, (_, peak) = time.process_time() - started, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert smear.counts[CellKind.WHITE] == 2 * columns * rows
    assert peak < 3 * wide.nbytes
    assert seconds < 120 * slowness()


# Marks


def test_cells_at_the_border_are_cut() -> None:
    assert is_cut(Box(0, 50, 60, 90), 640, 480)
    assert is_cut(Box(50, 0, 90, 60), 640, 480)
    assert is_cut(Box(600, 50, 640, 90), 640, 480)
    assert is_cut(Box(50, 430, 90, 480), 640, 480)
    assert not is_cut(Box(5, 5, 105, 105), 640, 480)
    # A large cell's box may end a little further from it.
    assert is_cut(Box(5, 50, 205, 250), 640, 480)
    assert not is_cut(Box(7, 50, 207, 250), 640, 480)


def test_cells_of_a_kind_that_lie_over_each_other_are_clumped() -> None:
    apart, beside = red(Box(0, 0, 100, 100)), red(Box(100, 0, 200, 100))
    over, inside = red(Box(400, 0, 500, 100)), red(Box(450, 40, 480, 70))
    other = white(Box(20, 20, 80, 80))
    touching = red(Box(300, 300, 400, 400)), red(Box(395, 300, 495, 400))
    found = [apart, beside, over, inside, other, *touching]
    assert find_clumped(found) == [False, False, True, True, False, False, False]
    assert find_clumped([]) == []


# Pictures


def test_a_cells_overlay_is_that_part_of_the_field(model: Model, data: Path) -> None:
    rgb = picture(data, TWO_WHITE)
    p = read_smear(model, finder_of(data, TWO_WHITE), rgb).predictions[0]
    part, box = overlay_cell(rgb, p)
    whole = overlay(rgb, p.heatmap(), p.box)[box.top : box.bottom, box.left : box.right]
    np.testing.assert_array_equal(part, whole)
    assert part.shape == (box.bottom - box.top, box.right - box.left, 3)
    assert overlay_cell(rgb, p, 0.0)[0].tolist() == rgb[
        box.top : box.bottom, box.left : box.right
    ].tolist()  # fmt: skip


def test_heatmaps_are_drawn_over_white_cells_only(model: Model, data: Path) -> None:
    rgb = picture(data, TWO_WHITE)
    smear = read_smear(model, finder_of(data, TWO_WHITE), rgb)
    drawn = draw_heatmaps(rgb, smear)
    changed = (drawn != rgb).any(axis=-1)
    allowed = np.zeros(changed.shape, bool)
    for p in smear.predictions:
        allowed[max(p.box.top, 0) : p.box.bottom, max(p.box.left, 0) : p.box.right] = True
    assert changed[allowed].mean() > 0.9
    assert not changed[~allowed].any()
