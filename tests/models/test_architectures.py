"""What every architecture must pass: build, learn, save, load, become a bundle, answer the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from hemavision.graph.doubt import NoveltyModel
from hemavision.graph.gradcam import Attribute
from hemavision.images.opening import open_image
from hemavision.models.architectures import ARCHITECTURES
from hemavision.reading.bundle import Manifest
from hemavision.reading.engine import OnnxEngine
from hemavision.reading.finding import locate_cell
from hemavision.reading.preprocess import PreprocessSpec, cut_input
from hemavision.records.cells import EIGHT_TYPES
from hemavision.training.batches import to_input
from hemavision.training.export import write_bundle

SIZE_PX = 96
SPEC = PreprocessSpec(SIZE_PX, stain="standard")


@pytest.fixture(scope="module", params=sorted(ARCHITECTURES))
def network(request):
    keras.utils.set_random_seed(7)
    model = ARCHITECTURES[request.param](classes=len(EIGHT_TYPES), input_px=SIZE_PX)
    # Normalisations that do something: a new network's are the identity.
    rng = np.random.default_rng(7)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.set_weights([rng.uniform(0.5, 1.5, w.shape) for w in layer.get_weights()])
    return model


@pytest.fixture(scope="module")
def attribute(network):
    rng = np.random.default_rng(3)
    depth = network.get_layer("embedding").output.shape[-1]
    kernel = rng.normal(size=(depth, 3)).astype(np.float32)
    return Attribute("granule_colour", ("nil", "pink", "red"), kernel, np.zeros(3, np.float32))


@pytest.fixture(scope="module")
def engine(network, attribute, tmp_path_factory):
    path = tmp_path_factory.mktemp("bundle") / "network.onnx"
    looks = {attribute.name: attribute.values}
    manifest = Manifest("test", EIGHT_TYPES, SPEC, 0.5, 1.0, "", morphology=looks)
    novelty = NoveltyModel.neutral(network.get_layer("embedding").output.shape[-1])
    write_bundle(network, manifest, novelty, path, (attribute,))
    return OnnxEngine(path)


@pytest.fixture(scope="module")
def crops(data):
    paths = sorted((data / "pbc" / "neutrophil").glob("*.jpg"))[:3]
    photos = [open_image(path).rgb for path in paths]
    return np.stack([cut_input(rgb, locate_cell(rgb), SPEC) for rgb in photos])


def test_bundle_answers_as_keras(network, engine, crops):
    expected = np.asarray(network(to_input(crops)))
    np.testing.assert_allclose(engine.run(crops).probabilities, expected, atol=1e-5)


def test_saved_network_answers_the_same(network, crops, tmp_path):
    network.save(tmp_path / "network.keras")
    loaded = keras.saving.load_model(tmp_path / "network.keras")
    expected = np.asarray(network(to_input(crops)))
    np.testing.assert_array_equal(np.asarray(loaded(to_input(crops))), expected)


def test_heatmaps_are_grad_cam_by_autodiff(network, engine, crops):
    close(engine.run(crops).heatmaps, gradient_cam(network, "probabilities", None, crops))


def test_attribute_maps_are_grad_cam_by_autodiff(network, engine, attribute, crops):
    output = engine.run(crops)
    expected = gradient_cam(network, "embedding", attribute.kernel, crops)
    close(output.morphology_heatmaps[attribute.name], expected)
    embedding = output.embedding
    np.testing.assert_allclose(
        output.morphology[attribute.name],
        keras.ops.softmax(attribute.logits(embedding)),
        atol=1e-5,
    )


def test_open_input_has_the_same_weights(network):
    opened = ARCHITECTURES[network.name](classes=len(EIGHT_TYPES), input_px=None)
    assert [w.shape for w in opened.get_weights()] == [w.shape for w in network.get_weights()]


#: Of each architecture two blocks or fewer, whose layers are alike: JAX compiles every one.
TOYS = (
    "from hemavision.models import efficientnet_lite as e, separable_cnn as s\n"
    "s.BLOCKS, s.POOL_AFTER, s.HIDDEN_UNITS = ((8, 3, 3), (8, 3, 1)), 1, 8\n"
    "e.STAGES = dict.fromkeys(e.STAGES, ((1, 3, 1, 2, 8),))\n"
    "e.STEM, e.HEAD = 8, 16\n"
)
#: The architectures as they are, after toys of them.
SHIPPED = (
    "import importlib\n"
    "from hemavision.models import efficientnet_lite, separable_cnn\n"
    "for module in (efficientnet_lite, separable_cnn): importlib.reload(module)\n"
)
#: Runs each line of its input, Python as JSON, and says when it is done. Seeded, as one unlucky
#: toy in a hundred learns nothing in a step; Keras's own seed would load TensorFlow.
LISTENER = (
    "import json, random, sys, numpy as np\n"
    "from hemavision.models.architectures import ARCHITECTURES\n"
    "print('ready', flush=True)\n"
    "for line in sys.stdin:\n"
    "    random.seed(0); np.random.seed(0)\n"
    "    exec(json.loads(line)); print('done', flush=True)\n"
)


@pytest.fixture(scope="module")
def on_jax():
    """A process in which Keras runs on JAX; the function runs code there."""
    # To compile well takes longer than one step does.
    quickly = "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"
    with subprocess.Popen(
        [sys.executable, "-c", LISTENER],
        env=os.environ | {"KERAS_BACKEND": "jax", "XLA_FLAGS": quickly},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout.readline() == "ready\n"

        def run(code: str) -> str:
            process.stdin.write(json.dumps(code) + "\n")
            process.stdin.flush()
            return process.stdout.readline()

        yield run
        process.stdin.close()


@pytest.mark.parametrize(
    "smaller", [TOYS, pytest.param(SHIPPED, marks=pytest.mark.long)], ids=["toy", "shipped"]
)
def test_learns_a_step_on_jax(network, on_jax, smaller):
    code = (
        f"{smaller}"
        f"m = ARCHITECTURES[{network.name!r}](classes=4, input_px=None)\n"
        f"assert {smaller == TOYS} or len(m.layers) == {len(network.layers)}\n"
        "m.compile('sgd', 'categorical_crossentropy')\n"
        "x = np.random.rand(2, 48, 48, 3).astype('float32'); y = np.eye(4)[[0, 1]]\n"
        "a = m.get_weights()[0].copy(); loss = float(m.train_on_batch(x, y))\n"
        "assert np.isfinite(loss) and not np.array_equal(a, m.get_weights()[0])\n"
        "assert 'tensorflow' not in sys.modules, 'TensorFlow was loaded'\n"
    )
    assert on_jax(code) == "done\n", "the process died: its error is above"


def gradient_cam(
    network: keras.Model, layer: str, kernel: np.ndarray | None, crops: np.ndarray
) -> np.ndarray:
    """Grad-CAM by automatic differentiation, of the logits of ``layer`` or of a kernel on it."""
    features = network.get_layer("features").output
    activations = tf.convert_to_tensor(keras.Model(network.input, features)(to_input(crops)))
    x = head_input = keras.Input(features.shape[1:])
    after = network.layers[network.layers.index(network.get_layer("features")) + 1 :]
    for part in after:
        if part.name == "probabilities":
            weights, bias = part.get_weights()
            x = keras.ops.matmul(x, weights) + bias
        else:
            x = part(x)
        if part.name == layer:
            break
    head = keras.Model(head_input, x if kernel is None else keras.ops.matmul(x, kernel))
    maps = []
    for kind in range(head.output.shape[-1]):
        with tf.GradientTape() as tape:
            tape.watch(activations)
            logit = head(activations)[:, kind]
        gradient = tf.reduce_mean(tape.gradient(logit, activations), (1, 2))
        maps.append(tf.nn.relu(tf.einsum("nhwc,nc->nhw", activations, gradient)))
    return np.stack(maps, axis=1)


def close(ours: np.ndarray, theirs: np.ndarray) -> None:
    assert ours.shape == theirs.shape
    assert theirs.max() > 0
    assert np.linalg.norm(ours - theirs) <= 1e-4 * np.linalg.norm(theirs)
