"""What a graph and its training leave in a file: operators on pixels, losses of one's own."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest

from hemavision.errors import BundleError
from hemavision.graph.writer import written_whole
from hemavision.keras_files.convert import Conversion, convert_model, read_model, usual_scaling
from hemavision.keras_files.loading import read_network
from hemavision.keras_files.rebuild import keras_model
from hemavision.reading.bundle import find_bundle
from hemavision.reading.engine import OnnxEngine

pytestmark = pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
SUFFIXES = (".keras", ".h5")


@keras.saving.register_keras_serializable("mine")
def own_loss(truth, answer):
    return keras.ops.mean(keras.ops.square(truth - answer))


def unregistered_loss(truth, answer):
    return own_loss(truth, answer)


@keras.saving.register_keras_serializable("mine")
class OwnLoss(keras.losses.Loss):
    def call(self, y_true, y_pred):
        return own_loss(y_true, y_pred)


def build(prepare=None) -> keras.Model:
    pixels = keras.Input((32, 32, 3))
    x = prepare(pixels) if prepare else pixels
    x = keras.layers.Conv2D(4, 3, activation="relu")(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(pixels, keras.layers.Dense(4, activation="softmax")(x))


def photos(scale: float = 1.0) -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (2, 32, 32, 3)).astype(np.float32) * scale


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("loss", [own_loss, OwnLoss(), unregistered_loss])
def test_a_loss_of_ones_own_does_not_matter(tmp_path, loss, suffix):
    model = build()
    model.compile("adam", loss, metrics=[own_loss])
    model.save(tmp_path / f"model{suffix}")
    network = read_network(tmp_path / f"model{suffix}", {})
    ours = keras_model(network)(photos(1 / 255), training=False)
    np.testing.assert_allclose(ours, model(photos(1 / 255), training=False), atol=1e-6)


PREPARED = {
    "mobilenet": keras.applications.mobilenet_v2.preprocess_input,
    "torch": keras.applications.densenet.preprocess_input,
    "divided": lambda x: x / 255.0,
    "moved and divided": lambda x: (x - 127.5) / 127.5,
    "turned round": lambda x: 1 - x * (1 / 255.0),
}


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("how", PREPARED)
def test_a_scaling_in_the_graph_is_understood(tmp_path, how, suffix):
    model = build(PREPARED[how])
    path = tmp_path / f"model{suffix}"
    model.save(path)
    network = read_network(path, {})
    expected = model(photos(), training=False)
    np.testing.assert_allclose(keras_model(network)(photos(), training=False), expected, atol=1e-5)
    assert usual_scaling(network) == "none"
    convert_model(path, tmp_path / "model.onnx", Conversion())
    answer = OnnxEngine(tmp_path / "model.onnx").run(photos().astype(np.uint8))
    np.testing.assert_allclose(answer.probabilities, expected, atol=1e-4)
    # And on to Keras and back again.
    convert_model(path, tmp_path / "again.keras", Conversion())
    np.testing.assert_allclose(
        keras_model(read_model(tmp_path / "again.keras"))(photos(), training=False),
        expected,
        atol=1e-5,
    )


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize(
    "prepare",
    [
        keras.applications.resnet.preprocess_input,  # turns the colours round
        lambda x: x[..., ::-1],
        lambda x: 1 / (x + 1),
        keras.ops.sqrt,
        lambda x: x / np.ones((32, 1, 3), np.float32),
        lambda x: x / keras.ops.max(x),
    ],
)
def test_any_other_operator_is_refused_with_the_way_out(tmp_path, prepare, suffix):
    path = tmp_path / f"model{suffix}"
    build(prepare).save(path)
    with pytest.raises(BundleError, match=r"does not know.*Rescaling\(1 / 127"):
        read_network(path, {})


def test_what_is_scaled_to_begin_with_is_not_scaled_twice():
    assert usual_scaling(read_model(find_bundle("unseen-cells"))) == "minus-one-to-one"


def test_two_writers_of_one_file_do_not_meet(tmp_path):
    target = tmp_path / "model.onnx"

    def write(number: int) -> None:
        with written_whole(target) as part:
            part.write_bytes(bytes([number]) * 10_000)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(40)))
    assert len(set(target.read_bytes())) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]
    with written_whole(target) as one, written_whole(target) as other:
        assert one != other
        one.write_bytes(b"1")
        other.write_bytes(b"2")

    def fail() -> None:
        with written_whole(target) as part:
            part.write_bytes(b"3")
            raise OSError("full")

    with pytest.raises(OSError, match="full"):
        fail()
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]
    assert target.read_bytes() == b"1"
