"""The first network: nine separable convolutions and an MLP head, 69 weight tensors.

Separable convolutions: Chollet 2017, "Xception". Input as for MobileNetV2: [-1, 1].
"""

from __future__ import annotations

from hemavision.models.blocks import (
    BLOCKS,
    CLASSES,
    EPSILON,
    HIDDEN_LAYERS,
    HIDDEN_UNITS,
    INPUT_PX,
    POOL_AFTER,
)
from hemavision.models.installed import keras, layers


def build(
    classes: int = CLASSES,
    input_px: int | None = INPUT_PX,
    batch_norm_momentum: float = 0.9,
    precision: str = "float32",
) -> keras.Model:
    """Build the network, untrained.

    Args:
        classes: number of cell types.
        input_px: side of the square input in pixels; ``None`` leaves it open, which the
            training at rising resolutions needs (the weights are the same).
        batch_norm_momentum: of the moving statistics. Keras's 0.99 needs more steps to
            settle than a short training has.
        precision: Keras's name of a dtype policy. ``"mixed_bfloat16"`` computes in
            bfloat16 and keeps float32 weights and probabilities.

    Returns:
        A model from float32 N×H×W×3 in [-1, 1] to float32 N×``classes`` probabilities.
        The layer ``features`` gives the last feature map, ``embedding`` its mean.
    """
    inputs = keras.Input((input_px, input_px, 3), name="image")
    x = inputs
    for index, (filters, kernel, stride) in enumerate(BLOCKS, start=1):
        x = layers.SeparableConv2D(
            filters,
            kernel,
            strides=stride,
            padding="same",
            activation="relu",
            dtype=precision,
            name=f"separable_{index}",
        )(x)
        last = index == len(BLOCKS)
        x = layers.BatchNormalization(
            momentum=batch_norm_momentum,
            epsilon=EPSILON,
            dtype=precision,
            name="features" if last else f"norm_{index}",
        )(x)
        if index == POOL_AFTER:
            x = layers.MaxPooling2D(dtype=precision, name="pool")(x)
    x = layers.GlobalAveragePooling2D(dtype="float32", name="embedding")(x)
    for index in range(1, HIDDEN_LAYERS + 1):
        x = layers.Dense(HIDDEN_UNITS, activation="relu", dtype=precision, name=f"dense_{index}")(x)
        x = layers.Dropout(0.5, dtype=precision, name=f"dropout_{index}")(x)
    outputs = layers.Dense(classes, activation="softmax", name="probabilities", dtype="float32")(x)
    return keras.Model(inputs, outputs, name="separable_cnn")
