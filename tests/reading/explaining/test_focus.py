"""The share of a heatmap that lies on the located cell."""

from __future__ import annotations

import numpy as np
import pytest
from fakes import FakeEngine

from hemavision.reading.cell import Model
from hemavision.reading.explaining import focus
from hemavision.reading.explaining.overlay import CELL_RADIUS
from hemavision.records.results import ModelReference, Status


def test_even_heat_gives_the_discs_share_of_the_square():
    assert focus(np.ones((200, 200))) == pytest.approx(np.pi * CELL_RADIUS**2, abs=0.002)


def test_heat_in_the_middle_is_on_the_cell_and_in_a_corner_is_not():
    middle, corner = np.zeros((12, 12)), np.zeros((12, 12))
    middle[5:7, 5:7], corner[0, 0] = 3.0, 3.0
    assert (focus(middle), focus(corner)) == (1.0, 0.0)


def test_no_heat_is_no_focus():
    assert focus(np.zeros((7, 7))) == 0.0


@pytest.mark.parametrize(("corner", "elsewhere"), [(True, True), (False, False)])
def test_an_answer_from_outside_the_cell_is_flagged(corner, elsewhere):
    engine = FakeEngine(focus_below=0.5)
    # The fake's map is the picture's darkness.
    picture = np.full((130, 130, 3), 255, np.uint8)
    part = slice(0, 20) if corner else slice(50, 80)
    picture[part, part] = 20
    (answer,) = Model(engine, ModelReference("fake", "")).predict([picture])
    assert answer.looked_elsewhere is elsewhere
    assert answer.status is (Status.CHECK if elsewhere else Status.CONFIDENT)
