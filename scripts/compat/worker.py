"""One Keras's part in the compatibility matrix; runs in that Keras's own environment.

    python scripts/compat/worker.py make FOLDER NAME BUNDLE   train a step, save every way
    python scripts/compat/worker.py open FOLDER NAME          answer with every file that opens here

FOLDER/crops-SIDE.npy holds real crops, uint8 N×SIDE×SIDE×3. ``make`` builds BUNDLE's network with
hemavision.models, gives it the weights of BUNDLE through hemavision.compat, trains it a step and
writes FOLDER/NAME.keras, .h5, .weights.h5, NAME-saved/ and NAME.npz (probabilities, and heatmaps
by automatic differentiation). ``open`` takes each FOLDER/*.onnx and *-to.h5: it has
hemavision.compat write .keras and .weights.h5 with this Keras, opens all three by what this Keras
itself has for that, and prints a line of JSON for each.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from hemavision.graph.from_bundle import network_from_bundle
from hemavision.graph.network import Network
from hemavision.keras_files.rebuild import keras_from_bundle, write_model
from hemavision.models.architectures import ARCHITECTURES
from hemavision.models.installed import MAJOR, keras

IS_JAX = MAJOR >= 3 and keras.backend.backend() == "jax"


def main() -> None:
    task, folder, name = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
    if task == "make":
        make(folder, name, Path(sys.argv[4]))
    else:
        open_all(folder, name)


def make(folder: Path, name: str, bundle: Path) -> None:
    """Train the network a step and save it in every format of this Keras."""
    network = network_from_bundle(bundle)
    model = built(network)
    given = keras_from_bundle(bundle)
    for layer in model.layers:  # by name: where branches meet, their order may differ
        layer.set_weights(given.get_layer(layer.name).get_weights())
    model.compile(keras.optimizers.SGD(1e-3), "categorical_crossentropy")
    x = crops(folder, network)
    classes = model.output_shape[-1]
    model.fit(x, np.eye(classes, dtype=np.float32)[np.arange(len(x)) // 2 % 4], verbose=0)
    # Keras 2.12 writes HDF5 under that name unless told.
    model.save(folder / f"{name}.keras", **({} if MAJOR >= 3 else {"save_format": "keras_v3"}))
    model.save(folder / f"{name}.h5")
    model.save_weights(folder / f"{name}.weights.h5")
    if MAJOR < 3:
        model.save(folder / f"{name}-saved", save_format="tf")
    elif not IS_JAX and network.name == "separable_cnn":
        # On JAX it would need TensorFlow; and it keeps no configuration to know others by.
        model.export(folder / f"{name}-saved", verbose=False)
    np.savez(folder / f"{name}.npz", **answer(model, x))
    print(json.dumps({"keras": keras.__version__}))


def open_all(folder: Path, name: str) -> None:
    """Open every bundle's network in each form and compare with what its maker answered."""
    for bundle in sorted(folder.glob("*.onnx")):
        network = network_from_bundle(bundle)
        x = crops(folder, network)
        for suffix in (".h5", ".keras", ".weights.h5"):
            path = folder / f"{bundle.stem}-to{suffix}"
            if suffix != ".h5":
                path = folder / f"{bundle.stem}-by-{name}{suffix}"
                write_model(network, path)
            line: dict[str, Any] = {"origin": bundle.stem, "format": suffix}
            try:
                line |= difference(
                    answer(opened(path, network), x), np.load(folder / f"{bundle.stem}.npz")
                )
            except Exception as error:  # whatever a Keras raises is what the table must show
                line["error"] = f"{type(error).__name__}: {error}"[:200]
            print(json.dumps(line), flush=True)


def opened(path: Path, network: Network) -> Any:
    """Open a file by what this Keras has for it."""
    if not path.name.endswith(".weights.h5"):
        return keras.models.load_model(path, compile=False)
    model = built(network)
    model.load_weights(path)
    return model


def built(network: Network) -> Any:
    """Return the architecture that a network is of, untrained."""
    classes = network.output.options["units"]
    return ARCHITECTURES[network.name](classes=classes, input_px=network.input_shape[0])


def crops(folder: Path, network: Network) -> np.ndarray:
    """Return the crops of the network's size, scaled from 0..255 to [-1, 1]."""
    pixels = np.load(folder / f"crops-{network.input_shape[0]}.npy")
    return pixels.astype(np.float32) / np.float32(127.5) - np.float32(1)


def difference(ours: dict[str, np.ndarray], theirs: Any) -> dict[str, float]:
    """Largest difference of a probability, and the heatmaps' relative error."""
    error = np.linalg.norm(ours["heatmaps"] - theirs["heatmaps"])
    return {
        "probability": float(np.abs(ours["probabilities"] - theirs["probabilities"]).max()),
        "heatmap": float(error / np.linalg.norm(theirs["heatmaps"])),
    }


def answer(model: Any, x: np.ndarray) -> dict[str, np.ndarray]:
    """Probabilities, N×K, and Grad-CAM on each logit by automatic differentiation, N×K×h×w."""
    names = [layer.name for layer in model.layers]
    stem = keras.Model(model.input, model.get_layer("features").output)
    features = np.asarray(stem(x, training=False))
    start = tail = keras.Input(features.shape[1:])
    for layer in model.layers[names.index("features") + 1 : -1]:
        tail = layer(tail)
    kernel, _ = model.layers[-1].get_weights()
    gradients = slopes(keras.Model(start, tail), features, kernel)
    maps = np.einsum("nhwc,nkc->nkhw", features, gradients.mean(axis=(2, 3)))
    return {
        "probabilities": np.asarray(model(x, training=False)),
        "heatmaps": np.maximum(maps, 0),
    }


def slopes(tail: Any, features: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """The gradient of each logit at the features: N×K×h×w×C."""
    if IS_JAX:
        import jax

        def logit(values: Any, kind: int) -> Any:
            return (tail(values, training=False) @ kernel)[:, kind].sum()

        found = [np.asarray(jax.grad(logit)(features, k)) for k in range(kernel.shape[1])]
    else:
        import tensorflow as tf

        found = []
        for kind in range(kernel.shape[1]):
            values = tf.constant(features)
            with tf.GradientTape() as tape:
                tape.watch(values)
                score = tf.reduce_sum((tail(values, training=False) @ kernel)[:, kind])
            found.append(tape.gradient(score, values).numpy())
    return np.stack(found, axis=1)


if __name__ == "__main__":
    main()
