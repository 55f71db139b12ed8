"""A small real training set, cut once, and the networks that it is shown to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import tensorflow as tf

from hemavision.datasets.crops import cut_crops
from hemavision.datasets.samples import read_kaggle
from hemavision.models import cell_detector, efficientnet_lite, separable_cnn
from hemavision.records.cells import FOUR_TYPES
from hemavision.training.batches import LabelledCrops
from hemavision.training.detector import fit as detector_fit


@pytest.fixture(scope="session")
def few_samples(data):
    """Four images of each type."""
    samples = read_kaggle(data / "kaggle_wbc", "TRAIN")
    return [s for t in FOUR_TYPES for s in [x for x in samples if x.cell_type == t][:4]]


@pytest.fixture(scope="session")
def few_crops(few_samples, tmp_path_factory):
    crops, kept = cut_crops(few_samples, tmp_path_factory.mktemp("cache"))
    return LabelledCrops(crops, kept, FOUR_TYPES)


@pytest.fixture(scope="module")
def eagerly() -> Iterator[None]:
    """Run step by step: to compile a network costs more than the few steps of these runs."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


@pytest.fixture(scope="module", params=["toy", pytest.param("shipped", marks=pytest.mark.long)])
def network(request: pytest.FixtureRequest) -> Iterator[str]:
    """What a run's logic is tried on: toys of the architectures, or themselves, compiled.

    A toy has the layers' kinds and names, but few of them and few channels.
    """
    if request.param == "shipped":
        yield request.param
        return
    request.getfixturevalue("eagerly")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(separable_cnn, "BLOCKS", ((8, 3, 3), (8, 3, 1)))
        patch.setattr(separable_cnn, "POOL_AFTER", 1)
        patch.setattr(separable_cnn, "HIDDEN_UNITS", 16)
        few = dict.fromkeys(efficientnet_lite.STAGES, ((1, 3, 1, 1, 4), (2, 3, 2, 2, 4)))
        patch.setattr(efficientnet_lite, "STAGES", few)
        patch.setattr(efficientnet_lite, "STEM", 4)
        patch.setattr(cell_detector, "LEVELS", (1,))
        patch.setattr(cell_detector, "PYRAMID", 4)
        # ImageNet taught a larger one.
        patch.setattr(detector_fit, "take_imagenet", lambda *_: None)
        yield request.param
