"""The detector's network, from Keras into its bundle."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from scipy.special import expit

from hemavision.graph.writer import write_detector
from hemavision.keras_files.loading import network_from_keras
from hemavision.models.cell_detector import build
from hemavision.reading.finding.detector import Detector
from hemavision.reading.finding.manifest import DetectorManifest
from hemavision.records.results import CellKind

MANIFEST = DetectorManifest(
    name="untrained",
    kinds=tuple(CellKind),
    thresholds={kind.value: 0.5 for kind in CellKind},
    scale=0.5,
    red_px=45.0,
    weights_sha256="0" * 64,
)


@pytest.fixture(scope="module")
def network():
    keras.utils.set_random_seed(3)
    model = build()
    rng = np.random.default_rng(3)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            gamma, beta, mean, variance = layer.get_weights()
            noise = rng.normal(0, 0.1, (3, *gamma.shape)).astype(np.float32)
            layer.set_weights([gamma + noise[0], beta + noise[1], mean + noise[2], variance])
    # Wider than a trained one's, so that scores differ from place to place.
    kernel, bias = model.get_layer("kinds").get_weights()
    model.get_layer("kinds").set_weights([kernel * 30, bias])
    for layer in model.layers:  # as the bundle keeps them
        layer.set_weights(
            [
                w.astype(np.float16).astype(np.float32) if w.ndim > 1 else w
                for w in layer.get_weights()
            ]
        )
    return model


@pytest.fixture(scope="module")
def bundle(network, tmp_path_factory):
    path = tmp_path_factory.mktemp("detector") / "untrained.onnx"
    write_detector(network_from_keras(network).in_half_precision(), MANIFEST, path)
    return path


def test_it_is_compact(network, bundle):
    assert network.count_params() < 3_500_000
    assert bundle.stat().st_size <= 8_000_000


@pytest.mark.parametrize(("height", "width"), [(64, 64), (96, 160), (256, 320)])
def test_the_bundle_answers_as_keras_does_at_any_size(network, bundle, height, width):
    image = np.random.default_rng(5).integers(0, 256, (1, height, width, 3), dtype=np.uint8)
    answer = np.asarray(network(image.astype(np.float32) / 127.5 - 1.0))[0]
    session = Detector(bundle)._session
    scores, edges = session.run(["scores", "edges"], {"image": image})
    expected = expit(answer[..., :3])
    peaks = scores[0].transpose(1, 2, 0)
    assert peaks.shape == expected.shape
    kept = peaks > 0
    np.testing.assert_allclose(peaks[kept], expected[kept], atol=1e-4)
    padded = np.pad(expected, ((1, 1), (1, 1), (0, 0)))
    for row, column, kind in np.argwhere(kept):
        around = padded[row : row + 3, column : column + 3, kind]
        assert expected[row, column, kind] >= around.max() - 1e-4
    np.testing.assert_allclose(
        np.log(edges[0].transpose(1, 2, 0)), np.clip(answer[..., 3:], -2, 7), atol=1e-3
    )


def test_the_manifest_comes_back(bundle):
    detector = Detector(bundle)
    assert detector.manifest == MANIFEST
    assert detector.reference.name == "untrained"
