"""Doubt is fitted on validation and means what it says."""

from __future__ import annotations

import numpy as np
import pytest

from hemavision.training.calibrate import (
    ABROAD,
    LEAST_SURE,
    NEAREST,
    NoveltyModel,
    apply_temperature,
    fit_check_threshold,
    fit_foreign,
    fit_novelty,
    fit_temperature,
)


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def softmax(logits: np.ndarray) -> np.ndarray:
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("truth", [0.5, 1.0, 3.0])
def test_temperature_recovers_the_one_that_spoiled_the_logits(rng, truth):
    logits = rng.normal(0, 2, (20_000, 4))
    labels = np.array([rng.choice(4, p=p) for p in softmax(logits)])
    assert fit_temperature(softmax(logits * truth), labels) == pytest.approx(truth, rel=0.06)


def test_temperature_counts_rows_by_their_weight(rng):
    logits = rng.normal(0, 2, (20_000, 4))
    labels = np.array([rng.choice(4, p=p) for p in softmax(logits)])
    hotter = np.arange(len(logits)) % 2 == 0
    spoiled = softmax(logits * np.where(hotter, 3.0, 1.0)[:, None])
    assert fit_temperature(spoiled, labels, hotter * 1.0) == pytest.approx(3.0, rel=0.06)
    assert fit_temperature(spoiled, labels, 1.0 - hotter) == pytest.approx(1.0, rel=0.06)


def test_temperature_keeps_the_answer_and_the_sum(rng):
    probabilities = softmax(rng.normal(0, 3, (100, 4)))
    warmer = apply_temperature(probabilities, 2.0)
    np.testing.assert_array_equal(warmer.argmax(axis=1), probabilities.argmax(axis=1))
    np.testing.assert_allclose(warmer.sum(axis=1), 1.0)
    assert (warmer.max(axis=1) <= probabilities.max(axis=1) + 1e-12).all()


def test_certain_probabilities_do_not_break_calibration():
    certain = np.eye(4)[[0, 1, 2, 3]]
    assert np.isfinite(fit_temperature(certain, np.array([0, 1, 2, 0])))
    assert np.isfinite(apply_temperature(certain, 2.0)).all()


def test_check_threshold_parts_right_from_wrong():
    confidence = np.linspace(0.3, 1.0, 1000)
    probabilities = np.stack([confidence, 1 - confidence], axis=1)
    probabilities = np.where(confidence[:, None] >= 0.5, probabilities, probabilities[:, ::-1])
    top = probabilities.argmax(axis=1)
    labels = np.where(probabilities.max(axis=1) >= 0.985, top, 1 - top)
    threshold = fit_check_threshold(probabilities, labels)
    chosen = probabilities.max(axis=1) >= threshold
    assert (top == labels)[chosen].mean() >= 0.99
    assert 0.97 < threshold < 0.995


def test_six_chances_of_ten_are_never_confident():
    probabilities = np.tile([[0.6, 0.4]], (200, 1))
    assert fit_check_threshold(probabilities, np.zeros(200, int)) == LEAST_SURE


def test_check_threshold_of_a_hopeless_model_asks_always():
    probabilities = np.full((50, 4), 0.25)
    assert fit_check_threshold(probabilities, np.ones(50, int)) == 0.999


def test_novelty_knows_the_known_and_not_what_points_elsewhere(rng):
    centres = rng.normal(0, 5, (4, 96))
    labels = rng.integers(4, size=2000)
    known = centres[labels] + rng.normal(size=(2000, 96))
    fresh = centres[labels] + rng.normal(size=(2000, 96))
    fitted = fit_novelty(known, fresh)
    assert fitted.nearest == NEAREST
    assert np.mean(fitted.measure(fresh) > 1 / ABROAD) == pytest.approx(0.01, abs=0.005)
    assert (fitted.measure(centres) < 1).all()
    # A mixture of two that are known, another kind, and nothing at all.
    between = (centres[0] + centres[1]) / 2 + rng.normal(size=(200, 96))
    other = rng.normal(0, 5, (200, 96))
    for strange in (between, other, np.zeros((1, 96))):
        assert (fitted.measure(strange) > 1).all()
    np.testing.assert_allclose(fitted.measure(3 * known), fitted.measure(known), atol=1e-5)


def test_of_few_known_cells_a_nearer_one_counts(rng):
    known = rng.normal(size=(20, 8))
    assert fit_novelty(known, known).nearest == 2
    alone = fit_novelty(known[:3], known)
    assert alone.nearest == 1
    assert (alone.measure(known) >= 0).all()


def test_the_neutral_novelty_finds_nothing_novel(rng):
    assert not NoveltyModel.neutral(8).measure(rng.normal(size=(5, 8))).any()


def test_a_laboratory_is_foreign_by_its_colours(rng):
    def colours(light, count=600):
        # One lamp brightens all quantiles together; noise moves each by itself.
        return light + rng.normal(0, 0.1, (count, 1)) + rng.normal(0, 0.01, (count, 15))

    known = np.concatenate([colours(0.0), colours(0.8)]).astype(np.float32)
    fitted = fit_foreign(known, colours(0.0).astype(np.float32))
    for home in (0.0, 0.8):
        assert np.mean(fitted.measure(colours(home)) > 1) < 0.05
    # Between two known laboratories, and with another contrast, lies none.
    other = colours(0.4) + np.linspace(-0.2, 0.2, 15)
    assert np.mean(fitted.measure(other) > 1) > 0.99
