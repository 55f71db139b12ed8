"""Joined networks answer with the mean of what each says to its own view."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from hemavision.errors import BundleError
from hemavision.graph.from_bundle import take_apart
from hemavision.graph.gradcam import Attribute
from hemavision.graph.joining import join, join_attributes, one_of
from hemavision.graph.network import Network
from hemavision.graph.writer import SCALINGS, BundleParts, write_network
from hemavision.keras_files.loading import network_from_keras
from hemavision.models import efficientnet_lite
from hemavision.reading.bundle import Manifest
from hemavision.reading.engine import EngineOutput, OnnxEngine
from hemavision.reading.preprocess import PreprocessSpec

TYPES = ("monocyte", "basophil", "lymphocyte")


def small(seed: int) -> BundleParts:
    """A toy of the shipped network, as a run of that seed might have left it."""
    keras.utils.set_random_seed(seed)
    rng = np.random.default_rng(seed)
    network = network_from_keras(efficientnet_lite.build(classes=len(TYPES), input_px=64))
    channels = network.output.weights[0].shape[0]
    shades = rng.normal(0, 1, (channels, 2)).astype(np.float32)
    return BundleParts(
        network,
        Manifest("toy", TYPES, PreprocessSpec(size_px=64), 0.9, 1.0, ""),
        SCALINGS["minus-one-to-one"],
        attributes=(Attribute("shade", ("pale", "deep"), shades, np.zeros(2, np.float32)),),
    )


@pytest.fixture(scope="module")
def both() -> Iterator[tuple[BundleParts, BundleParts]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(efficientnet_lite, "STAGES", ((1, 3, 1, 1, 4), (1, 3, 2, 2, 4)))
        patch.setattr(efficientnet_lite, "STEM", 4)
        patch.setattr(efficientnet_lite, "HEAD", 16)
        yield small(1), small(2)


def answered(parts: BundleParts, file: Path, crops: np.ndarray) -> EngineOutput:
    write_network(parts, file)
    return OnnxEngine(file).run(crops)


def test_the_answer_is_the_mean_of_the_logits_and_maps_are_laid_back(
    both: tuple[BundleParts, BundleParts], tmp_path: Path
) -> None:
    one, other = both
    side = one.manifest.preprocess.size_px
    crops = np.random.default_rng(4).integers(0, 256, (3, side, side, 3), dtype=np.uint8)
    joined = replace(
        one,
        network=join([one.network, other.network]),
        attributes=join_attributes([one.attributes, other.attributes]),
    )
    output = answered(joined, tmp_path / "joined.onnx", crops)
    first = answered(one, tmp_path / "one.onnx", crops)
    second = answered(other, tmp_path / "other.onnx", crops.transpose(0, 2, 1, 3).copy())
    expected = np.sqrt(first.probabilities * second.probabilities)
    expected /= expected.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(output.probabilities, expected, atol=1e-6)
    assert np.abs(first.probabilities - second.probabilities).max() > 0.001
    embeddings = [first.embedding, second.embedding]
    np.testing.assert_allclose(output.embedding, np.concatenate(embeddings, axis=1), rtol=1e-4)
    # What is drawn is the positive part of the mean; where both are positive, it is the mean.
    laid_back = second.heatmaps.swapaxes(2, 3)
    positive = (first.heatmaps > 0) & (laid_back > 0)
    assert positive.any()
    mean = (first.heatmaps + laid_back) / 2
    np.testing.assert_allclose(output.heatmaps[positive], mean[positive], rtol=1e-3, atol=1e-6)
    for name in first.morphology:
        expected = np.sqrt(first.morphology[name] * second.morphology[name])
        expected /= expected.sum(axis=1, keepdims=True)
        np.testing.assert_allclose(output.morphology[name], expected, atol=1e-5)


def test_joined_networks_come_apart_as_they_were(
    both: tuple[BundleParts, BundleParts], tmp_path: Path
) -> None:
    joined = replace(
        both[0],
        network=join([parts.network for parts in both]),
        manifest=replace(both[0].manifest, networks=2, morphology={"shade": ("pale", "deep")}),
        attributes=join_attributes([parts.attributes for parts in both]),
    )
    write_network(joined, tmp_path / "joined.onnx")
    for number, parts in enumerate(both):
        apart = one_of(take_apart(tmp_path / "joined.onnx"), number)
        assert apart.manifest.networks == 1
        for layer, known in zip(apart.network, parts.network, strict=True):
            assert (layer.kind, layer.name, layer.inputs) == (known.kind, known.name, known.inputs)
            for array, same in zip(layer.weights[:1], known.weights[:1], strict=True):
                np.testing.assert_allclose(array, same, rtol=2e-3, atol=1e-4)
        (shade,), (known_shade,) = apart.attributes, parts.attributes
        np.testing.assert_allclose(shade.kernel, known_shade.kernel, rtol=2e-3, atol=1e-4)


def test_one_alone_stays_as_it_is(both: tuple[BundleParts, BundleParts]) -> None:
    parts = both[0]
    assert one_of(parts, 1) is parts
    assert join([parts.network]) is parts.network
    ((alone,), (known,)) = join_attributes([parts.attributes]), parts.attributes
    assert (alone.kernel == known.kernel).all()


def test_networks_of_another_form_are_refused(both: tuple[BundleParts, BundleParts]) -> None:
    network = both[0].network
    smaller = network.with_input(96, 96)
    headless = Network("headless", network.layers[:-1])
    for other in (smaller, headless):
        with pytest.raises(BundleError, match=r"cannot be joined with .*one pooling, dropout"):
            join([network, other])
