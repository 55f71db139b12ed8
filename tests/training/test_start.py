"""Where a run begins: a bundle's weights, or another run's, in the architectures as they are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hemavision.errors import BundleError
from hemavision.keras_files.rebuild import keras_from_bundle
from hemavision.models import efficientnet_lite, separable_cnn
from hemavision.reading.bundle import find_bundle
from hemavision.training.fit import Start, fit, take_weights
from hemavision.training.recipes import Phase, Recipe

STILL = Recipe(
    name="still", phases=(Phase(32, 1, 1),), batch_size=2, learning_rate=0.0, settling_steps=1
)

pytestmark = pytest.mark.usefixtures("eagerly")


def test_starts_from_a_shipped_bundle(few_crops, tmp_path):
    bundle = find_bundle("unseen-cells")
    four = replace(few_crops, crops=few_crops.crops[::4], samples=few_crops.samples[::4])
    ended = separable_cnn.build(input_px=None)
    ended.load_weights(fit(STILL, four, four, tmp_path, start=Start(3, bundle)))
    given = keras_from_bundle(bundle).get_weights()[:3]
    for one, other in zip(ended.get_weights()[:3], given, strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-3, atol=2e-4)


def test_a_branching_network_starts_from_its_weights_and_not_from_another_s(few_crops, tmp_path):
    kinds = len(few_crops.cell_types)
    begun = tmp_path / "begun.weights.h5"
    efficientnet_lite.build(kinds).save_weights(begun)
    core = efficientnet_lite.build(kinds)
    take_weights(begun, core)
    again = efficientnet_lite.build(kinds)
    again.load_weights(begun)
    for one, other in zip(core.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    with pytest.raises(BundleError, match="another network"):
        take_weights(find_bundle("unseen-cells"), core)
