"""Heatmaps of any head equal autodiff, or the layer that forbids it is named."""

from __future__ import annotations

import keras
import numpy as np
import onnxruntime
import pytest
import tensorflow as tf
from keras import layers

from hemavision.errors import BundleError
from hemavision.graph.gradcam import find_head
from hemavision.graph.kinds import ACTIVATIONS as KNOWN
from hemavision.graph.shapes import shapes_of
from hemavision.graph.writer import SCALINGS, BundleParts, write_network
from hemavision.keras_files.loading import network_from_keras
from hemavision.reading.bundle import Manifest
from hemavision.reading.preprocess import PreprocessSpec
from hemavision.records.cells import FOUR_TYPES

POOLS = {
    "average": layers.GlobalAveragePooling2D,
    "maximum": layers.GlobalMaxPooling2D,
    "flatten": layers.Flatten,
}
#: Every activation that a file may name, but the softmax at the end.
ACTIVATIONS = sorted(KNOWN - {"linear", "softmax", "swish"})


def classifier(pool: str, *hidden: layers.Layer, end: layers.Layer | None = None) -> keras.Model:
    """A small network with maps of 6×6×5 under the given head."""
    keras.utils.set_random_seed(3)
    x = image = keras.Input((12, 12, 3))
    x = layers.Conv2D(5, 3, strides=2, padding="same", activation="tanh", name="maps")(x)
    x = POOLS[pool]()(x)
    for layer in hidden:
        x = layer(x)
    x = (end or layers.Dense(4, activation="softmax"))(x)
    return keras.Model(image, x)


def export(model: keras.Model, path, scaling: str = "zero-to-one"):
    network = network_from_keras(model)
    size = network.input_shape[0]
    manifest = Manifest("x", FOUR_TYPES, PreprocessSpec(size, "whole"), 1.0, 1.0, "")
    write_network(BundleParts(network, manifest, SCALINGS[scaling]), path)
    return network, onnxruntime.InferenceSession(path)


def autodiff(model: keras.Model, features: str, x: np.ndarray) -> np.ndarray:
    """Grad-CAM on each logit, float32 N×4×h×w. The model's last layer loses its softmax."""
    last = model.layers[-1]
    if hasattr(last, "activation") and last.activation is keras.activations.softmax:
        last.activation = keras.activations.linear
    logits = last.output if hasattr(last, "kernel") else model.layers[-2].output
    both = keras.Model(model.input, [model.get_layer(features).output, logits])
    with tf.GradientTape(persistent=True) as tape:
        activations, scores = both(x, training=False)
        sums = [tf.reduce_sum(scores[:, kind]) for kind in range(4)]
    maps = []
    for score in sums:
        weights = tf.reduce_mean(tape.gradient(score, activations), (1, 2))
        maps.append(tf.nn.relu(tf.einsum("nhwc,nc->nhw", activations, weights)))
    return np.stack(maps, axis=1)


def assert_equal_maps(model: keras.Model, path) -> None:
    network, session = export(model, path)
    size = network.input_shape[0]
    x = np.random.default_rng(1).integers(0, 256, (3, size, size, 3), dtype=np.uint8)
    probabilities, maps = session.run(["probabilities", "heatmaps"], {"image": x})
    scaled = x.astype(np.float32) / 255
    np.testing.assert_allclose(probabilities, model(scaled, training=False), atol=1e-5)
    features = find_head(network, shapes_of(network)).features
    expected = autodiff(model, features, scaled)
    error = np.linalg.norm(maps - expected)
    assert error <= 1e-4 * np.linalg.norm(expected)
    assert expected.max() > 0


#: Every activation under every pooling, and of them each of both at least once.
HEADS = [(activation, pool) for activation in ACTIVATIONS for pool in POOLS]
FEW = [
    (activation, list(POOLS)[number % len(POOLS)]) for number, activation in enumerate(ACTIVATIONS)
]


