"""Batch normalisation in training: in one operation instead of a dozen, and settled at the end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras


@contextmanager
def fused_norms() -> Iterator[None]:
    """Let batch normalisations take TensorFlow's fused operation wherever they are trained.

    Keras composes them of a dozen operations, each a way through memory and back: on a processor
    an EfficientNet spends a third of a step there. The results are the same up to rounding, but
    that the moving variance is that of the population (n - 1), not of the batch (n). Other
    backends keep Keras's own.
    """
    norm = keras.layers.BatchNormalization
    plain = norm.call

    def call(self: Any, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        is_map = len(inputs.shape) == 4 and self.axis in (-1, 3)
        if not (training and self.trainable and is_map) or mask is not None:
            return plain(self, inputs, training=training, mask=mask)
        return _fused(self, inputs)

    norm.call = call if keras.backend.backend() == "tensorflow" else plain
    try:
        yield
    finally:
        norm.call = plain


def _fused(norm: Any, inputs: Any) -> Any:
    import tensorflow as tf

    outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
        x=inputs,
        scale=tf.convert_to_tensor(norm.gamma),
        offset=tf.convert_to_tensor(norm.beta),
        mean=tf.zeros(0),
        variance=tf.zeros(0),
        epsilon=norm.epsilon,
        is_training=True,
    )
    for moving, new in ((norm.moving_mean, mean), (norm.moving_variance, variance)):
        moving.assign(moving * norm.momentum + new * (1.0 - norm.momentum))
    return outputs


def settle_norms(model: keras.Model, batches: keras.utils.PyDataset) -> None:
    """Replace every batch normalisation's moving statistics by their means over ``batches``.

    Moving statistics remember about ten batches, and ten batches of 32 cells are too few:
    the same weights scored 94% or 99% on validation with the chance of the last ones.
    """
    norms = [n for n in model.layers if isinstance(n, keras.layers.BatchNormalization)]
    momenta = [norm.momentum for norm in norms]
    for index in range(len(batches)):
        for norm in norms:
            norm.momentum = index / (index + 1)
        model(batches[index][0], training=True)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
