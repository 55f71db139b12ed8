"""The CSV table, read by Python's reader, which others wrote."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

from hemavision.exports.table import HEAD, to_csv
from hemavision.reading.found import NamedSmear
from hemavision.records.results import CellKind


def test_a_row_a_cell_with_all_that_is_said_of_it(fields: list[NamedSmear]) -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv(fields))))
    cells = [(field, cell) for field in fields for cell in field.smear.cells]
    for row, (field, cell) in zip(rows, cells, strict=True):
        assert set(row) == set(HEAD)
        assert row["path"] == field.name
        assert CellKind(row["kind"]) is cell.kind
        box = cell.box
        edges = [int(row[edge]) for edge in ("left", "top", "right", "bottom")]
        assert edges == [box.left, box.top, box.right, box.bottom]
        assert (row["cut"], row["clumped"]) == (str(int(cell.cut)), str(int(cell.clumped)))
        assert row["detector"] == field.smear.detector.name
        if cell.prediction is None:
            assert row["cell_type"] == row["confidence"] == row["status"] == row["model"] == ""
        else:
            assert row["cell_type"] == cell.prediction.cell_type
            assert abs(float(row["confidence"]) - cell.prediction.confidence) < 1e-6
            assert row["model_sha256"] == cell.prediction.model.sha256


def test_commas_quotes_and_lines_in_a_name_stay_in_their_cell(fields: list[NamedSmear]) -> None:
    odd = 'a, "b"\nc.jpg'
    rows = list(csv.DictReader(io.StringIO(to_csv([replace(fields[0], name=odd)]))))
    assert {row["path"] for row in rows} == {odd}
