"""A Keras file stands where a bundle is asked for."""

from __future__ import annotations

import json

import click
import keras
import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

import hemavision
from hemavision.cli import main
from hemavision.cli.models import BEST, model_beside
from hemavision.cli.serve import _app
from hemavision.keras_files.convert import Conversion, as_bundle, convert_model
from hemavision.reading.bundle import find_bundle


@pytest.fixture
def keras_file(tmp_path, monkeypatch):
    """The shipped network as a notebook would have left it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = tmp_path / "best_model.h5"
    convert_model(find_bundle("unseen-cells"), path, Conversion())
    return path


def test_classify_takes_it_and_keeps_the_conversion(keras_file, tmp_path):
    photo = tmp_path / "cell.png"
    pixels = np.random.default_rng(1).integers(0, 256, (240, 320, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(photo)
    command = ["classify", str(photo), "--json", "--model", str(keras_file)]
    first = CliRunner().invoke(main, command)
    assert first.exit_code == 0, first.output
    answer = json.loads(first.stdout)
    assert answer["status"] in ("check", "unfamiliar")
    (bundle,) = (tmp_path / "cache").rglob("best_model.onnx")
    made = bundle.stat().st_mtime_ns
    second = json.loads(CliRunner().invoke(main, command).stdout)
    assert second["probabilities"] == answer["probabilities"]
    assert bundle.stat().st_mtime_ns == made


def test_it_is_converted_anew_when_the_converter_has_changed(keras_file, tmp_path, monkeypatch):
    first = as_bundle(keras_file)
    assert as_bundle(keras_file) == first
    monkeypatch.setattr(hemavision, "__version__", "another")
    second = as_bundle(keras_file)
    assert second != first
    assert len(list((tmp_path / "cache").rglob("*.onnx"))) == 2


def test_what_is_taken_for_granted_is_said(keras_file, tmp_path):
    Image.new("RGB", (64, 64), "pink").save(tmp_path / "cell.png")
    command = ["classify", str(tmp_path / "cell.png"), "--model", str(keras_file)]
    said = CliRunner().invoke(main, command).stderr
    assert "taken to tell eosinophil, lymphocyte, monocyte, neutrophil (in this order)" in said


def test_another_classifier_is_told_how_to_name_its_types(tmp_path):
    path = tmp_path / "mine.h5"
    pixels = keras.Input((None, None, 3))
    pooled = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(4, 3)(pixels))
    keras.Model(pixels, keras.layers.Dense(5, activation="softmax")(pooled)).save(path)
    result = CliRunner().invoke(main, ["classify", "x.png", "--model", str(path)])
    assert result.exit_code == 2
    words = " ".join(result.output.split())
    assert "tells 5 types apart, without their names and leaves open how large its input" in words
    assert "mine.onnx --types A,B,… --size 224; then --model mine.onnx" in words


def test_file_that_is_no_model_is_wrong_usage(tmp_path):
    (tmp_path / "broken.keras").write_bytes(b"not a zip")
    result = CliRunner().invoke(
        main, ["classify", "x.png", "--model", str(tmp_path / "broken.keras")]
    )
    assert result.exit_code == 2
    assert "not a sound .keras file" in result.output


def test_best_model_beside_is_found(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert model_beside() is None
    (tmp_path / BEST).write_bytes(b"x")
    assert model_beside() == BEST


def test_an_explicit_word_goes_before_best_model_beside(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / BEST).write_bytes(b"no model")
    monkeypatch.delenv("HEMAVISION_MODEL", raising=False)
    with pytest.raises(click.UsageError, match=f"{BEST} is not a sound"):
        _app("127.0.0.1", None, False)
    with pytest.raises(click.UsageError, match=r"another\.onnx"):
        _app("127.0.0.1", "another.onnx", False)
    for word in ("another.onnx", "another.keras"):
        monkeypatch.setenv("HEMAVISION_MODEL", word)
        with pytest.raises(click.UsageError, match=word):
            _app("127.0.0.1", None, False)
