"""The bundle's graph is the Keras network, and its maps are Grad-CAM, exactly."""

from __future__ import annotations

from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf

from hemavision.graph.doubt import COLOURS, ForeignModel, NoveltyModel, colours_of, unit
from hemavision.graph.from_bundle import take_apart
from hemavision.graph.writer import SCALINGS, BundleParts, write_network
from hemavision.images.opening import open_image
from hemavision.keras_files.loading import network_from_keras
from hemavision.keras_files.rebuild import keras_from_bundle
from hemavision.models import separable_cnn
from hemavision.reading.bundle import Manifest, find_bundle
from hemavision.reading.engine import OnnxEngine
from hemavision.reading.finding import locate_cell
from hemavision.reading.preprocess import PreprocessSpec, crop_and_resize
from hemavision.records.cells import FOUR_TYPES
from hemavision.training.batches import to_input
from hemavision.training.calibrate import apply_temperature
from hemavision.training.export import weights_sha256, write_bundle


@pytest.fixture(scope="module")
def crops(data):
    """Real crops: uint8 8×224×224×3, two of each type."""
    root = data / "kaggle_wbc" / "TEST"
    paths = [p for t in FOUR_TYPES for p in sorted((root / t.upper()).iterdir())[:40:20]]
    photos = [open_image(path).rgb for path in paths]
    return np.stack([crop_and_resize(rgb, locate_cell(rgb), 224) for rgb in photos])


@pytest.fixture(
    scope="module", params=["unseen-cells", pytest.param("seed", marks=pytest.mark.long)]
)
def pair(request):
    path = find_bundle(request.param)
    return keras_from_bundle(path), OnnxEngine(path)


def gradient_cam(network: keras.Model, crops: np.ndarray) -> np.ndarray:
    """Grad-CAM on the logits by automatic differentiation: float32 N×K×h×w."""
    features = network.get_layer("features").output
    stem = keras.Model(network.input, features)
    x = head_input = keras.Input(features.shape[1:])
    for name in ("embedding", "dense_1", "dense_2"):
        x = network.get_layer(name)(x)
    kernel, bias = network.get_layer("probabilities").get_weights()
    head = keras.Model(head_input, keras.ops.matmul(x, kernel) + bias)
    activations = tf.convert_to_tensor(stem(to_input(crops)))
    maps = []
    for kind in range(kernel.shape[1]):
        with tf.GradientTape() as tape:
            tape.watch(activations)
            logit = head(activations)[:, kind]
        weights = tf.reduce_mean(tape.gradient(logit, activations), (1, 2))
        maps.append(tf.nn.relu(tf.einsum("nhwc,nc->nhw", activations, weights)))
    return np.stack(maps, axis=1)


def test_heatmaps_equal_autodiff_for_every_class(pair, crops):
    network, engine = pair
    ours, theirs = engine.run(crops).heatmaps, gradient_cam(network, crops)
    assert ours.shape == theirs.shape == (len(crops), 4, 37, 37)
    for kind in range(4):
        error = np.linalg.norm(ours[:, kind] - theirs[:, kind])
        assert error <= 1e-4 * np.linalg.norm(theirs[:, kind]), FOUR_TYPES[kind]
    assert theirs.max() > 0


def test_probabilities_equal_keras(pair, crops):
    network, engine = pair
    raw = np.asarray(network(to_input(crops)))
    expected = apply_temperature(raw, engine.manifest.temperature)
    np.testing.assert_allclose(engine.run(crops).probabilities, expected, atol=1e-5)


def test_foreign_colours_are_in_the_graph(manifest, crops, tmp_path):
    rng = np.random.default_rng(5)
    mixing = rng.normal(0, 1, (COLOURS, COLOURS)).astype(np.float32)
    colours = colours_of(crops)
    home = ForeignModel(mixing, colours[:3] @ mixing + np.float32(0.01), 0.3)
    path = tmp_path / "at-home.onnx"
    scaling = SCALINGS["minus-one-to-one"]
    network = network_from_keras(separable_cnn.build())
    write_network(BundleParts(network, manifest, scaling, foreign=home), path)
    output = OnnxEngine(path).run(crops)
    assert not output.novelty.any()
    np.testing.assert_allclose(output.foreign, home.measure(colours), rtol=1e-3, atol=1e-4)
    again = take_apart(path)
    np.testing.assert_array_equal(again.foreign.known, home.known)
    assert again.foreign.scale == pytest.approx(0.3)


