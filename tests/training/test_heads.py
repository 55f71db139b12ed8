"""The last layers, fitted to the cells as they are."""

from __future__ import annotations

from dataclasses import asdict, replace

import keras
import numpy as np
import pytest
from scipy.special import softmax

from hemavision.models import efficientnet_lite
from hemavision.training.augment import plain_view
from hemavision.training.batches import to_input
from hemavision.training.heads import fit_layer, settle_looks
from hemavision.training.questions import ANSWER, asking, questions_in, targets_of
from hemavision.training.recipes import RECIPES, Phase, served_by


@pytest.fixture
def cells():
    rng = np.random.default_rng(1)
    labels = rng.integers(3, size=900)
    return rng.normal(size=(900, 6)) + 2.0 * np.eye(3, 6)[labels], labels


def right(layer, x, labels):
    return float(((x @ layer[0] + layer[1]).argmax(axis=1) == labels).mean())


def test_an_unheld_layer_learns_and_a_held_one_stays(cells):
    nothing = (np.zeros((6, 3), np.float32), np.zeros(3, np.float32))
    free, held = (fit_layer(*cells, nothing, hold) for hold in (0.1, 1e9))
    assert right(free, *cells) > 0.85
    np.testing.assert_allclose(held[0], nothing[0], atol=1e-3)


def test_weights_are_how_often_a_row_is_there(cells):
    x, labels = cells
    nothing = (np.zeros((6, 3), np.float32), np.zeros(3, np.float32))
    counts = np.random.default_rng(2).integers(1, 4, size=len(labels))
    repeated = fit_layer(np.repeat(x, counts, axis=0), np.repeat(labels, counts), nothing, 1.0)
    weighted = fit_layer(x, labels, nothing, 1.0, counts.astype(float))
    a, b = (softmax(x @ kernel + bias, axis=1) for kernel, bias in (repeated, weighted))
    np.testing.assert_allclose(a, b, atol=5e-3)


def test_settled_looks_answer_the_plain_views_better_and_types_stay(network, few_crops):
    recipe = replace(RECIPES["eight-types"], phases=(Phase(48, 1, 1),), source_weights=())
    keras.utils.set_random_seed(3)
    core = efficientnet_lite.build(classes=len(few_crops.cell_types))
    samples = [
        replace(s, answers={"granule_type": "nil" if s.cell_type == "lymphocyte" else "small"})
        for s in few_crops.samples
    ]
    few_crops = replace(few_crops, samples=samples)
    questions = questions_in(samples)
    model = asking(core, questions)
    asked = served_by(asdict(recipe))
    assert (asked.size_px, asked.sides) == (48 + 32, recipe.sides * 80 / 48)
    crops = few_crops.crops
    views = to_input(np.stack([plain_view(crop, asked.size_px, asked.sides) for crop in crops]))
    truth = targets_of(few_crops.samples, few_crops.cell_types, questions)["granule_type"]
    types = model.get_layer(ANSWER).get_weights()

    def loss():
        given = np.asarray(model(views)["granule_type"])
        return -float((np.log(given + 1e-9) * truth).sum() / truth.sum())

    before = loss()
    settle_looks(model, few_crops, questions, recipe)
    assert loss() < before
    for old, new in zip(types, model.get_layer(ANSWER).get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
