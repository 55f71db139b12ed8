"""What PBC says beside the type teaches the network, and leaves no trace in its form."""

from __future__ import annotations

from dataclasses import replace

import keras
import numpy as np
import pytest

from hemavision.datasets.crops import cut_crops
from hemavision.datasets.samples import ATTRIBUTES, TYPE, read_pbc
from hemavision.models import separable_cnn
from hemavision.records.cells import FOUR_TYPES
from hemavision.training.batches import LabelledCrops, TrainingBatches
from hemavision.training.fit import LOOKS, Start, fit
from hemavision.training.questions import (
    ANSWER,
    answering,
    asking,
    load_attributes,
    questions_in,
    targets_of,
)
from hemavision.training.recipes import Phase, Recipe
from hemavision.training.views import ViewMaker

ASKING = Recipe(
    name="asking", phases=(Phase(32, 1, 1),), batch_size=4, questions=0.5, settling_steps=1
)

pytestmark = pytest.mark.usefixtures("network")


@pytest.fixture(scope="module")
def few_cells(data, tmp_path_factory):
    """Two cells of each of PBC's eight types."""
    samples = read_pbc(data / "pbc", "train")
    labels = sorted({s.cell_type for s in samples})
    few = [s for t in labels for s in [x for x in samples if x.cell_type == t][:2]]
    return cut_crops(few, tmp_path_factory.mktemp("cache"))


def test_questions_are_the_types_and_the_attributes(few_cells):
    questions = questions_in(few_cells[1])
    assert set(questions) == {TYPE, *ATTRIBUTES}
    assert len(questions["label"]) == 8
    assert questions["granularity"] == ("no", "yes")


def test_unknown_answers_are_rows_of_zeros(few_cells):
    samples = few_cells[1]
    targets = targets_of(samples, FOUR_TYPES, questions_in(samples))
    for row, sample in enumerate(samples):
        assert targets[ANSWER][row].sum() == (sample.cell_type in FOUR_TYPES)
        assert targets["label"][row].sum() == 1
        covered = sample.cell_type not in ("immature_granulocyte", "erythroblast", "platelet")
        assert targets["granule_colour"][row].sum() == covered


def test_image_without_an_answer_teaches_that_question_nothing(few_cells):
    crops, samples = few_cells
    silent = [
        replace(s, cell_type="immature_granulocyte", answers={TYPE: "immature_granulocyte"})
        for s in samples
    ]
    questions = questions_in(samples)
    core = separable_cnn.build(input_px=None)
    model = asking(core, questions)
    model.compile(
        keras.optimizers.SGD(1.0),
        loss=dict.fromkeys((ANSWER, *questions), "categorical_crossentropy"),
    )
    batches = TrainingBatches(
        LabelledCrops(crops, silent, FOUR_TYPES),
        ASKING,
        ViewMaker(crops),
        phase=Phase(32, 1, 1),
        questions=questions,
        key=(1, 1),
    )
    untaught = [model.get_layer(ANSWER), model.get_layer("granule_colour")]
    before = [layer.get_weights() for layer in (*untaught, model.get_layer("label"))]
    model.train_on_batch(*batches[0])
    after = [layer.get_weights() for layer in (*untaught, model.get_layer("label"))]
    for old, new in zip(before[:2], after[:2], strict=True):
        for a, b in zip(old, new, strict=True):
            np.testing.assert_array_equal(a, b)
    assert not np.array_equal(before[2][0], after[2][0])


def test_asked_network_serves_as_the_plain_one(few_cells, tmp_path):
    crops, samples = few_cells
    four = [i for i, s in enumerate(samples) if s.cell_type in FOUR_TYPES]
    train = LabelledCrops(crops, samples, FOUR_TYPES)
    validation = LabelledCrops(crops[four], [samples[i] for i in four], FOUR_TYPES)
    rows = []
    weights = fit(ASKING, train, validation, tmp_path, start=Start(), on_epoch=rows.append)
    assert 0 <= rows[0]["accuracy"] <= 1
    assert 0 <= rows[0]["val_accuracy"] <= 1
    plain = separable_cnn.build(input_px=None)
    plain.load_weights(weights)
    asked = keras.saving.load_model(next(tmp_path.glob("checkpoint-*.keras")))
    assert set(asked.output) == {ANSWER, TYPE, *ATTRIBUTES}
    assert len(answering(asked).get_weights()) == len(plain.get_weights())
    kernel = answering(asked).get_layer("separable_1").get_weights()[0]
    np.testing.assert_array_equal(kernel, plain.get_layer("separable_1").get_weights()[0])


def test_what_was_learned_about_looks_is_gone_on_with(few_cells, tmp_path):
    crops = LabelledCrops(*few_cells, FOUR_TYPES)
    begun = fit(ASKING, crops, crops, tmp_path / "a", start=Start(seed=1))
    still = replace(ASKING, learning_rate=0.0)
    ended = fit(still, crops, crops, tmp_path / "b", start=Start(2, begun))
    first, second = (load_attributes(file.with_name(LOOKS)) for file in (begun, ended))
    assert len(first) == len(ATTRIBUTES)
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one.kernel, other.kernel)
