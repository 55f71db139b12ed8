from __future__ import annotations

import numpy as np
import pytest

from hemavision.models.cell_detector import EDGES, KINDS, STRIDE
from hemavision.training.detector.opened import OpenField
from hemavision.training.detector.targets import loss, targets_of

BOXES = np.array([[20, 20, 60, 70], [50, 50, 66, 66], [200, 180, 256, 256]], np.float32)
KINDS_OF = np.array([0, 2, 1])


def view_of(boxes, kinds, *, exact=True, asked=255):
    rgb = np.full((256, 256, 3), 240, np.uint8)
    known = np.full(len(boxes), exact)
    return OpenField(rgb, boxes, kinds, known, np.full_like(rgb, asked), 1.0)


@pytest.fixture
def target():
    return targets_of(view_of(BOXES, KINDS_OF))


def test_each_cell_has_one_centre_of_its_kind(target):
    for box, kind in zip(BOXES, KINDS_OF, strict=True):
        row = int((box[1] + box[3]) / 2 // STRIDE)
        column = int((box[0] + box[2]) / 2 // STRIDE)
        around = target[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2, kind]
        assert around.max() == 1.0
    assert (target[..., :KINDS] == 1.0).sum() == len(BOXES)


def test_the_smaller_of_two_overlapping_cells_keeps_its_edges(target):
    middle = 58 // STRIDE
    assert list(target[middle, middle, KINDS : KINDS + EDGES]) == list(BOXES[1])


def test_a_perfect_answer_costs_next_to_nothing_and_a_wrong_one_much(target):
    centres = (np.arange(64) + 0.5) * STRIDE
    x, y = np.meshgrid(centres, centres)
    reach = np.stack([x, y, x, y], axis=-1) - target[..., KINDS : KINDS + EDGES]
    reach[..., 2:] *= -1
    logits = np.where(target[..., :KINDS] == 1.0, 12.0, -12.0)
    perfect = np.concatenate([logits, np.log(np.maximum(reach, 0.2))], axis=-1)
    moved = perfect.copy()
    moved[..., KINDS:] += 0.7
    blind = perfect.copy()
    blind[..., :KINDS] = -12.0
    costs = [
        float(loss(target[None], answer[None].astype(np.float32))[0])
        for answer in (perfect, moved, blind)
    ]
    assert costs[0] < 0.05
    assert costs[1] > costs[0] + 1.0
    assert costs[2] > costs[0] + 5.0


def test_a_field_without_cells_can_be_learned_from():
    empty = targets_of(view_of(np.empty((0, 4), np.float32), np.empty(0, int)))
    answer = np.full((1, 64, 64, KINDS + EDGES), -4.0, np.float32)
    assert np.isfinite(float(loss(empty[None], answer)[0]))


def test_what_is_not_marked_teaches_nothing():
    """Cells found where nobody was asked cost nothing; marked ones that are missed cost as ever."""
    silent = targets_of(view_of(BOXES, KINDS_OF, asked=0))
    logits = np.full((64, 64, KINDS), 12.0, np.float32)
    edges = np.full((64, 64, EDGES), 3.0, np.float32)
    eager = np.concatenate([logits, edges], axis=-1)[None]
    blind = np.concatenate([-logits, edges], axis=-1)[None]
    spoken = targets_of(view_of(BOXES, KINDS_OF))
    costs = [
        float(loss(t[None], a)[0]) for t, a in ((silent, eager), (spoken, eager), (silent, blind))
    ]
    assert costs[1] > costs[0] + 100
    assert costs[2] > costs[0] + 5


def test_edges_that_nobody_knows_are_not_asked():
    known, unknown = (targets_of(view_of(BOXES, KINDS_OF, exact=e)) for e in (True, False))
    assert known[..., KINDS + EDGES].sum() == pytest.approx(len(BOXES), abs=0.01)
    assert unknown[..., KINDS + EDGES].sum() == 0
    np.testing.assert_array_equal(known[..., :KINDS], unknown[..., :KINDS])
