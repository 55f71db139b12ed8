"""The finder that other rooms' tests find cells with: it answers as a detector would."""

from __future__ import annotations

import numpy as np
from fakes import FakeFinder

from hemavision.records.results import Box, CellKind, Detection

FOUND = [
    Detection(CellKind.WHITE, Box(0, 0, 9, 9), 0.4),
    Detection(CellKind.RED, Box(9, 9, 19, 19), 0.9),
    Detection(CellKind.PLATELET, Box(5, 5, 7, 7), 0.7),
]
ONE, OTHER = np.zeros((20, 30, 3), np.uint8), np.ones((20, 30, 3), np.uint8)


def test_a_known_field_s_cells_come_surest_first() -> None:
    finder = FakeFinder([(ONE, FOUND), (OTHER, FOUND[:1])])
    assert finder.find(ONE) == [FOUND[1], FOUND[2], FOUND[0]]
    assert finder.find(OTHER) == FOUND[:1]


def test_a_field_is_known_by_its_pixels_and_its_shape() -> None:
    finder = FakeFinder([(ONE, FOUND)])
    assert len(finder.find(ONE.copy())) == 3
    assert len(finder.find(np.zeros((20, 60, 3), np.uint8)[:, ::2])) == 3
    assert finder.find(ONE.reshape(30, 20, 3)) == []
    assert finder.find(OTHER) == FakeFinder().find(ONE) == []


def test_what_is_done_with_an_answer_changes_no_other() -> None:
    finder = FakeFinder([(ONE, FOUND)])
    finder.find(ONE).clear()
    assert len(finder.find(ONE)) == 3
    assert (finder.reference.name, finder.reference.sha256) == ("fake", "0" * 64)
