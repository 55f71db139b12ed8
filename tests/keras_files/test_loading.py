"""What any Keras wrote is read as it was, without Keras."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from keras_files.conftest import FILES, VERSIONS

from hemavision.errors import BundleError
from hemavision.graph.shapes import shapes_of
from hemavision.keras_files.convert import CONFIG
from hemavision.keras_files.loading import network_from_keras, read_network
from hemavision.keras_files.rebuild import keras_model
from hemavision.models import separable_cnn

KINDS = ("nested", "sequential")
SUFFIXES = (".keras", ".h5", ".weights.h5")


def config_in(version: str, kind: str) -> dict:
    """The configuration that goes with a file of weights alone."""
    with zipfile.ZipFile(FILES / f"keras-{version}-{kind}.keras") as archive:
        return json.loads(archive.read("config.json"))


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("version", VERSIONS)
def test_gives_the_probabilities_that_its_own_keras_gave(version, kind, suffix):
    path = FILES / f"keras-{version}-{kind}{suffix}"
    network = read_network(path, config_in(version, kind))
    with np.load(FILES / f"keras-{version}-{kind}.npz") as answer:
        ours = keras_model(network)(answer["x"], training=False)
        np.testing.assert_allclose(ours, answer["y"], atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_hdf5_under_the_name_keras_is_what_keras_2_12_wrote(kind):
    path = FILES / f"keras-2.12.0-{kind}-hdf5.keras"
    assert not zipfile.is_zipfile(path)
    told = read_network(FILES / f"keras-2.12.0-{kind}.keras", {})
    for one, other in zip(read_network(path, {}).weights, told.weights, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("kind", KINDS)
def test_saved_model_is_read_by_its_names(kind):
    network = read_network(FILES / f"keras-2.12.0-{kind}-saved", {})
    with np.load(FILES / f"keras-2.12.0-{kind}.npz") as answer:
        ours = keras_model(network)(answer["x"], training=False)
        np.testing.assert_allclose(ours, answer["y"], atol=1e-5)


def test_saved_model_without_configuration_is_taken_as_the_first_network(tmp_path):
    model = separable_cnn.build()
    model.export(tmp_path / "exported", verbose=False)
    network = read_network(tmp_path / "exported", CONFIG)
    for ours, theirs in zip(network.weights, model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_saved_model_of_another_network_names_the_difference(tmp_path):
    shutil.copytree(FILES / "keras-2.12.0-nested-saved", tmp_path / "saved")
    (tmp_path / "saved" / "keras_metadata.pb").unlink()
    with pytest.raises(BundleError, match="Is it a file of this network"):
        read_network(tmp_path / "saved", CONFIG)


def test_saved_model_with_damaged_variables_is_refused(tmp_path):
    shutil.copytree(FILES / "keras-2.12.0-nested-saved", tmp_path / "saved")
    index = tmp_path / "saved" / "variables" / "variables.index"
    index.write_bytes(index.read_bytes()[:100])
    with pytest.raises(BundleError, match="cannot be read"):
        read_network(tmp_path / "saved", CONFIG)


def test_lambda_in_a_saved_models_configuration_is_refused(tmp_path):
    shutil.copytree(FILES / "keras-2.12.0-nested-saved", tmp_path / "saved")
    metadata = tmp_path / "saved" / "keras_metadata.pb"
    metadata.write_bytes(metadata.read_bytes().replace(b'"MaxPooling2D"', b'"Lambda"      '))
    with pytest.raises(BundleError, match="Lambda"):
        read_network(tmp_path / "saved", CONFIG)


def test_inner_models_are_laid_open_and_augmentation_left_out(files):
    network = read_network(files / "keras-2.13.1-nested.h5", {})
    kinds = [layer.kind for layer in network]
    assert "RandomFlip" not in kinds
    assert kinds.count("InputLayer") == 1
    assert {"stem_conv2d", "body_separable_conv2d"} <= {layer.name for layer in network}
    assert shapes_of(network)[network.output.name] == (4,)


def test_first_networks_configuration_is_the_one_that_keras_builds():
    built = network_from_keras(separable_cnn.build())
    plain = {"class_name": CONFIG["class_name"], "config": CONFIG["config"]}
    from hemavision.graph.architecture import plan_of

    planned = plan_of(plain, "here")
    assert [(p.kind, p.name, p.options) for p in planned.layers] == [
        (layer.kind, layer.name, layer.options) for layer in built
    ]


def test_weights_alone_of_the_first_network_need_no_configuration(tmp_path):
    model = separable_cnn.build()
    model.save_weights(tmp_path / "a.weights.h5")
    network = read_network(tmp_path / "a.weights.h5", CONFIG)
    for ours, theirs in zip(network.weights, model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_weights_of_another_network_name_the_difference(files):
    with pytest.raises(BundleError, match="Is it a file of this network"):
        read_network(files / "keras-3.15.1-nested.weights.h5", CONFIG)


def test_reads_and_converts_without_keras(files, tmp_path):
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from hemavision.keras_files.convert import Conversion, convert_model\n"
        "source, folder = Path(sys.argv[1]), Path(sys.argv[2])\n"
        "for suffix in ('.onnx', '.h5'):\n"
        "    convert_model(source, folder / f'out{suffix}', Conversion())\n"
        "loaded = {'keras', 'tensorflow', 'jax', 'torch'} & set(sys.modules)\n"
        "assert not loaded, loaded\n"
    )
    source = files / "keras-2.15.0-nested.keras"
    done = subprocess.run(
        [sys.executable, "-c", code, str(source), str(tmp_path)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out.onnx").is_file()
    assert (tmp_path / "out.h5").is_file()
