"""From a decoded image to probabilities and a heatmap: the usual ways against one ONNX pass.

All candidates take the same photographs (uint8 RGB arrays) and the same weights: the Keras
network is read back from the bundle. In a round each takes all images, one at a time, and the
rounds repeat, so that whatever else the machine does hits all of them. Figures are medians
over rounds of the mean over images; ratios are formed within a round and given with their
range. The default model answers beside them, by two views of each cell; and what a pass multiplies
stands against the machine's own rate (``floor.py``).

    python benchmarks/one_pass.py --rounds 30

Needs the extras ``train`` and ``bench`` and the image sets (HEMAVISION_DATA).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import onnx.utils
import onnxruntime
import tensorflow as tf
from floor import report
from PIL import Image

import hemavision
from hemavision.images.opening import open_image
from hemavision.keras_files.rebuild import keras_from_bundle
from hemavision.reading.bundle import find_bundle
from hemavision.reading.engine import OnnxEngine
from hemavision.reading.finding import locate_cell
from hemavision.reading.preprocess import cut_input
from hemavision.settings import data_folder

FEATURES = "features"
#: What the project asks of itself; the run reports against it and asserts nothing: how many times
#: as long the usual demo and a compiled call take, as this model's answer and the default model's.
MUST = {"d": (30.0, 2.8), "f": (100.0, 10.0)}
MUST_OVERHEAD_PERCENT = 5.0

Way = Callable[[np.ndarray], object]


@dataclass(frozen=True)
class Candidate:
    """One way to the answer; ``run`` takes a decoded image, uint8 H×W×3."""

    key: str
    title: str
    run: Way


def main() -> None:
    options = _options()
    if options.threads:
        tf.config.threading.set_intra_op_parallelism_threads(options.threads)
    images = _images(options.images)
    path = find_bundle(options.model)
    with tempfile.TemporaryDirectory() as folder:
        candidates = _candidates(path, options.threads, Path(folder))
        for candidate in candidates:  # warm-up: tracing, first-touch memory, thread pools
            for image in images[:2]:
                candidate.run(image)
        times = _measure(candidates, images, options.rounds)
    facts = _facts(options, images[0]) | {"agreement": _agreement(path, images)}
    record = _record(candidates, times, facts)
    _print(record)
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n")
    report(options.threads, options.rounds)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--images", type=int, default=8, help="photographs in a round")
    parser.add_argument("--threads", type=int, default=0, help="0: each library's own choice")
    parser.add_argument("--model", default="unseen-cells")
    parser.add_argument("--json", type=Path, help="also write the record here")
    return parser.parse_args()


def _images(count: int) -> list[np.ndarray]:
    folder = data_folder() / "kaggle_wbc" / "TEST"
    kinds = [sorted(kind.glob("*.jpeg")) for kind in sorted(folder.glob("*")) if kind.is_dir()]
    if not kinds:
        sys.exit(f"No images in {folder}; set HEMAVISION_DATA to the folder of the image sets.")
    paths = (path for row in zip(*kinds, strict=False) for path in row)
    return [open_image(path).rgb for path in islice(paths, count)]


def _candidates(path: Path, threads: int, folder: Path) -> list[Candidate]:
    network = keras_from_bundle(path)
    ours, default = hemavision.open_model(path, threads), hemavision.open_model(threads=threads)
    spec = ours.manifest.preprocess
    size = spec.size_px
    engine = OnnxEngine(path, threads)
    plain = _plain_session(path, threads, folder / "plain.onnx")

    def crop(image: np.ndarray) -> np.ndarray:
        return cut_input(image, locate_cell(image), spec)[None]

    crops: dict[int, np.ndarray] = {}

    def ready(image: np.ndarray) -> np.ndarray:
        """The crop, cut once: these two candidates time the network alone."""
        if id(image) not in crops:
            crops[id(image)] = crop(image)
        return crops[id(image)]

    return [
        Candidate("a", "Keras predict, then GradientTape (the usual demo)", demo(network, size)),
        Candidate("a2", "the same, sub-model built once", demo(network, size, keep=True)),
        Candidate("b", "compiled Keras call with GradientTape", compiled(network, size)),
        Candidate("c", "Keras call, then tf-keras-vis Gradcam", library(network, size)),
        Candidate("d", "HemaVision: locate, crop, one pass", lambda i: _answer(ours, i)),
        Candidate("d2", "  its pass alone, maps of all types", lambda i: engine.run(ready(i))),
        Candidate("e", "  plain forward pass, no maps", lambda i: plain(ready(i))),
        Candidate("f", "HemaVision, eight types: two views", lambda i: _answer(default, i)),
    ]


def _answer(model: hemavision.Model, image: np.ndarray) -> list[hemavision.Prediction]:
    return list(model.predict_arrays([image]))


def _input(image: np.ndarray, size: int) -> np.ndarray:
    """The whole image at the network's size, as demos feed it: float32 1×S×S×3 in [-1, 1]."""
    resized = Image.fromarray(image).resize((size, size), Image.Resampling.BILINEAR)
    return np.asarray(resized, np.float32)[None] / 127.5 - 1.0


