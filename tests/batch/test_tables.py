from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from typing import Any

import pyarrow
import pytest
from fakes import FakeEngine
from pyarrow import parquet

from hemavision.batch import tables
from hemavision.batch.schema import CELL, Kind, Schema, classify_schema, detect_schema, slide_schema
from hemavision.batch.tables import FORMS, form_of
from hemavision.errors import JobError
from hemavision.records.results import NOTICE

ROOT = Path(__file__).resolve().parents[2]
#: The columns of version 1 for a model of four types; whoever changes them makes a version 2.
CLASSIFY_1 = (
    "path width height cell_type confidence status novelty focus looked_elsewhere foreign_colours "
    "left top right bottom seen p_eosinophil p_lymphocyte p_monocyte p_neutrophil "
    "look_granularity look_granularity_p model model_sha256 notes heatmap schema notice"
)
DETECT_1 = (
    "path width height white_cells red_cells platelets counted cut unfamiliar n_eosinophil "
    "n_lymphocyte n_monocyte n_neutrophil warnings sharpness cells model model_sha256 detector "
    "detector_sha256 notes heatmap schema notice"
)
CELLS_1 = "kind left top right bottom score cut clumped cell_type confidence status novelty"
MANIFEST = FakeEngine(morphology={"granularity": ("yes", "no")}).manifest
SCHEMA = detect_schema(MANIFEST)


def row(number: int) -> dict[str, Any]:
    values = {Kind.TEXT: f"α,\n{number}", Kind.WHOLE: number, Kind.NUMBER: number / 7,
              Kind.TRUTH: number % 2 == 0}  # fmt: skip
    cell = {c.name: None if number % 3 else values[c.kind] for c in CELL}
    values[Kind.CELLS] = [cell] * (number % 4)
    empty = number == 5
    return {c.name: None if empty else values[c.kind] for c in SCHEMA.columns}


def written(form: str, folder: Path, cuts: list[int]) -> Path:
    """Write twelve rows in parts that end at ``cuts``."""
    writer = form_of(form, SCHEMA)
    edges = [0, *cuts, 12]
    parts = [folder / f"{number}.{form}" for number in range(len(edges) - 1)]
    for part, first, last in zip(parts, edges, edges[1:], strict=False):
        writer.write(part, [row(number) for number in range(first, last)])
    path = folder / f"table.{form}"
    writer.join(path, parts)
    return path


def test_the_columns_of_version_1() -> None:
    assert classify_schema(MANIFEST).names == CLASSIFY_1.split()
    assert detect_schema(MANIFEST).names == DETECT_1.split()
    assert [column.name for column in CELL] == CELLS_1.split()


@pytest.mark.parametrize(
    ("name", "schema"),
    [
        ("batch.md", classify_schema(MANIFEST)),
        ("batch.md", detect_schema(MANIFEST)),
        ("slides.md", slide_schema()),
    ],
)
def test_the_page_has_every_column(name: str, schema: Schema) -> None:
    page = (ROOT / "docs" / name).read_text(encoding="utf-8")
    assert schema.name in page
    named = ("p_", "n_", "look_")
    for column in [*schema.columns, *CELL]:
        if not column.name.startswith(named):
            assert f"| `{column.name}` | {column.kind.value} | {column.meaning} |" in page


@pytest.mark.parametrize("form", FORMS)
def test_the_parts_say_nothing_about_the_table(
    tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "GROUP_ROWS", 5)
    whole = written(form, tmp_path, []).read_bytes()
    assert written(form, tmp_path, [4, 8]).read_bytes() == whole
    assert written(form, tmp_path, [1, 1, 7, 12]).read_bytes() == whole


def test_three_forms_say_the_same(tmp_path: Path) -> None:
    table = parquet.read_table(written("parquet", tmp_path, [6]))
    rows = [row(number) for number in range(12)]
    assert table.to_pylist() == rows
    assert table.schema.metadata[b"hemavision.notice"].decode() == NOTICE
    assert table.schema.field("cells").type.value_type.field("left").type == pyarrow.int32()
    (tmp_path / "forms").mkdir()
    for form in FORMS:  # a part of each form gives back what was written
        part = tmp_path / "forms" / form
        form_of(form, SCHEMA).write(part, rows)
        assert list(form_of(form, SCHEMA).read(part)) == rows
    lines = written("jsonl", tmp_path, [6]).read_text(encoding="ascii").splitlines()
    assert [json.loads(line) for line in lines] == rows
    with written("csv", tmp_path, [6]).open(encoding="utf-8", newline="") as stream:
        read = list(csv.DictReader(stream))
    assert list(read[0]) == SCHEMA.names
    for said, expected in zip(read, rows, strict=True):
        assert json.loads(said["cells"]) == expected["cells"]
        assert said["path"] == (expected["path"] or "")
        assert said["sharpness"] == str(
            expected["sharpness"] or ("" if expected["cells"] is None else 0.0)
        )


def test_no_name_is_a_spreadsheet_s_formula(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    form_of("csv", SCHEMA).write(path, [row(0) | {"path": "=1+1.jpg"}])
    assert path.read_text().startswith("'=1+1.jpg,")


def test_without_pyarrow_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(JobError, match=r"pip install 'hemavision\[batch\]'"):
        form_of("parquet", SCHEMA)
    form_of("csv", SCHEMA)
