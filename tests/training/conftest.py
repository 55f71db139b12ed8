"""A small real training set, cut once."""

from __future__ import annotations

import pytest

from hemavision.cells import FOUR_TYPES
from hemavision.training.batches import LabelledCrops
from hemavision.training.crops import cut_crops
from hemavision.training.datasets import read_kaggle


@pytest.fixture(scope="session")
def few_samples(data):
    """Four images of each type."""
    samples = read_kaggle(data / "kaggle_wbc", "TRAIN")
    return [s for t in FOUR_TYPES for s in [x for x in samples if x.cell_type == t][:4]]


@pytest.fixture(scope="session")
def few_crops(few_samples, tmp_path_factory):
    crops, kept = cut_crops(few_samples, tmp_path_factory.mktemp("cache"))
    return LabelledCrops(crops, kept, FOUR_TYPES)
