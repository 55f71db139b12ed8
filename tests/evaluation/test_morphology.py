"""Macro F1 of the attributes is scikit-learn's, over the values that occur."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import f1_score

from hemavision.datasets.samples import Sample
from hemavision.evaluation.answers import Run
from hemavision.evaluation.morphology import score
from hemavision.records.results import Box, ModelReference, Prediction, Status

COLOURS = ("pink", "red", "purple", "nil")


def prediction(said: str) -> Prediction:
    values = {name: 0.7 if name == said else 0.1 for name in COLOURS}
    return Prediction(
        "neutrophil", 0.9, {"neutrophil": 0.9}, Status.CONFIDENT, 0.1, 0.9, False,
        Box(0, 0, 9, 9), 9, 9, ModelReference("m", ""), 1.0,
        morphology={"granule_colour": values},
    )  # fmt: skip


def run(truths: list[str], said: list[str]) -> Run:
    samples = [
        Sample(Path(f"{i}.jpg"), "neutrophil", str(i), "pbc", answers={"granule_colour": truth})
        for i, truth in enumerate(truths)
    ]
    return Run(samples, [prediction(name) for name in said])


def test_is_what_scikit_learn_gives():
    rng = np.random.default_rng(4)
    truths = rng.choice(COLOURS[:3], 80).tolist()
    said = [t if rng.random() < 0.7 else str(rng.choice(COLOURS[:3])) for t in truths]
    scores = score(run(truths, said))
    expected = f1_score(truths, said, average="macro")
    assert scores["macro_f1"] == pytest.approx(expected)
    assert scores["attributes"] == {
        "granule_colour": {"macro_f1": pytest.approx(expected), "n_images": 80}
    }
    low, high = scores["interval"]
    assert low < expected < high


def test_images_whose_looks_are_unknown_do_not_count():
    known = run(["red", "pink"], ["red", "pink"])
    unknown = Sample(Path("x.jpg"), "platelet", "x", "pbc")
    scores = score(Run([*known.samples, unknown], [*known.predictions, prediction("nil")]))
    assert (scores["macro_f1"], scores["n_images"]) == (1.0, 2)


def test_a_model_that_was_not_taught_to_say_has_no_score():
    silent = run(["red"], ["red"])
    plain = Prediction(
        "neutrophil", 0.9, {"neutrophil": 0.9}, Status.CONFIDENT, 0.1, 0.9, False,
        Box(0, 0, 9, 9), 9, 9, ModelReference("m", ""), 1.0,
    )  # fmt: skip
    assert score(Run(silent.samples, [plain])) is None
