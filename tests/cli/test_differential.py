"""``hemavision differential``."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from hemavision.differential import clopper_pearson
from hemavision.records.results import NOTICE

Invoke = Callable[..., object]
COUNTS = "neutrophil=71,lymphocyte=12,monocyte=9,eosinophil=6,ig=2,erythroblast=9,platelet=4"


def line(path: str, cell_type: str, status: str = "confident") -> str:
    probabilities = {"neutrophil": 0.9, "basophil": 0.05, "platelet": 0.05}
    values = {"path": path, "cell_type": cell_type, "status": status}
    return json.dumps(values | {"probabilities": probabilities})


def test_counts_become_a_table_with_bars_flags_and_words(invoke: Invoke) -> None:
    done = invoke("differential", "--counts", COUNTS, "--reference", "adult-uk", "--target", 200)
    assert done.exit_code == 0, done.output
    rows = {row[:21].strip(): row for row in done.output.splitlines() if "%" not in row[:21]}
    neutrophil = rows["Neutrophil"]
    assert neutrophil.split()[1:6] == ["71", "71.0", "61.1", "to", "79.6"]
    bar = neutrophil[50:90]
    # The scale ends at 80%: a column is 2 points of percentage.
    assert bar.index("●") == int(71.0 / 2)
    assert (bar.index("├"), bar.index("┤")) == (int(61.07 / 2), int(79.64 / 2))
    assert "possibly low" in rows["Lymphocyte"]
    assert "Immature granulocyte" in rows
    assert "Erythroblast" not in rows
    assert "9.0 nucleated red cells for 100 white cells" in done.output
    assert "100 of 200 white cells counted, 100 missing." in done.output
    assert done.output.splitlines()[-1] == NOTICE
    assert not any(row != row.rstrip() for row in done.output.splitlines())


def test_json_is_one_object_with_exact_intervals(invoke: Invoke) -> None:
    done = invoke("differential", "--counts", COUNTS, "--wbc", 11.2, "--json")
    values = json.loads(done.output)
    share = values["differential"]["shares"][0]
    low, high = clopper_pearson(71, 100)
    assert (share["low"], share["high"]) == (100 * low, 100 * high)
    assert values["differential"]["white_cells"]["corrected"] is True
    assert values["reference"]["name"] == "default"
    assert values["notice"] == NOTICE
    done = invoke("differential", "--counts", COUNTS, "--wbc", 11.2, "--wbc-without-nrbc", "--json")
    assert json.loads(done.output)["differential"]["white_cells"]["value"] == 11.2


def test_an_analyser_is_compared(invoke: Invoke) -> None:
    other = "neutrophil=60,lymphocyte=28,monocyte=7"
    done = invoke("differential", "--counts", COUNTS, "--analyser", other)
    assert "60.0 differs" in done.output
    assert "The analyser differs by more than chance" in done.output
    done = invoke(
        "differential", "--counts", COUNTS, "--analyser", other, "--analyser-cells", 90, "--json"
    )
    assert json.loads(done.output)["analyser"]["method"].startswith("Fisher")


def test_a_confusion_matrix_adds_an_estimate_that_says_so(invoke: Invoke, tmp_path: Path) -> None:
    types = ["neutrophil", "lymphocyte", "monocyte"]
    record = {"protocol": "mine", "cell_types": types,
              "confusion": [[90, 0, 10], [0, 100, 0], [0, 0, 100]]}  # fmt: skip
    path = tmp_path / "record.json"
    path.write_text(json.dumps(record))
    counts = "neutrophil=60,lymphocyte=30,monocyte=10"
    done = invoke("differential", "--counts", counts, "--confusion", path)
    assert done.exit_code == 0, done.output
    assert "Estimate, no count" in done.output
    assert "on mine" in done.output
    path.write_text("{}")
    done = invoke("differential", "--counts", counts, "--confusion", path)
    assert done.exit_code == 2
    assert "confusion" in done.output


@pytest.mark.parametrize("form", ["--csv", "--json"])
def test_what_classify_writes_is_counted(
    invoke: Invoke, command, data: Path, tmp_path: Path, form: str
) -> None:
    """Real photographs, by the real commands, through a file and through a pipe."""
    cells = tmp_path / "cells"
    folder = sorted((data / "kaggle_wbc/TEST/LYMPHOCYTE").iterdir())[:12]
    if form == "--csv":
        assert invoke("classify", *folder, "--csv", cells).exit_code == 0
    else:
        cells.write_bytes(command("classify", *folder, "--json").stdout)
    done = invoke("differential", cells, "--json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.output)["differential"]
    assert found["total"] + found["undecided"] + sum(found["left_out"].values()) == 12
    counts = {share["cell_type"]: share["count"] for share in found["shares"]}
    assert max(counts, key=lambda name: counts[name]) == "lymphocyte"
    assert counts["basophil"] == 0, "a type that the model knows and did not find has a share"


def test_unfamiliar_cells_are_left_for_a_person(invoke: Invoke, tmp_path: Path) -> None:
    path = tmp_path / "cells.jsonl"
    rows = [line("a", "neutrophil"), line("b", "neutrophil", "unfamiliar"), line("c", "platelet")]
    path.write_text("\n".join(rows))
    done = invoke("differential", path, "--json")
    found = json.loads(done.output)["differential"]
    assert (found["total"], found["undecided"]) == (1, 1)
    assert found["left_out"] == {"platelet": 1}
    assert [share["cell_type"] for share in found["shares"]] == ["neutrophil", "basophil"]


def test_a_line_that_cannot_be_read_is_named_and_the_others_count(
    invoke: Invoke, tmp_path: Path
) -> None:
    path = tmp_path / "cells.jsonl"
    rows = [line("a", "neutrophil"), '{"cell_type": "neu', line("b", "neutrophil", "sure"),
            '{"status": "check"}', "[" * 100_000, line("c", "lymphocyte")]  # fmt: skip
    path.write_text("\n".join(rows))
    done = invoke("differential", path, "--json")
    assert done.exit_code == 1
    assert json.loads(done.stdout)["differential"]["total"] == 2
    assert "line 2: no JSON object" in done.stderr
    assert "line 3: status 'sure' is none of" in done.stderr
    assert "line 4: no cell_type" in done.stderr
    assert "line 5: no JSON object" in done.stderr


def test_a_pipe_is_read(command) -> None:
    done = subprocess.run(
        [*command.__globals__["COMMAND"], "differential", "-", "--json"],
        input=b"\xef\xbb\xbf" + line("a", "monocyte").encode() + b'\n{"\xff": 1}\n',
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1
    assert json.loads(done.stdout)["differential"]["total"] == 1
    assert done.stderr.decode() == "standard input, line 2: no cell_type.\n"


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n\x00\x00", b"a,b\n1,2\n", b"\xff\xfe"])
def test_a_file_without_cells_is_an_error(invoke: Invoke, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "cells.csv"
    path.write_bytes(content)
    done = invoke("differential", path)
    assert done.exit_code == 1
    assert re.search("holds no cell that can be read|has no columns cell_type", done.output)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ([], "either a file"),
        (["--counts", "neutrophil"], "'neutrophil' is not TYPE=a whole number"),
        (["--counts", "neutrophil=1.5"], "neutrophil=1.5"),
        (["--counts", "neutrophil=-3"], "neutrophil is -3"),
        (["--counts", ","], "names no type"),
        (["--counts", "ig=1,immature_granulocyte=2"], "both immature_granulocyte"),
        (["--counts", "neutrophil=5", "--wbc", "6200"], "6,200 cells per µl are 6.2"),
        (["--counts", "neutrophil=5", "--wbc", "6200/ul"], None),
        (["--counts", "lymfocyte=5"], "did you mean lymphocyte"),
        (["--counts", "neut=9,lymph=1", "--analyser", "NEUT=0.58"], "neutrophil 0.58 is 58%"),
        (
            ["--counts", "neut=9", "--analyser", "NEUT=50,LYMPH=20,MONO=5,EO=3,BASO=1"],
            "sum to 79",
        ),
        (["--counts", "neutrophil=5", "--wbc", "62000"], "10⁹/L"),
        (["--counts", "neutrophil=5", "--target", "0"], "target is 0"),
        (["--counts", "neutrophil=5", "--reference", "mars"], "No reference profile 'mars'"),
        (["--counts", "neutrophil=5", "--analyser", "neutrophil=120"], "neutrophil is 120"),
        (["--counts", "neutrophil=5", "--analyser-cells", "5"], "needs --analyser"),
    ],
)
def test_wrong_usage_is_named(invoke: Invoke, arguments: list[str], named: str | None) -> None:
    done = invoke("differential", *arguments)
    assert done.exit_code == (2 if named else 0), done.output
    if named:
        assert named in " ".join(done.output.replace("│", " ").split())


def test_a_terminal_without_the_signs_gets_plain_ones(command) -> None:
    done = command("differential", "--counts", COUNTS, environment={"PYTHONIOENCODING": "latin-1"})
    assert done.returncode == 0, done.stderr
    text = done.stdout.decode("latin-1")
    assert "o" in text.splitlines()[1][50:90]
    assert "\\u" not in text


def test_nucleated_red_cells_correct_the_count_under_any_name(invoke: Invoke) -> None:
    done = invoke("differential", "--counts", "nrbc=12,neutrophil=100", "--wbc", "12", "--json")
    found = json.loads(done.stdout)["differential"]
    assert found["nucleated_red"]["value"] == 12
    assert round(found["white_cells"]["value"], 2) == 10.71
    (share,) = found["shares"]
    assert (share["cell_type"], round(share["absolute"]["value"], 2)) == ("neutrophil", 10.71)


def test_an_analyser_without_a_class_of_the_slide_s_agrees_in_nothing(invoke: Invoke) -> None:
    done = invoke("differential", "--counts", "neutrophil=100", "--analyser", "EO=3")
    assert "no class in common: nothing could be compared" in done.output
    assert "differs" not in done.output
