from __future__ import annotations

import numpy as np
import pytest

from hemavision.reading.finding.tiles import matched, overlap, surest_boxes


def test_overlap_is_intersection_over_union():
    box = np.array([0.0, 0.0, 10.0, 10.0])
    others = np.array([[0, 0, 10, 10], [5, 0, 15, 10], [10, 10, 20, 20], [2, 2, 4, 4]], float)
    assert overlap(box, others) == pytest.approx([1.0, 50 / 150, 0.0, 4 / 100])


def test_of_boxes_on_one_cell_the_surest_stays():
    boxes = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [30, 0, 40, 10]], float)
    assert list(surest_boxes(boxes, np.array([0.6, 0.9, 0.7]), most=0.5)) == [1, 2]


def test_touching_cells_both_stay():
    boxes = np.array([[0, 0, 10, 10], [6, 0, 16, 10]], float)
    assert sorted(surest_boxes(boxes, np.array([0.9, 0.8]), most=0.5)) == [0, 1]


def test_nothing_stays_nothing():
    assert len(surest_boxes(np.empty((0, 4)), np.empty(0), most=0.5)) == 0


def test_what_shows_no_mark_is_said_to_show_none():
    marks = np.array([[0, 0, 10, 10], [50, 50, 60, 60]], float)
    found = np.array(
        [[100, 100, 110, 110], [51, 50, 61, 60], [0, 0, 10, 10], [1, 0, 11, 10]], float
    )
    # The surest first: the last one's mark is taken.
    assert matched(marks, found) == [-1, 1, 0, -1]
    assert matched(np.zeros((0, 4)), found) == [-1] * 4
    assert matched(marks, np.zeros((0, 4))) == []
