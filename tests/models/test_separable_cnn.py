"""The network is the one that the published work describes, tensor by tensor."""

from __future__ import annotations

import os
import subprocess
import sys

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


def test_open_input_has_the_same_weights(network):
    shapes = [w.shape for w in network.get_weights()]
    assert [w.shape for w in separable_cnn.build(input_px=None).get_weights()] == shapes


def test_builds_and_learns_a_step_on_jax():
    code = (
        "import numpy as np; from hemavision.models import separable_cnn as s\n"
        "m = s.build(input_px=None); m.compile('sgd', 'categorical_crossentropy')\n"
        "x = np.random.rand(2, 48, 48, 3).astype('float32'); y = np.eye(4)[[0, 1]]\n"
        "a = m.get_weights()[0].copy(); loss = float(m.train_on_batch(x, y))\n"
        "assert np.isfinite(loss) and not np.array_equal(a, m.get_weights()[0])\n"
        "import sys; assert 'tensorflow' not in sys.modules, 'TensorFlow was loaded'\n"
    )
    environment = os.environ | {"KERAS_BACKEND": "jax"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
