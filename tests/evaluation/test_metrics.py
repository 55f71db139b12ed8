from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hemavision.evaluation import metrics
from hemavision.evaluation.answers import Answers


def test_figures_by_hand(answers_of):
    answers = answers_of([0, 0, 0, 1, 1, 3], [0, 0, 1, 1, 1, 0])
    assert metrics.confusion(answers).tolist() == [
        [2, 1, 0, 0],
        [0, 2, 0, 0],
        [0, 0, 0, 0],
        [1, 0, 0, 0],
    ]
    overall = metrics.overall(answers)
    assert overall["accuracy"] == pytest.approx(4 / 6)
    # Three types are present; neutrophil is never right, monocyte is absent and not counted.
    assert overall["macro_recall"] == pytest.approx((2 / 3 + 1 + 0) / 3)
    assert overall["macro_precision"] == pytest.approx((2 / 3 + 2 / 3 + 0) / 3)
    assert overall["macro_f1"] == pytest.approx((2 / 3 + 4 / 5 + 0) / 3)
    row = metrics.per_class(answers)["lymphocyte"]
    assert row == pytest.approx({"precision": 2 / 3, "recall": 1, "f1": 0.8, "support": 2})


def test_ece_of_known_cases(answers_of):
    always = answers_of([0] * 10, [0] * 10, [1.0] * 10)
    assert metrics.expected_calibration_error(always) == pytest.approx(0.0)
    never = answers_of([1] * 10, [0] * 10, [1.0] * 10)
    assert metrics.expected_calibration_error(never) == pytest.approx(1.0)
    # Ten at 0.8 of which six are right, ten at 0.55 of which six: (0.2 + 0.05) / 2.
    said, confidence = [0] * 20, [0.8] * 10 + [0.55] * 10
    truth = ([0] * 6 + [1] * 4) * 2
    mixed = answers_of(truth, said, confidence)
    assert metrics.expected_calibration_error(mixed) == pytest.approx((0.2 + 0.05) / 2)


def test_bins_include_their_upper_edge():
    edges = np.array([1e-9, 1 / 15, 1 / 15 + 1e-9, 0.5, 1.0])
    assert metrics.bin_of(edges).tolist() == [0, 0, 1, 7, 14]


def test_reliability_counts_every_image(answers_of):
    answers = answers_of([0, 1, 2, 3], [0, 1, 2, 0], [0.4, 0.41, 0.9, 0.9])
    rows = metrics.reliability(answers)
    assert [row["n_images"] for row in rows] == [1, 1, 2]
    assert rows[-1]["accuracy"] == 0.5
    assert all(row["low"] < row["confidence"] <= row["high"] for row in rows)


def test_status_shares_and_accuracy(answers_of):
    answers = answers_of([0, 0, 1], [0, 1, 1], statuses=["confident", "confident", "check"])
    table = metrics.by_status(answers)
    assert table["confident"] == {"n_images": 2, "share": pytest.approx(2 / 3), "accuracy": 0.5}
    assert table["check"]["accuracy"] == 1.0
    assert table["unfamiliar"] == {"n_images": 0, "share": 0.0, "accuracy": None}


def test_an_original_votes_once(answers_of):
    # Two weak wrong copies and one sure right copy of one cell; one right single.
    answers = answers_of([0, 0, 0, 1], [1, 1, 0, 1], [0.4, 0.4, 0.99, 0.9], [0, 0, 0, 1])
    merged = metrics.over_originals(answers)
    assert merged.predicted.tolist() == [0, 1]
    assert merged.probabilities.sum(axis=1) == pytest.approx([1, 1])
    assert metrics.overall(answers)["accuracy"] == 0.5
    assert metrics.overall(merged)["accuracy"] == 1.0


def test_an_original_with_two_types_is_refused(answers_of):
    with pytest.raises(ValueError, match="different cell types"):
        metrics.over_originals(answers_of([0, 1], [0, 1], originals=[0, 0]))


@given(st.lists(st.tuples(st.integers(0, 3), st.floats(0.3, 1.0)), min_size=1, max_size=40))
def test_ece_lies_between_zero_and_one_and_bounds_the_mean_gap(pairs):
    confidence = np.array([c for _, c in pairs])
    probabilities = np.repeat(((1 - confidence) / 3)[:, None], 4, axis=1)
    probabilities[:, 0] = confidence
    truth = np.array([t for t, _ in pairs])
    zeros = np.zeros(len(pairs))
    answers = Answers(
        ("a", "b", "c", "d"), truth, probabilities, np.arange(len(pairs)), zeros, zeros, zeros
    )
    ece = metrics.expected_calibration_error(answers)
    gap = abs(answers.correct.mean() - answers.confidence.mean())
    assert gap - 1e-9 <= ece <= 1.0
