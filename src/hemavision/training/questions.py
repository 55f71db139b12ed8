"""Further questions about a cell, asked in training alone: its looks, its type among eight.

A network that must also say how a nucleus is lobed and what colour the granules are learns
them as such, and not only as what tells four types apart on the training images. The
questions hang on the embedding; what serves is the network without them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import keras
import numpy as np
from keras import layers

from hemavision.training.datasets import Sample

#: The output that serves.
ANSWER = "probabilities"
#: Each question's possible answers, in the order of its output.
Questions = Mapping[str, tuple[str, ...]]


def questions_in(samples: Sequence[Sample]) -> Questions:
    """Return the questions that any of the samples answers, with all answers given."""
    found: dict[str, set[str]] = {}
    for sample in samples:
        for name, value in sample.answers.items():
            found.setdefault(name, set()).add(value)
    return {name: tuple(sorted(values)) for name, values in sorted(found.items())}


def targets_of(
    samples: Sequence[Sample], cell_types: tuple[str, ...], questions: Questions
) -> dict[str, np.ndarray]:
    """Return, for each output, float32 N×K: one at the true answer, zeros where none is known."""
    given = {ANSWER: (cell_types, [sample.cell_type for sample in samples])}
    for name, values in questions.items():
        given[name] = (values, [sample.answers.get(name, "") for sample in samples])
    return {
        name: np.array([[a == value for value in values] for a in answers], np.float32)
        for name, (values, answers) in given.items()
    }


def asking(model: keras.Model, questions: Questions) -> keras.Model:
    """Return ``model`` with a softmax for each question on its ``embedding``, uncompiled.

    Args:
        model: with layers ``embedding`` (N×D) and ``probabilities``.
        questions: by name, their answers.

    Returns:
        A model with a dictionary of outputs by question, beside them ``probabilities``.
    """
    embedding = model.get_layer("embedding").output
    outputs = {ANSWER: model.output}
    for name, values in questions.items():
        head = layers.Dense(len(values), activation="softmax", dtype="float32", name=name)
        outputs[name] = head(embedding)
    return keras.Model(model.input, outputs, name="asking")


def answering(model: keras.Model) -> keras.Model:
    """Return the network that serves out of an :func:`asking` one; the layers are shared."""
    core = keras.Model(model.input, model.get_layer(ANSWER).output, name="separable_cnn")
    core.compile(loss="categorical_crossentropy", metrics=["accuracy"])
    return core
