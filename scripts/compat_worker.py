"""One Keras's part in the compatibility matrix; runs in that Keras's own environment.

    python scripts/compat_worker.py make FOLDER NAME    train a step, save every way
    python scripts/compat_worker.py check FOLDER        answer with every file that opens here

FOLDER/crops.npy holds real crops, uint8 N×224×224×3. ``make`` writes NAME.keras, NAME.h5,
NAME.weights.h5 and NAME.npz (probabilities, heatmaps by automatic differentiation). ``check``
loads each FOLDER/to-*.h5 and to-*.keras by the plain ``load_model`` of this Keras and prints a
line of JSON for each.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
if os.environ.get("HEMAVISION_USE_TF_KERAS"):
    import tf_keras

    sys.modules["keras"] = tf_keras
    sys.modules["keras.layers"] = tf_keras.layers

import keras
import numpy as np

from hemavision.models import separable_cnn


def scaled(crops: np.ndarray) -> np.ndarray:
    """From 0..255 to the network's [-1, 1]."""
    return crops.astype(np.float32) / np.float32(127.5) - np.float32(1)


def answer(model: keras.Model, x: np.ndarray) -> dict[str, np.ndarray]:
    """Probabilities, N×4, and Grad-CAM on each logit, N×4×h×w."""
    probabilities = np.asarray(model(x, training=False))
    kernel, _ = model.get_layer("probabilities").get_weights()
    before = model.get_layer("probabilities").input
    stem = keras.Model(model.input, model.get_layer("features").output)
    tail = _after(model, "features", before)
    features = np.asarray(stem(x, training=False))
    gradients = _gradients(tail, features, kernel)
    weights = gradients.mean(axis=(2, 3))
    maps = np.maximum(np.einsum("nhwc,nkc->nkhw", features, weights), 0)
    return {"probabilities": probabilities, "heatmaps": maps}


def _after(model: keras.Model, name: str, end: object) -> keras.Model:
    """The layers after ``name`` up to what the last one takes, as a model of their own."""
    names = [layer.name for layer in model.layers]
    x = start = keras.Input(model.get_layer(name).output.shape[1:])
    for layer in model.layers[names.index(name) + 1 : -1]:
        x = layer(x)
    return keras.Model(start, x)


def _gradients(tail: keras.Model, features: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """The gradient of each logit at the features: N×K×h×w×C."""
    backend = keras.backend.backend() if hasattr(keras.backend, "backend") else "tensorflow"
    kinds = range(kernel.shape[1])
    if backend == "jax":
        import jax

        def logit(values, kind):
            return (tail(values, training=False) @ kernel)[:, kind].sum()

        slopes = [np.asarray(jax.grad(logit)(features, kind)) for kind in kinds]
    else:
        import tensorflow as tf

        slopes = []
        for kind in kinds:
            values = tf.constant(features)
            with tf.GradientTape() as tape:
                tape.watch(values)
                score = tf.reduce_sum((tail(values, training=False) @ kernel)[:, kind])
            slopes.append(tape.gradient(score, values).numpy())
    return np.stack(slopes, axis=1)


def make(folder: Path, name: str) -> None:
    """Build the network, train it a step, save it in every format of this Keras."""
    keras.utils.set_random_seed(1)
    model = separable_cnn.build()
    model.compile("sgd", "categorical_crossentropy")
    x = scaled(np.load(folder / "crops.npy"))
    model.fit(x, np.eye(4, dtype=np.float32)[np.arange(len(x)) % 4], verbose=0)
    model.save(folder / f"{name}.keras")
    model.save(folder / f"{name}.h5")
    model.save_weights(folder / f"{name}.weights.h5")
    np.savez(folder / f"{name}.npz", **answer(model, x))
    print(json.dumps({"keras": keras.__version__}))


def check(folder: Path) -> None:
    """Open each converted file and compare with what its first owner answered."""
    x = scaled(np.load(folder / "crops.npy"))
    for path in sorted([*folder.glob("to-*.h5"), *folder.glob("to-*.keras")]):
        origin = path.name.removeprefix("to-").rsplit(".", 1)[0]
        line: dict[str, object] = {"origin": origin, "format": path.suffix}
        try:
            ours = answer(keras.models.load_model(path, compile=False), x)
            theirs = np.load(folder / f"{origin}.npz")
            difference = np.abs(ours["probabilities"] - theirs["probabilities"]).max()
            error = np.linalg.norm(ours["heatmaps"] - theirs["heatmaps"])
            line["probability"] = float(difference)
            line["heatmap"] = float(error / np.linalg.norm(theirs["heatmaps"]))
        except Exception as error:
            line["error"] = f"{type(error).__name__}: {error}"[:200]
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(Path(sys.argv[2]), sys.argv[3])
    else:
        check(Path(sys.argv[2]))
