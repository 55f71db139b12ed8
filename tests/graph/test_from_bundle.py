"""The Keras network read back from a bundle answers as the bundle does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hemavision.errors import BundleError
from hemavision.images.opening import open_image
from hemavision.keras_files.rebuild import keras_from_bundle
from hemavision.reading.bundle import find_bundle, shipped_bundles
from hemavision.reading.engine import OnnxEngine
from hemavision.reading.finding import locate_cell
from hemavision.reading.preprocess import crop_and_resize
from hemavision.training.export import weights_sha256


@pytest.mark.parametrize("name", [path.stem for path in shipped_bundles()])
def test_probabilities_are_the_bundle_s_on_real_images(data: Path, name: str) -> None:
    path = find_bundle(name)
    engine = OnnxEngine(path)
    crops = np.stack([_crop(p, engine.manifest.preprocess.size_px) for p in _images(data)])
    output = engine.run(crops)
    expected = output.probabilities
    uncalibrated = np.asarray(
        keras_from_bundle(path)(crops / np.float32(127.5) - 1, training=False)
    )
    calibrated = uncalibrated.astype(np.float64) ** (1 / engine.manifest.temperature)
    calibrated /= calibrated.sum(axis=1, keepdims=True)
    assert np.abs(calibrated - expected).max() < 1e-5
    # Not one answer for all: the comparison would then say nothing about the images.
    assert np.ptp(expected, axis=0).max() > 0.01


@pytest.mark.parametrize("name", [path.stem for path in shipped_bundles()])
def test_weights_are_the_trained_ones_bit_for_bit(name: str) -> None:
    path = find_bundle(name)
    assert weights_sha256(keras_from_bundle(path)) == OnnxEngine(path).manifest.weights_sha256


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "text.onnx"
    path.write_text("not a model")
    with pytest.raises(BundleError, match=r"text\.onnx"):
        keras_from_bundle(path)


def _images(data: Path) -> list[Path]:
    folders = sorted((data / "kaggle_wbc" / "TEST").iterdir())
    return [path for folder in folders if folder.is_dir() for path in sorted(folder.iterdir())[:1]]


def _crop(path: Path, size_px: int) -> np.ndarray:
    rgb = open_image(path).rgb
    return crop_and_resize(rgb, locate_cell(rgb), size_px)
