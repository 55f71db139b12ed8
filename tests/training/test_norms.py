"""Batch normalisation in one operation is batch normalisation."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from hemavision.models import separable_cnn
from hemavision.training.batches import TrainingBatches
from hemavision.training.norms import fused_norms, settle_norms
from hemavision.training.recipes import Phase, Recipe
from hemavision.training.views import ViewMaker

TINY = Recipe(name="tiny", phases=(), batch_size=4)
MAPS = np.random.default_rng(3).normal(2.0, 3.0, (16, 9, 7, 5)).astype(np.float32)


def new_model(*, trainable: bool = True) -> keras.Model:
    keras.utils.set_random_seed(5)
    norm = keras.layers.BatchNormalization(momentum=0.9, name="norm", trainable=trainable)
    return keras.Sequential([keras.Input((9, 7, 5)), keras.layers.Conv2D(6, 3), norm])


def trained(model: keras.Model, *, fused: bool) -> tuple[list[np.ndarray], np.ndarray]:
    model.compile("sgd", "mse", jit_compile=False)
    targets = np.ones((16, 7, 5, 6), np.float32)
    if fused:
        with fused_norms():
            model.train_on_batch(MAPS, targets)
    else:
        model.train_on_batch(MAPS, targets)
    return model.get_weights(), np.asarray(model(MAPS))


@pytest.mark.parametrize("trainable", [True, False])
def test_a_step_ends_as_with_kerass_own(trainable):
    plain, answers = trained(new_model(trainable=trainable), fused=False)
    fused, same = trained(new_model(trainable=trainable), fused=True)
    # The population's variance, not the batch's: 784 places instead of 783.
    for one, other in zip(plain, fused, strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-3, atol=1e-5)
    np.testing.assert_allclose(answers, same, rtol=2e-3, atol=2e-3)


def test_it_is_one_operation_there_and_kerass_own_before_and_after():
    own, model = keras.layers.BatchNormalization.call, new_model()
    training = tf.function(lambda x: model(x, training=True))
    with fused_norms():
        names = {op.type for op in training.get_concrete_function(MAPS).graph.get_operations()}
    assert "FusedBatchNormV3" in names
    assert keras.layers.BatchNormalization.call is own


def test_what_is_no_map_is_left_to_keras():
    keras.utils.set_random_seed(5)
    model = keras.Sequential([keras.Input((5,)), keras.layers.BatchNormalization()])
    vectors = MAPS[:, 0, 0]
    plain = np.asarray(model(vectors, training=True))
    with fused_norms():
        np.testing.assert_array_equal(np.asarray(model(vectors, training=True)), plain)


def test_settled_norms_hold_the_mean_of_the_batches(few_crops):
    model = separable_cnn.build(input_px=None)
    batches = TrainingBatches(
        few_crops,
        TINY,
        ViewMaker(few_crops.crops),
        phase=Phase(32, 1, 3),
        questions={},
        key=(1, 1),
    )
    settle_norms(model, batches)
    norm, first = model.get_layer("norm_1"), model.get_layer("separable_1")
    maps = [np.asarray(first(batches[index][0])) for index in range(3)]
    means = np.mean([m.mean(axis=(0, 1, 2)) for m in maps], axis=0)
    np.testing.assert_allclose(np.asarray(norm.moving_mean), means, rtol=1e-4, atol=1e-6)
    assert norm.momentum == 0.9
