"""The network is the one that the published work describes, tensor by tensor."""

from __future__ import annotations

import numpy as np
import pytest

from hemavision.models import separable_cnn


@pytest.fixture(scope="module")
def network():
    return separable_cnn.build()


def test_has_69_weight_tensors_and_2713668_parameters(network):
    assert len(network.get_weights()) == 69
    assert network.count_params() == 2_713_668


def test_takes_224_px_and_gives_four_probabilities(network):
    assert network.input_shape == (None, 224, 224, 3)
    answer = network(np.zeros((2, 224, 224, 3), np.float32))
    np.testing.assert_allclose(np.sum(answer, axis=1), 1.0, atol=1e-6)
    assert answer.shape == (2, 4)


def test_layers_are_those_of_the_issue(network):
    kinds = [type(layer).__name__ for layer in network.layers]
    block = ["SeparableConv2D", "BatchNormalization"]
    assert kinds == [
        "InputLayer",
        *block * 5,
        "MaxPooling2D",
        *block * 4,
        "GlobalAveragePooling2D",
        *["Dense", "Dropout"] * 2,
        "Dense",
    ]