def test_half_precision_is_half_the_file_and_comes_back_bit_for_bit(manifest, crops, tmp_path):
    network = network_from_keras(separable_cnn.build())
    half = network.in_half_precision()
    parts = BundleParts(network, manifest, SCALINGS["minus-one-to-one"])
    paths = [tmp_path / name for name in ("whole.onnx", "half.onnx")]
    for path, kept in zip(paths, (network, half), strict=True):
        write_network(replace(parts, network=kept), path)
    assert paths[1].stat().st_size < 0.55 * paths[0].stat().st_size
    assert take_apart(paths[1]).network.weights_sha256() == half.weights_sha256()
    one, other = (OnnxEngine(path).run(crops).probabilities for path in paths)
    np.testing.assert_allclose(one, other, atol=2e-3)


def test_colours_are_quantiles_of_every_fourth_pixel(crops):
    expected = np.quantile(crops[0, ::4, ::4, 1], 0.5, method="closest_observation")
    assert colours_of(crops)[0, 7] == pytest.approx(expected / 127.5 - 1, abs=0.01)


def test_batch_equals_single(pair, crops):
    _, engine = pair
    batch = engine.run(crops)
    for index in range(len(crops)):
        single = engine.run(crops[index : index + 1])
        np.testing.assert_allclose(single.probabilities[0], batch.probabilities[index], atol=1e-5)
        np.testing.assert_allclose(single.embedding[0], batch.embedding[index], atol=1e-4)
        scale = max(float(batch.heatmaps[index].max()), 1e-9)
        np.testing.assert_allclose(
            single.heatmaps[0] / scale, batch.heatmaps[index] / scale, atol=1e-4
        )


def test_manifest_holds_the_digest_of_these_weights(pair):
    network, engine = pair
    assert engine.manifest.weights_sha256 == weights_sha256(network)
    assert engine.manifest.cell_types == FOUR_TYPES


@pytest.fixture
def manifest():
    return Manifest("test", FOUR_TYPES, PreprocessSpec(), 0.5, 1.0, "")


@pytest.fixture(scope="module")
def extreme():
    """A network that is certain whatever it sees: its logits are hundreds apart."""
    keras.utils.set_random_seed(1)
    network = separable_cnn.build()
    kernel, bias = network.get_layer("probabilities").get_weights()
    network.get_layer("probabilities").set_weights([kernel, bias + np.eye(4)[0] * 500])
    return network


def test_certainty_gives_numbers(extreme, manifest, crops, tmp_path):
    write_bundle(extreme, manifest, NoveltyModel.neutral(512), tmp_path / "certain.onnx")
    output = OnnxEngine(tmp_path / "certain.onnx").run(crops)
    assert (output.probabilities[:, 0] == 1.0).all()
    for values in (output.probabilities, output.heatmaps, output.embedding, output.novelty):
        assert np.isfinite(values).all()
    # A saturated softmax has no gradient; the logit's map is there all the same.
    assert output.heatmaps[:, 0].max() > 0


def test_dead_layers_give_zero_maps(extreme, manifest, crops, tmp_path):
    network = separable_cnn.build()
    network.set_weights([np.zeros_like(w) for w in network.get_weights()])
    write_bundle(network, manifest, NoveltyModel.neutral(512), tmp_path / "dead.onnx")
    output = OnnxEngine(tmp_path / "dead.onnx").run(crops)
    assert not output.heatmaps.any()
    np.testing.assert_allclose(output.probabilities, 0.25)


def test_temperature_and_novelty_are_in_the_graph(manifest, crops, tmp_path):
    network, path = separable_cnn.build(), tmp_path / "warm.onnx"
    rng = np.random.default_rng(5)
    known = unit(np.abs(rng.normal(size=(6, 512)))).astype(np.float32)
    novelty = NoveltyModel(known, 3, 0.2)
    write_bundle(network, replace(manifest, temperature=3.0), novelty, path)
    output = OnnxEngine(path).run(crops)
    np.testing.assert_allclose(output.novelty, novelty.measure(output.embedding), rtol=1e-4)
    assert not np.allclose(output.novelty, output.novelty[0])
    again = take_apart(path).novelty
    np.testing.assert_array_equal(again.known, known)
    assert (again.nearest, again.scale) == (3, pytest.approx(0.2))
    raw = np.asarray(network(to_input(crops)))
    np.testing.assert_allclose(output.probabilities, apply_temperature(raw, 3.0), atol=1e-5)
