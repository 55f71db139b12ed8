"""Writes the small model files of tests/keras_files/files with the Keras that runs it.

    python scripts/make_keras_files.py FOLDER

Run once in an environment of each Keras version; the files are committed, so that the tests
read what that version really wrote. Needs nothing but Keras and its backend.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from keras import layers


def nested() -> keras.Model:
    """A functional model around a Sequential stem and a functional body with frozen parts."""
    stem = keras.Sequential(
        [
            keras.Input((16, 16, 3)),
            layers.Conv2D(4, 3, padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.Activation("relu"),
        ],
        name="stem",
    )
    stem.layers[-2].trainable = False
    inner = keras.Input((8, 8, 4))
    x = layers.SeparableConv2D(6, 3, activation="relu")(inner)
    x = layers.BatchNormalization()(x)
    body = keras.Model(inner, layers.Conv2D(6, 1)(x), name="body")
    image = keras.Input((16, 16, 3), name="image")
    x = layers.RandomFlip()(image)
    x = layers.MaxPooling2D()(stem(x))
    x = layers.GlobalAveragePooling2D()(body(x))
    x = layers.Dense(8, activation="relu")(layers.Dropout(0.3)(x))
    return keras.Model(image, layers.Dense(4, activation="softmax")(x), name="nested")


def sequential() -> keras.Model:
    """A Sequential model that says its input's shape in its first layer."""
    return keras.Sequential(
        [
            layers.Conv2D(4, 3, activation="relu", input_shape=(16, 16, 3)),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(6),
            layers.LeakyReLU(),
            layers.Dense(4),
            layers.Softmax(),
        ],
        name="plain",
    )


def main() -> None:
    """Write both models in every format, and what they answer to one input."""
    folder = Path(sys.argv[1])
    version = keras.__version__
    for build in (nested, sequential):
        keras.utils.set_random_seed(1)
        model = build()
        model.compile("sgd", "categorical_crossentropy")
        x = np.random.default_rng(1).random((2, 16, 16, 3), np.float32)
        model.fit(x, np.eye(4, dtype=np.float32)[[0, 1]], verbose=0)
        stem = folder / f"keras-{version}-{build.__name__}"
        is_keras_2 = version.startswith("2")
        model.save(f"{stem}.keras", **({"save_format": "keras_v3"} if is_keras_2 else {}))
        model.save(f"{stem}.h5")
        if version.startswith("2.12"):  # what it makes of the suffix when it is not told
            model.save(f"{stem}-hdf5.keras")
        if is_keras_2:
            model.save(f"{stem}-saved", save_format="tf")
        model.save_weights(f"{stem}.weights.h5")
        np.savez(f"{stem}.npz", x=x, y=np.asarray(model(x, training=False)))


if __name__ == "__main__":
    main()