def _sub_model(network: keras.Model) -> keras.Model:
    return keras.Model(network.input, [network.get_layer(FEATURES).output, network.output])


def demo(network: keras.Model, size: int, keep: bool = False) -> Way:
    """``model.predict``, then Grad-CAM with a tape over an uncompiled sub-model.

    Tutorials build the sub-model in the function that makes the heatmap, so on every call;
    ``keep`` builds it once.
    """
    kept = _sub_model(network) if keep else None

    def run(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        x = _input(image, size)
        probabilities = network.predict(x, verbose=0)
        sub_model = kept or _sub_model(network)
        with tf.GradientTape() as tape:
            features, outputs = sub_model(x)
            score = outputs[:, int(np.argmax(probabilities[0]))]
        weights = tf.reduce_mean(tape.gradient(score, features), axis=(0, 1, 2))
        return probabilities, tf.nn.relu(features[0] @ weights[:, None]).numpy()[..., 0]

    return run


def compiled(network: keras.Model, size: int) -> Way:
    """Probabilities and the predicted type's map out of one ``tf.function``."""
    sub_model = _sub_model(network)

    @tf.function(input_signature=[tf.TensorSpec((1, size, size, 3), tf.float32)])
    def both(x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        with tf.GradientTape() as tape:
            features, outputs = sub_model(x, training=False)
            score = tf.reduce_max(outputs, axis=1)
        weights = tf.reduce_mean(tape.gradient(score, features), axis=(0, 1, 2))
        return outputs, tf.nn.relu(features[0] @ weights[:, None])[..., 0]

    def run(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        probabilities, heatmap = both(tf.constant(_input(image, size)))
        return probabilities.numpy(), heatmap.numpy()

    return run


def library(network: keras.Model, size: int) -> Way:
    """Grad-CAM by the package tf-keras-vis, as its documentation shows."""
    try:
        from tf_keras_vis.gradcam import Gradcam
        from tf_keras_vis.utils.model_modifiers import ReplaceToLinear
        from tf_keras_vis.utils.scores import CategoricalScore
    except ImportError:
        sys.exit("The package tf-keras-vis is missing: pip install '.[bench]'.")
    gradcam = Gradcam(network, model_modifier=ReplaceToLinear(), clone=True)

    def run(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        x = _input(image, size)
        probabilities = network(x, training=False).numpy()
        heatmap = gradcam(
            CategoricalScore(int(np.argmax(probabilities[0]))),
            x,
            penultimate_layer=FEATURES,
            seek_penultimate_conv_layer=False,
        )
        return probabilities, heatmap

    return run


def _plain_session(path: Path, threads: int, pruned: Path) -> Way:
    """The bundle's graph without anything but ``probabilities``, with the engine's options."""
    onnx.utils.extract_model(str(path), str(pruned), ["image"], ["probabilities"])
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(pruned, options, providers=["CPUExecutionProvider"])
    return lambda crops: session.run(["probabilities"], {"image": crops})


def _measure(
    candidates: list[Candidate], images: list[np.ndarray], rounds: int
) -> dict[str, list[float]]:
    """Return the mean milliseconds an image of every round, by candidate."""
    times: dict[str, list[float]] = {candidate.key: [] for candidate in candidates}
    for number in range(rounds):
        for step in range(len(candidates)):
            # Another one goes first each time: no candidate always follows the slowest.
            candidate = candidates[(step + number) % len(candidates)]
            # Untimed: it sends another library's idling threads to sleep and fills the caches,
            # as the image before does where only one library is at work.
            candidate.run(images[-1])
            started = time.perf_counter()
            for image in images:
                candidate.run(image)
            seconds = time.perf_counter() - started
            times[candidate.key].append(1000 * seconds / len(images))
    return times


def _agreement(path: Path, images: list[np.ndarray]) -> dict[str, float]:
    """The largest differences between Keras with a tape and the one pass, on the same crops."""
    engine, network = OnnxEngine(path), keras_from_bundle(path)
    spec = engine.manifest.preprocess
    weight, bias = network.get_layer("probabilities").get_weights()
    head = keras.Model(network.get_layer(FEATURES).output, network.get_layer("probabilities").input)
    backbone = keras.Model(network.input, network.get_layer(FEATURES).output)
    worst_probability = worst_map = 0.0
    for image in images:
        crop = cut_input(image, locate_cell(image), spec)[None]
        answer = engine.run(crop)
        best = int(np.argmax(answer.probabilities[0]))
        features = backbone(crop / np.float32(127.5) - 1)
        with tf.GradientTape() as tape:
            tape.watch(features)
            logits = head(features) @ weight + bias
            score = logits[:, best]
        weights = tf.reduce_mean(tape.gradient(score, features), axis=(0, 1, 2))
        map_ = tf.nn.relu(features[0] @ weights[:, None]).numpy()[..., 0]
        expected = tf.nn.softmax(logits / engine.manifest.temperature).numpy()
        worst_probability = max(worst_probability, np.abs(expected - answer.probabilities).max())
        peak = max(float(map_.max()), 1e-12)
        worst_map = max(worst_map, float(np.abs(map_ - answer.heatmaps[0, best]).max()) / peak)
    return {"probability": float(worst_probability), "heatmap_relative": worst_map}


def _facts(options: argparse.Namespace, image: np.ndarray) -> dict[str, object]:
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "load_before": round(os.getloadavg()[0], 2),
        "system": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        "libraries": f"onnxruntime {onnxruntime.__version__}, Keras {keras.__version__}, "
        f"TensorFlow {tf.__version__}",
        "threads": options.threads or "each library's own choice",
        "image": f"{image.shape[1]}×{image.shape[0]} px",
        "images": options.images,
        "rounds": options.rounds,
        "model": options.model,
    }


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or "unknown"


def _record(
    candidates: list[Candidate], times: dict[str, list[float]], facts: dict[str, object]
) -> dict[str, Any]:
    """Everything that is reported; README's table is made from it."""
    ways = [
        {
            "key": candidate.key,
            "title": candidate.title,
            "median_ms": float(np.median(times[candidate.key])),
            "ratio": _middle_and_range(np.divide(times[candidate.key], times["d"])),
        }
        for candidate in candidates
    ]
    overhead = (np.divide(times["d2"], times["e"]) - 1) * 100
    return {
        "facts": facts,
        "ways": ways,
        "overhead_percent": _middle_and_range(overhead),
        "milliseconds": times,
    }


def _middle_and_range(values: np.ndarray) -> list[float]:
    return [float(np.median(values)), float(values.min()), float(values.max())]


def _print(record: dict[str, Any]) -> None:
    for name, value in record["facts"].items():
        print(f"{name:12} {value}")
    print(f"\n{'':3} {'way':52} {'ms':>8} {'ms / ours, range of rounds':>28}")
    times = record["milliseconds"]
    for way in record["ways"]:
        middle, low, high = way["ratio"]
        spread = f"{middle:10.2f}  [{low:.2f}, {high:.2f}]"
        print(f"{way['key']:3} {way['title']:52} {way['median_ms']:8.1f} {spread:>28}")
    for ours, musts in MUST.items():
        for other, must in zip("ab", musts, strict=True):
            ratio, low, high = _middle_and_range(np.divide(times[other], times[ours]))
            print(f"({other}) / ({ours}): {ratio:.1f}× [{low:.1f}, {high:.1f}] (must: {must:g}×)")
    middle, low, high = record["overhead_percent"]
    print(
        f"explanation over a plain pass: {middle:.1f}% [{low:.1f}%, {high:.1f}%] "
        f"(must: at most {MUST_OVERHEAD_PERCENT:.0f}%)"
    )


if __name__ == "__main__":
    main()
