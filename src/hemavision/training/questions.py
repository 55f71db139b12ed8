"""Further questions about a cell: its looks, its type among eight.

A network that must also say how a nucleus is lobed and what colour the granules are learns
them as such, and not only as what tells the types apart on the training images. The
questions hang on the embedding. The first network serves without them; where a recipe says
so, the answers about looks become the bundle's morphology.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import keras
import numpy as np
from keras import layers

from hemavision.datasets.samples import ATTRIBUTES, Sample
from hemavision.graph.gradcam import Attribute

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
    return keras.Model(model.input, outputs, name=model.name)


def save_attributes(model: keras.Model, questions: Questions, path: Path) -> None:
    """Write the answers about looks of an :func:`asking` network to the ``.npz`` file ``path``."""
    arrays: dict[str, np.ndarray] = {}
    for name in ATTRIBUTES:
        if name in questions:
            kernel, bias = model.get_layer(name).get_weights()
            arrays |= {f"{name}/kernel": kernel, f"{name}/bias": bias}
            arrays[f"{name}/values"] = np.array(questions[name])
    np.savez(path, allow_pickle=False, **arrays)


def load_attributes(path: Path) -> tuple[Attribute, ...]:
    """Return what :func:`save_attributes` wrote; nothing where there is no such file."""
    if not path.exists():
        return ()
    with np.load(path) as arrays:
        return tuple(
            Attribute(
                name,
                tuple(map(str, arrays[f"{name}/values"])),
                arrays[f"{name}/kernel"],
                arrays[f"{name}/bias"],
            )
            for name in ATTRIBUTES
            if f"{name}/kernel" in arrays
        )


def answering(model: keras.Model) -> keras.Model:
    """Return the network that names types out of an :func:`asking` one; layers are shared."""
    core = keras.Model(model.input, model.get_layer(ANSWER).output, name=model.name)
    core.compile(loss="categorical_crossentropy", metrics=["accuracy"])
    return core
