"""``hemavision convert``, every way."""

from __future__ import annotations

import h5py
import keras
import numpy as np
import pytest
from click.testing import CliRunner

import hemavision
from hemavision.cli import main
from hemavision.graph.from_bundle import network_from_bundle
from hemavision.keras_files.loading import network_from_keras, read_network
from hemavision.keras_files.rebuild import keras_model
from hemavision.keras_files.writing import write_model
from hemavision.models.architectures import ARCHITECTURES
from hemavision.reading.bundle import find_bundle
from hemavision.records.results import Status

ANSWERS = "keras-2.13.1-nested.npz"


def run(*arguments: object) -> str:
    result = CliRunner().invoke(main, ["convert", *map(str, arguments)])
    assert result.exit_code == 0, result.output
    return result.output


def fails(*arguments: object) -> str:
    result = CliRunner().invoke(main, ["convert", *map(str, arguments)])
    assert result.exit_code in (1, 2), result.output
    return result.output


@pytest.mark.parametrize("suffix", [".h5", ".keras"])
def test_what_keras_2_wrote_opens_in_plain_keras_3(files, tmp_path, suffix):
    target = tmp_path / f"out{suffix}"
    run(files / "keras-2.13.1-nested.h5", target)
    model = keras.models.load_model(target, compile=False)
    with np.load(files / ANSWERS) as answer:
        np.testing.assert_allclose(model(answer["x"], training=False), answer["y"], atol=1e-5)


def test_weights_alone_go_back_into_the_same_network(files, tmp_path):
    source = files / "keras-2.15.0-nested.keras"
    run(source, tmp_path / "out.weights.h5")
    model = keras_model(read_network(source, {}))
    before = [w.copy() for w in model.get_weights()]
    model.set_weights([np.zeros_like(w) for w in before])
    model.load_weights(tmp_path / "out.weights.h5")
    for one, other in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", ["unseen-cells", "seed"])
def test_shipped_bundle_goes_to_h5_and_back_bit_by_bit(name, tmp_path):
    source = find_bundle(name)
    run(source, tmp_path / "a.h5")
    run(tmp_path / "a.h5", tmp_path / "b.onnx", "--crop", "nucleus")
    one, other = network_from_bundle(source), network_from_bundle(tmp_path / "b.onnx")
    assert one.weights_sha256() == other.weights_sha256()
    assert [layer.name for layer in one] == [layer.name for layer in other]


def test_branches_go_to_h5_in_the_order_that_keras_counts(tmp_path):
    model = ARCHITECTURES["efficientnet_lite"](classes=8, input_px=48)
    rng = np.random.default_rng(3)
    model.set_weights([rng.uniform(0.01, 0.1, w.shape) for w in model.get_weights()])
    write_model(network_from_keras(model), tmp_path / "out.h5")
    with h5py.File(tmp_path / "out.h5") as file:
        names = [name.decode() for name in file["model_weights"].attrs["layer_names"]]
    assert [name for name in names if name != "dropout"] == [
        layer.name for layer in model.layers if layer.name != "dropout"
    ]
    again = keras.models.load_model(tmp_path / "out.h5", compile=False)
    cells = rng.uniform(-1, 1, (2, 48, 48, 3)).astype(np.float32)
    np.testing.assert_allclose(
        again(cells, training=False), model(cells, training=False), atol=1e-6
    )


def test_converted_model_answers_and_is_never_confident(files, tmp_path):
    target = tmp_path / "mine.onnx"
    text = run(files / "keras-3.15.1-sequential.keras", target, "--scaling", "zero-to-one")
    assert "whole images scaled zero-to-one" in text
    photo = np.random.default_rng(1).integers(0, 256, (240, 320, 3), dtype=np.uint8)
    prediction = hemavision.open_model(target).predict(photo)[0]
    assert set(prediction.probabilities) == {"eosinophil", "lymphocyte", "monocyte", "neutrophil"}
    assert prediction.status is Status.CHECK
    assert prediction.heatmaps.shape == (4, 7, 7)


def test_wrong_number_of_types_is_an_error_before_anything_is_written(files, tmp_path):
    target = tmp_path / "out.onnx"
    text = fails(files / "keras-3.15.1-nested.keras", target, "--types", "blast,other")
    assert "4 types apart and 2 are named" in text
    assert not target.exists()


def test_size_moves_an_open_network_to_its_images(files, tmp_path):
    run(files / "keras-3.15.1-nested.keras", tmp_path / "out.onnx", "--size", "48")
    assert network_from_bundle(tmp_path / "out.onnx").input_shape == (48, 48, 3)
    text = fails(files / "keras-3.15.1-sequential.keras", tmp_path / "no.onnx", "--size", "48")
    assert "flatten" in text.lower() or "dense" in text.lower()


def test_unknown_suffixes_say_what_there_is(files, tmp_path):
    source = files / "keras-3.15.1-nested.keras"
    assert ".weights.h5" in fails(source, tmp_path / "out.pt")
    (tmp_path / "model.pkl").write_bytes(b"\x80\x04.")
    assert ".keras" in fails(tmp_path / "model.pkl", tmp_path / "out.onnx")


def test_bundle_to_bundle_would_lose_its_calibration(tmp_path):
    text = fails(find_bundle("unseen-cells"), tmp_path / "out.onnx")
    assert "a bundle already" in text


@pytest.mark.parametrize("suffix", [".onnx", ".h5"])
def test_saved_model_folder_is_converted(files, tmp_path, suffix):
    target = tmp_path / f"out{suffix}"
    run(files / "keras-2.12.0-sequential-saved", target)
    same = read_network(files / "keras-2.12.0-sequential.h5", {})
    other = network_from_bundle(target) if suffix == ".onnx" else read_network(target, {})
    for one, two in zip(same.weights, other.weights, strict=True):
        np.testing.assert_array_equal(one, two)


def test_suffix_in_capitals_is_the_same_suffix(files, tmp_path):
    source = tmp_path / "MODEL.KERAS"
    source.write_bytes((files / "keras-2.13.1-nested.keras").read_bytes())
    run(source, tmp_path / "out.h5")
