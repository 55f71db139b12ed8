"""Views come out the same wherever they are made."""

from __future__ import annotations

import numpy as np
import pytest

from hemavision.training.recipes import Phase
from hemavision.training.views import view_maker


@pytest.mark.parametrize("augment", ["none", "light", "full", "laboratories"])
def test_a_batch_is_its_key_s_and_uint8(few_crops, augment):
    phase, chosen = Phase(48, 1), np.array([3, 0, 5])
    with view_maker(few_crops.crops, 0) as maker:
        one, again = (maker.views(chosen, augment, phase, (1, 2, 3)) for _ in range(2))
        other = maker.views(chosen, augment, phase, (1, 2, 4))
    assert one.shape == (3, 48, 48, 3)
    assert one.dtype == np.uint8
    np.testing.assert_array_equal(one, again)
    assert np.array_equal(one, other) == (augment == "none")


def test_processes_make_the_views_that_would_be_made_here(few_crops):
    phase = Phase(48, 1, elsewhere=0.5)
    batches = [np.arange(4), np.arange(4, 8)]
    with view_maker(few_crops.crops, 0) as here, view_maker(few_crops.crops, 2) as there:
        assert there.at_once == 2
        for index, chosen in enumerate(batches):
            asked = (chosen, "laboratories", phase, (1, 1, index))
            np.testing.assert_array_equal(here.views(*asked), there.views(*asked))


def test_half_of_the_views_stay_at_home(few_crops):
    """Their positions are the same; the colours are other ones for those from elsewhere."""
    chosen, same = np.zeros(1, int), 0
    with view_maker(few_crops.crops, 0) as maker:
        for index in range(200):
            home, half = (
                maker.views(chosen, "laboratories", Phase(48, 1, elsewhere=e), (1, 1, index))
                for e in (0.0, 0.5)
            )
            same += np.array_equal(home, half)
    assert 70 <= same <= 130