@pytest.mark.parametrize(
    ("activation", "pool"),
    [
        *FEW,
        *(pytest.param(*head, marks=pytest.mark.long) for head in HEADS if head not in FEW),
    ],
)
def test_maps_equal_autodiff(pool, activation, tmp_path):
    keras.utils.set_random_seed(3)
    hidden = [layers.Dense(7, activation=activation), layers.Dense(6, activation=activation)]
    assert_equal_maps(classifier(pool, *hidden), tmp_path / "a.onnx")


#: Made in the test: a layer draws its seed when it is made, and a head that is new each time
#: may have a map that is dark everywhere.
OTHER_HEADS = {
    "none": lambda: [],
    "norm": lambda: [
        layers.Dense(7), layers.BatchNormalization(), layers.ReLU(), layers.Dropout(0.4),
    ],
    "leaky": lambda: [layers.Dense(7), layers.LeakyReLU(0.2)],
    "relu6": lambda: [layers.Dense(7), layers.ReLU(6.0), layers.Dense(6, activation="elu")],
    "reshape": lambda: [
        layers.Reshape((1, 1, 5)), layers.Reshape((5,)), layers.Dense(7, activation="relu"),
    ],
}  # fmt: skip


@pytest.mark.parametrize("head", OTHER_HEADS)
def test_other_layers_in_the_head(head, tmp_path):
    keras.utils.set_random_seed(3)
    model = classifier("average", *OTHER_HEADS[head]())
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.set_weights([np.full(w.shape, 0.7, np.float32) for w in layer.get_weights()])
    assert_equal_maps(model, tmp_path / "a.onnx")


def of_their_kinds() -> keras.Model:
    """One block with the kinds of layers that EfficientNet and ResNet have beside MobileNet's."""
    x = image = keras.Input((16, 16, 3))
    x = layers.Normalization(mean=[0.4, 0.5, 0.6], variance=[0.1, 0.2, 0.3])(
        layers.Rescaling(0.5)(x)
    )
    x = layers.MaxPooling2D(3, strides=2)(layers.ZeroPadding2D(1)(layers.Conv2D(8, 3)(x)))
    x = layers.BatchNormalization()(layers.DepthwiseConv2D(3, padding="same")(x))
    x = block = layers.Activation("silu")(x)
    excited = layers.Reshape((1, 1, 8))(layers.GlobalAveragePooling2D()(x))
    excited = layers.Conv2D(2, 1, activation="silu")(excited)
    x = layers.Multiply()([x, layers.Conv2D(8, 1, activation="sigmoid")(excited)])
    x = layers.Dropout(0.2)(layers.Add()([block, layers.Conv2D(8, 1)(x)]))
    x = layers.GlobalAveragePooling2D()(layers.Activation("relu", name="maps")(x))
    return keras.Model(image, layers.Dense(4, activation="softmax")(x))


@pytest.mark.parametrize(
    "build",
    [
        of_their_kinds,
        lambda: keras.applications.MobileNetV2((64, 64, 3), weights=None, classes=4),
        pytest.param(
            lambda: keras.applications.EfficientNetB0(
                input_shape=(64, 64, 3), weights=None, classes=4
            ),
            marks=pytest.mark.long,
        ),
        pytest.param(
            lambda: keras.applications.ResNet50(input_shape=(64, 64, 3), weights=None, classes=4),
            marks=pytest.mark.long,
        ),
    ],
    ids=["one block", "MobileNetV2", "EfficientNetB0", "ResNet50"],
)
def test_public_architectures(build, tmp_path):
    assert_equal_maps(build(), tmp_path / "a.onnx")


def test_vgg16_with_its_flatten(tmp_path):
    base = keras.applications.VGG16(input_shape=(32, 32, 3), weights=None, include_top=False)
    x = layers.Dense(16, activation="relu")(layers.Flatten()(base.output))
    model = keras.Model(base.input, layers.Dense(4, activation="softmax")(x))
    assert_equal_maps(model, tmp_path / "a.onnx")


