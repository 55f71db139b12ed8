from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import precision_recall_fscore_support

from hemavision.evaluation import intervals, metrics
from hemavision.evaluation.answers import Answers
from hemavision.records.cells import FOUR_TYPES


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        # Newcombe (1998), Statistics in Medicine 17:857, table I, method 5.
        (81, 263, 0.2527, 0.3676),
        (15, 148, 0.0578, 0.1617),
        (0, 20, 0.0, 0.1684),
        (1, 29, 0.0009, 0.1776),
    ],
)
def test_clopper_pearson_as_published(successes, trials, low, high):
    assert intervals.clopper_pearson(successes, trials) == pytest.approx((low, high), abs=5e-5)


def test_clopper_pearson_refuses_what_is_no_proportion():
    with pytest.raises(ValueError, match=r"."):
        intervals.clopper_pearson(3, 2)


def test_draws_are_seeded_and_draw_as_many_as_there_are():
    weights = intervals.draw_weights(71)
    assert weights.shape == (intervals.DRAWS, 71)
    assert (weights.sum(axis=1) == 71).all()
    assert np.array_equal(weights, intervals.draw_weights(71))


@st.composite
def grouped_answers(draw):
    """Images of a few originals: an original has one type, its images any answers."""
    types = draw(st.lists(st.integers(0, 3), min_size=2, max_size=7))
    truth, said, originals, sure, status = [], [], [], [], []
    for original, cell_type in enumerate(types):
        for _ in range(draw(st.integers(1, 4))):
            truth.append(cell_type)
            originals.append(original)
            said.append(draw(st.integers(0, 3)))
            sure.append(draw(st.floats(0.3, 1.0)))
            status.append(draw(st.sampled_from(["confident", "check", "unfamiliar"])))
    probabilities = np.repeat(((1 - np.array(sure)) / 3)[:, None], 4, axis=1)
    probabilities[np.arange(len(said)), said] = sure
    zeros = np.zeros(len(said))
    arrays = (np.array(truth), probabilities, np.array(originals), np.array(status))
    return Answers(FOUR_TYPES, *arrays, zeros, zeros)


@settings(max_examples=60)
@given(grouped_answers(), st.integers(0, 2**32 - 1))
def test_a_draw_is_the_figures_of_whole_originals_repeated(answers, seed):
    """Each vectorised draw equals sklearn's figures on the images written out."""
    n_originals = int(answers.originals.max()) + 1
    weights = intervals.draw_weights(n_originals, draws=3, seed=seed)
    figures = intervals.redrawn(answers, weights)
    for draw, weight in enumerate(weights):
        chosen = np.concatenate(
            [
                np.tile(np.flatnonzero(answers.originals == original), int(times))
                for original, times in enumerate(weight)
            ]
        ).astype(int)
        drawn = Answers(
            FOUR_TYPES,
            answers.truth[chosen],
            answers.probabilities[chosen],
            answers.originals[chosen],
            answers.statuses[chosen],
            answers.novelty[chosen],
            answers.milliseconds[chosen],
        )
        expected = metrics.overall(drawn)
        for name, value in expected.items():
            assert figures[name][draw] == pytest.approx(value), name
        ece = metrics.expected_calibration_error(drawn)
        assert figures["ece"][draw] == pytest.approx(ece)
        confident = metrics.by_status(drawn)["confident"]
        assert figures["coverage"][draw] == pytest.approx(confident["share"])
        if confident["accuracy"] is not None:
            assert figures["accuracy_confident"][draw] == pytest.approx(confident["accuracy"])
        present = np.unique(drawn.truth)
        columns = precision_recall_fscore_support(
            drawn.truth, drawn.predicted, labels=present, zero_division=0.0
        )
        for name, column in zip(("precision", "recall", "f1"), columns, strict=False):
            assert figures[name][draw][present] == pytest.approx(column)


def test_copies_of_a_cell_do_not_narrow_the_interval(answers_of):
    """100 copies of each of 20 cells are worth 20 cells, not 2,000."""
    truth = [cell % 4 for cell in range(20)]
    said = [t if cell % 5 else (t + 1) % 4 for cell, t in enumerate(truth)]
    copies = [cell for cell in range(20) for _ in range(100)]
    many = answers_of([truth[c] for c in copies], [said[c] for c in copies], originals=copies)
    found = intervals.find_intervals(many)
    low, high = found.overall["accuracy"]
    naive_low, naive_high = intervals.clopper_pearson(1600, 2000)
    assert high - low > 5 * (naive_high - naive_low)
    assert "20 originals" in found.methods["accuracy"]


def test_independent_cells_get_exact_intervals(answers_of):
    answers = answers_of([0] * 10 + [1] * 10, [0] * 9 + [1] * 11)
    found = intervals.find_intervals(answers)
    assert found.overall["accuracy"] == intervals.clopper_pearson(19, 20)
    assert found.overall["accuracy_over_originals"] == intervals.clopper_pearson(19, 20)
    assert found.per_class["eosinophil"]["recall"] == intervals.clopper_pearson(9, 10)
    assert found.per_class["lymphocyte"]["precision"] == intervals.clopper_pearson(10, 11)
    assert "recall" not in found.per_class["monocyte"]
    assert found.methods["accuracy"].startswith("exact")
    assert found.methods["macro_f1"].startswith("bootstrap")


def test_perfection_on_few_cells_is_not_certainty(answers_of):
    types = [0] * 6 + [1] * 6
    answers = answers_of(types, types, originals=[0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5])
    found = intervals.find_intervals(answers)
    assert found.overall["accuracy"] == intervals.clopper_pearson(6, 6)
    assert found.per_class["eosinophil"]["recall"] == intervals.clopper_pearson(3, 3)
    assert "f1" not in found.per_class["eosinophil"]
