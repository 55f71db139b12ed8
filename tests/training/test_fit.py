"""A run that is killed ends as one that was not."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from hemavision.errors import TrainingError
from hemavision.models import separable_cnn
from hemavision.training.fit import LOG, Start, fit
from hemavision.training.norms import settle_norms
from hemavision.training.recipes import Phase, Recipe

TINY = Recipe(
    name="tiny",
    phases=(Phase(32, 2, 1), Phase(48, 1, 1)),
    batch_size=4,
    learning_rate=0.01,
    settling_steps=1,
)
STILL = replace(TINY, name="still", phases=(Phase(32, 1, 1),), learning_rate=0.0)

pytestmark = pytest.mark.usefixtures("network")


class Killed(BaseException):
    """Stands in for a kill: nothing catches it."""


def weights_of(file: Path) -> list[np.ndarray]:
    model = separable_cnn.build(input_px=None)
    model.load_weights(file)
    return model.get_weights()


def assert_same(one: list[np.ndarray], other: list[np.ndarray]) -> None:
    for a, b in zip(one, other, strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-3, atol=2e-4)


@pytest.fixture(scope="module")
def uninterrupted(network, few_crops, tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    return weights_of(fit(TINY, few_crops, few_crops, folder, start=Start(seed=3)))


@pytest.mark.parametrize(
    "nth_write", [4, *(pytest.param(nth, marks=pytest.mark.long) for nth in (1, 3, 8))]
)
def test_killed_at_any_write_ends_the_same(
    few_crops, uninterrupted, tmp_path, monkeypatch, nth_write
):
    writes = 0
    real_replace = Path.replace

    def replace(self, target):
        nonlocal writes
        writes += 1
        if writes == nth_write:
            raise Killed
        return real_replace(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", replace)
        with pytest.raises(Killed):
            fit(TINY, few_crops, few_crops, tmp_path, start=Start(seed=3))
    resumed = fit(TINY, few_crops, few_crops, tmp_path, start=Start(seed=3))
    assert_same(weights_of(resumed), uninterrupted)
    with (tmp_path / LOG).open(newline="") as stream:
        assert [row["epoch"] for row in csv.DictReader(stream)] == ["1", "2", "3"]


def test_another_seed_ends_elsewhere(few_crops, uninterrupted, tmp_path):
    other = weights_of(fit(TINY, few_crops, few_crops, tmp_path, start=Start(seed=4)))
    assert not np.allclose(other[0], uninterrupted[0])


def test_starts_from_given_weights(few_crops, tmp_path):
    begun = fit(
        replace(STILL, learning_rate=0.01), few_crops, few_crops, tmp_path / "a", start=Start(3)
    )
    ended = fit(STILL, few_crops, few_crops, tmp_path / "b", start=Start(3, begun))
    np.testing.assert_array_equal(weights_of(ended)[0], weights_of(begun)[0])


def test_norms_settle_on_views_as_wide_as_the_network_will_be_asked(
    few_crops, tmp_path, monkeypatch
):
    seen = []

    def settle(model, batches):
        seen.append(batches[0][0].shape)
        settle_norms(model, batches)

    monkeypatch.setattr("hemavision.training.fit.settle_norms", settle)
    fit(replace(STILL, around_px=16), few_crops, few_crops, tmp_path, start=Start(3))
    assert seen == [(4, 48, 48, 3)]


def test_learns_and_resumes_in_bfloat16(few_crops, tmp_path):
    start = Start(seed=3, precision="mixed_bfloat16")
    half = replace(TINY, phases=TINY.phases[:1])
    fit(half, few_crops, few_crops, tmp_path, start=start)
    losses = []
    fit(TINY, few_crops, few_crops, tmp_path, start=start, on_epoch=losses.append)
    assert [row["epoch"] for row in losses] == [3]
    assert all(np.isfinite(row["loss"]) for row in losses)
    model = keras.saving.load_model(next(tmp_path.glob("checkpoint-*.keras")))
    assert model.get_layer("separable_1").compute_dtype == "bfloat16"
    assert {weight.dtype for weight in model.trainable_weights} == {"float32"}


def test_adam_with_a_moving_mean_goes_on_as_if_nothing_had_been(few_crops, tmp_path):
    recipe = replace(
        TINY,
        phases=(Phase(32, 2, 1),),
        settling_steps=1,
        optimiser="adamw",
        learning_rate=1e-3,
        weight_decay=0.02,
        averaging=0.9,
        decay="cosine",
    )
    whole = fit(recipe, few_crops, few_crops, tmp_path / "a", start=Start(3))

    def stop(row):
        if row["epoch"] == 1:
            raise Killed

    with pytest.raises(Killed):
        fit(recipe, few_crops, few_crops, tmp_path / "b", start=Start(3), on_epoch=stop)
    resumed = fit(recipe, few_crops, few_crops, tmp_path / "b", start=Start(3))
    assert_same(weights_of(resumed), weights_of(whole))


def test_decay_leaves_norms_and_biases_alone(few_crops, tmp_path):
    # Without a rate nothing moves; decay is in proportion to the rate.
    recipe = replace(STILL, optimiser="adamw", learning_rate=1e-9, weight_decay=1e8)
    shrunk = weights_of(fit(recipe, few_crops, few_crops, tmp_path / "a", start=Start(3)))
    recipe = replace(STILL, optimiser="adamw", learning_rate=1e-9, weight_decay=0.0)
    kept = weights_of(fit(recipe, few_crops, few_crops, tmp_path / "b", start=Start(3)))
    names = [weight.path for weight in separable_cnn.build(input_px=None).weights]
    for name, a, b in zip(names, shrunk, kept, strict=True):
        if "kernel" in name:
            np.testing.assert_allclose(a, 0.9 * b, rtol=1e-3, atol=1e-6, err_msg=name)
        elif "moving" not in name:
            np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-6, err_msg=name)


def test_diverging_run_says_so(few_crops, tmp_path):
    wild = replace(TINY, phases=(Phase(32, 2, 3),), learning_rate=1e30)
    with pytest.raises(TrainingError, match="lower the learning rate"):
        fit(wild, few_crops, few_crops, tmp_path, start=Start())


def test_patience_stops_early(few_crops, tmp_path):
    patient = replace(STILL, phases=(Phase(32, 6, 1),), weight_decay=0.0, patience=2)
    rows = []
    fit(patient, few_crops, few_crops, tmp_path, start=Start(), on_epoch=rows.append)
    assert 3 <= len(rows) < 6