def test_branches_that_join_again(tmp_path):
    x = image = keras.Input((12, 12, 3))
    x = layers.Conv2D(5, 3, strides=2, padding="same", activation="tanh", name="maps")(x)
    mean, top = layers.GlobalAveragePooling2D()(x), layers.GlobalMaxPooling2D()(x)
    x = layers.Concatenate()([mean, top, layers.Flatten()(x)])
    x = layers.Dense(8, activation="gelu")(x)
    x = layers.Add()([x, layers.Dense(8, activation="silu")(x)])
    model = keras.Model(image, layers.Dense(4, activation="softmax")(x))
    assert_equal_maps(model, tmp_path / "a.onnx")


def test_separate_softmax_is_an_answer_too(tmp_path):
    x = layers.Dense(4)(classifier("average").layers[-2].output)
    model = keras.Model(classifier_input(x), layers.Softmax()(x))
    assert_equal_maps(model, tmp_path / "a.onnx")


def classifier_input(tensor):
    return keras.utils.get_source_inputs(tensor)[0]


@pytest.mark.parametrize("scaling", SCALINGS)
def test_scaling_is_what_its_name_says(scaling, tmp_path):
    model = classifier("average")
    _, session = export(model, tmp_path / "a.onnx", scaling)
    x = np.random.default_rng(1).integers(0, 256, (2, 12, 12, 3), dtype=np.uint8)
    values = x.astype(np.float32)
    expected = {
        "minus-one-to-one": lambda: values / 127.5 - 1,
        "zero-to-one": lambda: values / 255,
        "none": lambda: values,
        "torch": lambda: keras.applications.imagenet_utils.preprocess_input(values, mode="torch"),
        "caffe": lambda: keras.applications.imagenet_utils.preprocess_input(values, mode="caffe"),
    }[scaling]()
    ours = session.run(["probabilities"], {"image": x})[0]
    np.testing.assert_allclose(ours, model(expected, training=False), atol=1e-5)


def refused(model: keras.Model) -> str:
    network = network_from_keras(model)
    with pytest.raises(BundleError) as caught:
        find_head(network, shapes_of(network))
    return str(caught.value)


def test_head_of_two_maps_is_refused_by_name():
    image = keras.Input((12, 12, 3))
    maps = layers.Conv2D(5, 3)(image)
    deeper = layers.Conv2D(6, 3)(maps)
    pools = [
        layers.GlobalAveragePooling2D(name="shallow")(maps),
        layers.GlobalMaxPooling2D(name="deep")(deeper),
    ]
    both = layers.Concatenate()(pools)
    text = refused(keras.Model(image, layers.Dense(4, activation="softmax")(both)))
    assert "'shallow'" in text or "'deep'" in text
    assert "another feature map" in text


@pytest.mark.parametrize("end", [layers.Dense(4), layers.Dense(4, activation="sigmoid")])
def test_answer_that_is_no_softmax_is_refused(end):
    assert "softmax" in refused(classifier("average", end=end))


def test_softmax_in_the_middle_is_refused_by_name(tmp_path):
    model = classifier("average", layers.Dense(7, activation="softmax", name="attention"))
    with pytest.raises(BundleError, match="'attention'"):
        export(model, tmp_path / "a.onnx")
    assert not (tmp_path / "a.onnx").exists()


@pytest.mark.parametrize("groups", [-1, 1, 3, 6])
@pytest.mark.parametrize("trained", [True, False])
def test_group_normalisation_before_the_maps(groups, trained, tmp_path):
    x = image = keras.Input((12, 12, 3))
    x = layers.Conv2D(6, 3, padding="same")(x)
    norm = layers.GroupNormalization(groups, scale=trained, center=trained)
    x = layers.ReLU(name="maps")(norm(x))
    x = layers.GlobalAveragePooling2D()(x)
    model = keras.Model(image, layers.Dense(4, activation="softmax")(x))
    if trained:
        rng = np.random.default_rng(5)
        norm.set_weights([rng.uniform(0.5, 1.5, w.shape) for w in norm.get_weights()])
    assert_equal_maps(model, tmp_path / "a.onnx")
