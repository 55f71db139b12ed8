"""What is fitted when a run becomes a bundle."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.special import softmax

from hemavision.datasets.samples import Sample
from hemavision.graph.gradcam import Attribute
from hemavision.training.finish import calibrate_attributes, looks_of_types


def sample(cell_type: str, **answers: str) -> Sample:
    return Sample(Path("x.jpg"), cell_type, "x", "pbc", answers=answers)


def attribute(kernel: np.ndarray) -> Attribute:
    return Attribute("granule_colour", ("pink", "red"), kernel, np.zeros(2, np.float32))


def test_looks_are_shares_of_the_types_whose_looks_are_known():
    samples = [sample("neutrophil", granule_colour="pink")] * 3
    samples += [sample("neutrophil", granule_colour="red"), sample("platelet", label="platelet")]
    looks = looks_of_types(samples, (attribute(np.zeros((1, 2))),))
    assert looks == {"neutrophil": {"granule_colour": {"pink": 0.75, "red": 0.25}}}


def test_attributes_are_as_sure_as_they_are_right():
    rng = np.random.default_rng(0)
    embeddings = rng.normal(size=(4000, 1)).astype(np.float32)
    # The truth follows a slope of 2; the classifier claims 8.
    chance = softmax(np.concatenate([embeddings * 0, embeddings * 2], axis=1), axis=1)[:, 1]
    red = rng.random(4000) < chance
    samples = [sample("neutrophil", granule_colour="red" if r else "pink") for r in red]
    kernel = np.array([[0.0, 8.0]], np.float32)
    (calibrated,) = calibrate_attributes((attribute(kernel),), embeddings, samples)
    assert calibrated.kernel[0, 1] == pytest.approx(2.0, rel=0.1)


def test_an_attribute_that_no_image_answers_stays_as_it_is():
    (same,) = calibrate_attributes(
        (attribute(np.ones((1, 2), np.float32)),), np.ones((1, 1)), [sample("platelet")]
    )
    np.testing.assert_array_equal(same.kernel, np.ones((1, 2)))
