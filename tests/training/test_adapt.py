"""Which of a laboratory's own cells a bundle keeps."""

from __future__ import annotations

import numpy as np

from hemavision.training.adapt import some_of_each_type
from hemavision.training.finish import OF_EACH_KIND


def test_few_cells_of_a_type_are_all_known_and_many_as_many_as_training_knows() -> None:
    labels = np.repeat([0, 2], [3, 20 * OF_EACH_KIND])
    rows = some_of_each_type(labels)
    assert list(rows[:3]) == [0, 1, 2]
    many = rows[3:]
    assert len(set(many)) == OF_EACH_KIND
    assert (labels[many] == 2).all()
    assert (many[0], many[-1]) == (3, len(labels) - 1)
