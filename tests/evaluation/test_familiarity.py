"""Novelty tells known cells from pictures that show none."""

from __future__ import annotations

import pytest

from hemavision.datasets.samples import boxes_of, white_cells
from hemavision.evaluation import familiarity
from hemavision.evaluation.familiarity import score_familiarity
from hemavision.evaluation.figures import familiarity_lines


#: Few pictures: these are bounds that a broken score misses by far, not the measured figures.
@pytest.fixture(scope="module", params=[2, pytest.param(8, marks=pytest.mark.long)])
def of_each(request):
    return request.param


@pytest.fixture(scope="module")
def scores(data, of_each):
    told = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(familiarity, "DRAWS", 10 * of_each)
        found = score_familiarity("unseen-cells", data, of_each, lambda *pair: told.append(pair))
    assert told[-1][0] == told[-1][1] == len(found["kinds"])
    return found


def test_every_kind_has_its_pictures_and_an_interval(scores, of_each):
    assert set(scores["kinds"]) == {
        "red cells",
        "blank background",
        "drawn red cells, no white cell",
        "photographs of other things",
        "whole fields as one cell",
        "platelets",
        # In a clone of the repository there are networks that never saw a type.
        "basophils, by the network that never saw one",
        "erythroblasts, by the network that never saw one",
    }
    for row in scores["kinds"].values():
        assert of_each <= row["n"] <= 2 * of_each
        low, high = row["interval"]
        assert 0 <= low <= row["auroc"] <= high <= 1
    assert scores["known"] >= 4 * of_each


def test_what_is_no_cell_is_less_familiar_than_cells(scores):
    assert scores["kinds"]["blank background"]["auroc"] > 0.9
    assert scores["kinds"]["photographs of other things"]["auroc"] > 0.9
    assert scores["known_unfamiliar"] < 0.3


def test_lines_hold_the_scores(scores):
    lines = {line[0]: line for line in familiarity_lines(scores)}
    assert f"{scores['kinds']['red cells']['auroc']:.3f}" in lines["red cells"][1]


def test_boxes_are_those_of_the_kind(data):
    root, name = data / "bccd", "BloodImage_00001.jpg"
    assert boxes_of(root, name, "WBC") == white_cells(root, name)
    assert len(boxes_of(root, name, "RBC")) > len(white_cells(root, name))
