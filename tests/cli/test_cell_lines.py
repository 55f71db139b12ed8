"""Whatever ``classify`` and ``detect`` write is counted, also after a spreadsheet had it."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from PIL import Image

from hemavision.cli import main
from hemavision.cli.counted import cells_in

Invoke = Callable[..., Any]
HEAD = ["path", "cell_type", "confidence", "p_neutrophil", "p_monocyte", "status"]
ROWS = [
    ["Zellen/Bläschen, 1.jpg", "neutrophil", "0,98", "0,98", "0,02", "confident"],
    ["b.jpg", "monocyte", "0,91", "0,09", "0,91", "check"],
    ["c.jpg", "neutrophil", "0,7", "0,7", "0,3", "unfamiliar"],
]


def table(separator: str) -> str:
    stream = io.StringIO()
    csv.writer(stream, delimiter=separator).writerows([HEAD, *ROWS])
    return stream.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        table(",").encode(),
        table(",").encode("utf-8-sig"),
        table(";").encode("cp1252"),
        table(";").encode("utf-8-sig"),
        table("\t").encode("utf-16"),
        b"\xfe\xff" + table("\t").encode("utf-16-be"),
        ("sep=;\r\n" + table(";")).encode("utf-8-sig"),
        ("sep=|\r\n" + table("|")).encode(),
    ],
    ids=["plain", "mark", "cp1252", "semicolons", "unicode text", "big-endian", "sep", "own sep"],
)
@pytest.mark.parametrize("way", ["file", "stdin"])
def test_a_spreadsheet_s_table_is_counted(
    invoke: Invoke, tmp_path: Path, content: bytes, way: str
) -> None:
    if way == "file":
        path = tmp_path / "cells.csv"
        path.write_bytes(content)
        done = invoke("differential", path, "--json")
    else:
        done = CliRunner().invoke(main, ["differential", "-", "--json"], input=content)
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)["differential"]
    counts = {share["cell_type"]: share["count"] for share in found["shares"]}
    assert (counts, found["undecided"]) == ({"neutrophil": 1, "monocyte": 1}, 1)


@pytest.mark.parametrize(
    "name",
    ["cells.csv", "excel-unicode-text.txt", "german-excel-cp1252.csv", "german-excel-utf8.csv",
     "sep-line.csv", "tabs.tsv", "us-excel-bom.csv"],
)  # fmt: skip
def test_what_excel_really_wrote_is_counted(invoke: Invoke, cases: Path, name: str) -> None:
    folder = cases / "excel-csv"
    wanted = invoke("differential", folder / "cells.csv", "--json")
    done = invoke("differential", folder / name, "--json")
    assert done.exit_code == 0, done.output
    assert done.stdout == wanted.stdout
    assert json.loads(done.stdout)["differential"]["total"] == 23


def test_a_table_of_something_else_is_refused_once(invoke: Invoke, tmp_path: Path) -> None:
    path = tmp_path / "other.csv"
    path.write_bytes("Größe;Wert\n1;2\n3;4\n".encode("cp1252"))
    done = invoke("differential", path)
    assert done.exit_code == 1
    (line,) = done.output.splitlines()
    assert "no columns cell_type and status" in line
    assert "read as CP1252, separated by semicolons" in line
    assert "Größe, Wert" in line


def test_an_unknown_type_names_its_line(invoke: Invoke, tmp_path: Path) -> None:
    path = tmp_path / "cells.csv"
    path.write_text("sep=,\ncell_type,status\nNEUT,check\nlymfocyte,check\nMonocytes,check\n")
    done = invoke("differential", path, "--json")
    assert done.exit_code == 1
    assert "line 4: 'lymfocyte' is no cell type here: did you mean lymphocyte" in done.stderr
    shares = json.loads(done.stdout)["differential"]["shares"]
    assert {s["cell_type"]: s["count"] for s in shares} == {"neutrophil": 1, "monocyte": 1}


def test_types_of_a_laboratory_s_own_model_are_known_by_its_columns() -> None:
    lines = b"cell_type,p_hairy_cell,status\nhairy_cell,0.9,check\n"
    (cell,) = cells_in(io.BytesIO(lines))
    assert (cell.cell_type, cell.known) == ("hairy_cell", ("hairy_cell",))


@pytest.mark.parametrize("form", ["--csv", "--json"])
def test_a_field_counts_as_detect_counted_it(
    invoke: Invoke, data: Path, tmp_path: Path, form: str
) -> None:
    """One of this field's white cells is cut by the border; its red cells are no error."""
    field = tmp_path / "field.jpg"
    with Image.open(data / "bccd/JPEGImages/BloodImage_00031.jpg") as image:
        image.save(field, quality=95)
    cells = tmp_path / "cells"
    options = (form, cells) if form == "--csv" else (form,)
    detected = invoke("detect", field, *options)
    assert detected.exit_code == 0, detected.output
    said = json.loads(invoke("detect", field, "--json").stdout)["differential"]
    if form == "--json":
        cells.write_text(detected.stdout)
    done = invoke("differential", cells, "--json")
    assert (done.exit_code, done.stderr) == (0, "")
    found = json.loads(done.stdout)["differential"]
    assert found["left_out"].get("cut", 0) == said["left_out"]["cut"] >= 1
    assert found["undecided"] == said["left_out"]["unfamiliar"]
    counted = {s["cell_type"]: s["count"] for s in found["shares"] if s["count"]}
    apart = {n: c for n, c in found["left_out"].items() if c and n != "cut"}
    assert counted | apart == {n: c for n, c in said["cell_types"].items() if c}
    words = invoke("differential", cells).output
    assert re.search("the border of a field cuts (is|are) left out", words)
