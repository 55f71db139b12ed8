"""A network begins with what ImageNet taught: every layer but its last, from the package's file."""

from __future__ import annotations

import importlib.metadata
import re

import keras
import numpy as np
import pytest

from hemavision.errors import TrainingError
from hemavision.keras_files.torch_tensors import read_tensors
from hemavision.models.architectures import ARCHITECTURES
from hemavision.records.cells import EIGHT_TYPES
from hemavision.training import fit, imagenet
from hemavision.training.batches import LabelledCrops
from hemavision.training.imagenet import imagenet_origin, take_imagenet
from hemavision.training.recipes import RECIPES


@pytest.fixture(scope="module", params=sorted(imagenet.PACKAGES))
def taught(request):
    keras.utils.set_random_seed(1)
    model = ARCHITECTURES[request.param](8, 64)
    before = {layer.name: layer.get_weights() for layer in model.layers}
    take_imagenet(model, request.param)
    return model, before


def test_every_layer_but_the_last_is_taken(taught):
    model, before = taught
    for layer in model.layers:
        for old, new in zip(before[layer.name], layer.get_weights(), strict=True):
            assert np.array_equal(old, new) == (layer.name == "probabilities"), layer.name


def test_it_sees_what_the_file_s_own_layers_see(taught):
    # The stem by hand: padded as TensorFlow pads, it takes the pixel to the right and below.
    model, _ = taught
    tensors = read_tensors(imagenet._file(model.name))
    image = np.random.default_rng(2).uniform(-1, 1, (1, 64, 64, 3)).astype(np.float32)
    seen = keras.Model(model.input, model.get_layer("stem_relu").output)(image)[0]
    place = image[0, 20:23, 30:33]
    raw = np.einsum("hwc,ochw->o", place, tensors["_conv_stem.weight"])
    scale, shift, mean, variance = (
        tensors[f"_bn0.{part}"] for part in ("weight", "bias", "running_mean", "running_var")
    )
    expected = np.clip((raw - mean) / np.sqrt(variance + 1e-3) * scale + shift, 0, 6)
    assert np.allclose(seen[10, 15], expected, atol=1e-4)


def test_photographs_of_one_kind_look_alike_to_it(taught):
    # Features that mean something: an image turned upside down is nearer than another's colours.
    model, _ = taught
    embed = keras.Model(model.input, model.get_layer("embedding").output)
    rng = np.random.default_rng(3)
    stripes = np.tile(np.sign(np.sin(np.arange(64) / 3))[:, None, None], (1, 64, 3))
    images = np.stack([stripes, stripes[::-1], rng.uniform(-1, 1, (64, 64, 3))])
    a, b, c = np.asarray(embed(images.astype(np.float32)))
    assert np.linalg.norm(a - b) < np.linalg.norm(a - c) / 2


def test_a_run_of_the_recipe_begins_with_it(few_crops):
    recipe = RECIPES["eight-types"]
    model = ARCHITECTURES[recipe.network](8, 64)
    take_imagenet(model, recipe.network)
    cells = LabelledCrops(few_crops.crops, few_crops.samples, EIGHT_TYPES)
    begun = fit._new_model(recipe, cells, {}, fit.Start(seed=1))
    for name in ("stem_convolution", "block_7_depthwise_norm", "head_convolution"):
        for given, own in zip(
            model.get_layer(name).get_weights(), begun.get_layer(name).get_weights(), strict=True
        ):
            assert np.array_equal(given, own), name


@pytest.mark.parametrize("network", sorted(imagenet.PACKAGES))
def test_the_record_says_where_it_comes_from(network):
    origin = imagenet_origin(network)
    package, content = imagenet.PACKAGES[network]
    assert origin["package"].startswith(package)
    assert (origin["licence"], origin["sha256"]) == ("Apache-2.0", content)
    assert re.fullmatch(r"[0-9a-f]{64}", origin["sha256"])


def test_another_file_or_none_is_refused(monkeypatch):
    network = RECIPES["eight-types"].network
    model = ARCHITECTURES[network](8, 64)
    package, _ = imagenet.PACKAGES[network]
    monkeypatch.setitem(imagenet.PACKAGES, network, (package, "0" * 64))
    with pytest.raises(TrainingError, match=r"\.pth of .* has the SHA-256 [0-9a-f]{64}"):
        take_imagenet(model, network)

    def missing(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "files", missing)
    with pytest.raises(TrainingError, match=r"hemavision\[train\]"):
        take_imagenet(model, network)
