"""A field's record: what is derived from its cells, and its JSON form there and back."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from hemavision.images.quality import Caution
from hemavision.reading.found import FoundCell, Smear
from hemavision.records.results import NOTICE, Box, CellKind, ModelReference, Prediction, Status

TYPES = ("neutrophil", "lymphocyte", "monocyte")
DETECTOR = ModelReference("cells", "a" * 64)


def named(cell_type: str, status: Status = Status.CONFIDENT) -> Prediction:
    return Prediction(
        cell_type=cell_type,
        confidence=0.8,
        probabilities={name: 0.8 if name == cell_type else 0.1 for name in TYPES},
        status=status,
        novelty=0.5,
        focus=0.9,
        looked_elsewhere=False,
        box=Box(0, 0, 90, 90),
        width=640,
        height=480,
        model=ModelReference("model", "b" * 64),
        milliseconds=9.0,
    )


def white(cell_type: str, status: Status = Status.CONFIDENT, *, cut: bool = False) -> FoundCell:
    box = Box(10, 20, 80, 90)
    return FoundCell(CellKind.WHITE, box, 0.9, cut, False, named(cell_type, status))


def field(*cells: FoundCell) -> Smear:
    return Smear(640, 480, cells, TYPES, (Caution("no-cells", "None."),), 0.03, DETECTOR, 12.5)


RED = FoundCell(CellKind.RED, Box(0, 0, 100, 100), 0.8, True, True)
PLATELET = FoundCell(CellKind.PLATELET, Box(5, 5, 30, 30), 0.7, False, False)
SMEAR = field(
    white("neutrophil"),
    white("neutrophil", Status.CHECK),
    white("lymphocyte", cut=True),
    white("monocyte", Status.UNFAMILIAR),
    white("monocyte", Status.UNFAMILIAR, cut=True),
    *[RED] * 10,
    PLATELET,
)


def test_counts_are_of_all_cells() -> None:
    assert SMEAR.counts == {CellKind.WHITE: 5, CellKind.RED: 10, CellKind.PLATELET: 1}


def test_cut_and_unfamiliar_cells_are_in_no_type_and_each_left_out_once() -> None:
    found = SMEAR.differential
    assert found.cell_types == {"neutrophil": 2, "lymphocyte": 0, "monocyte": 0}
    assert (found.counted, found.cut, found.unfamiliar) == (2, 2, 1)
    assert found.counted + found.cut + found.unfamiliar == SMEAR.counts[CellKind.WHITE]


def test_estimates_come_from_the_counts() -> None:
    found = SMEAR.estimates
    assert found["white_per_1000_red"] is not None
    assert found["white_per_1000_red"].value == 500
    assert found["platelets_per_red"] is not None
    assert found["platelets_per_red"].value == pytest.approx(0.1)


def test_without_red_cells_there_is_no_estimate() -> None:
    assert set(field(white("monocyte")).to_json()["estimates"].values()) == {None}


def test_json_has_what_the_contract_names() -> None:
    values = SMEAR.to_json()
    assert list(values) == [
        "width", "height", "cells", "warnings", "sharpness", "detector", "milliseconds",
        "counts", "estimates", "differential", "notice",
    ]  # fmt: skip
    assert values["notice"] == NOTICE
    assert list(values["cells"][0]) == [
        "id", "kind", "box", "score", "cut", "clumped", "prediction",
    ]  # fmt: skip
    assert [cell["id"] for cell in values["cells"]] == list(range(16))
    assert values["cells"][5]["prediction"] is None
    assert values["counts"] == {"white_cell": 5, "red_cell": 10, "platelet": 1}
    assert values["differential"]["left_out"] == {"cut": 2, "unfamiliar": 1}


def test_json_comes_back_as_it_went() -> None:
    text = json.dumps(SMEAR.to_json(), allow_nan=False)
    assert Smear.from_json(json.loads(text)) == SMEAR


def test_heatmaps_can_be_left_behind() -> None:
    import numpy as np

    heavy = replace(SMEAR.cells[0], prediction=replace(named("monocyte"), heatmaps=np.ones(3)))
    light = field(heavy, RED).without_heatmaps()
    assert light.predictions[0].heatmaps is None
    assert light == field(heavy, RED)


def changed(path: str, value: Any) -> dict[str, Any]:
    """The record with one value changed; "cells.0.box.left" names it."""
    values: Any = json.loads(json.dumps(SMEAR.to_json()))
    place = values
    *steps, last = path.split(".")
    for step in steps:
        place = place[int(step)] if step.isdecimal() else place[step]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    whole: dict[str, Any] = values
    return whole


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("width", 0), ("width", 640.5), ("width", True), ("height", "480"), ("cells", None), 
        ("cells", {}), ("warnings", {}),
        ("cells", [1]), ("cells.0.kind", "cell"), ("cells.0.box", None), ("cells.0.box.left", "1"),
        ("cells.0.box.left", ...), ("cells.0.score", None), ("cells.0.score", float("nan")),
        ("cells.0.score", float("inf")), ("cells.0.cut", 1), ("cells.0.clumped", "no"),
        ("cells.0.prediction", {}), ("cells.0.prediction", "x"),
        ("cells.0.prediction.cell_type", "basophil"), ("cells.0.prediction.status", "sure"),
        ("differential", ...), ("differential.cell_types", ["neutrophil"]), ("warnings", 1),
        ("warnings.0.message", 7), ("sharpness", -1), ("detector", None), ("detector.name", 3),
        ("milliseconds", ...),
    ],
)  # fmt: skip
def test_what_is_no_record_is_refused(path: str, value: Any) -> None:
    with pytest.raises((ValueError, KeyError, TypeError, AttributeError)):
        Smear.from_json(changed(path, value))
