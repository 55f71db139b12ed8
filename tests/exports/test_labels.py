from __future__ import annotations

from dataclasses import replace

from hemavision.exports.table import label_of, labels_of
from hemavision.reading.found import NamedSmear
from hemavision.records.results import Status


def test_an_unfamiliar_cell_is_a_white_cell_and_no_more(fields: list[NamedSmear]) -> None:
    cell = next(cell for cell in fields[0].smear.cells if cell.prediction)
    assert cell.prediction
    for status in Status:
        changed = replace(cell, prediction=replace(cell.prediction, status=status))
        expected = "white_cell" if status is Status.UNFAMILIAR else cell.prediction.cell_type
        assert label_of(changed) == expected


def test_a_type_that_is_a_kind_stands_once() -> None:
    labels = labels_of(["neutrophil", "platelet", "neutrophil"])
    assert labels == ["white_cell", "red_cell", "platelet", "neutrophil"]
