"""A laboratory's own check of a model, and teaching a model its own cells."""

from __future__ import annotations

import csv
import json
import re
import shutil
from pathlib import Path

import keras  # noqa: F401  # imported while tests are collected, and not by `train`
import pytest
from click.testing import CliRunner

from hemavision.cli import main as cli
from hemavision.evaluation.intervals import clopper_pearson
from hemavision.reading.bundle import find_bundle
from hemavision.reading.cell import open_model
from hemavision.records.results import NOTICE

#: Cells of each type: enough to learn from and to keep some back.
EACH = {"neutrophil": 20, "lymphocyte": 20, "monocyte": 15}
BUNDLE = "eight-types"


@pytest.fixture(scope="module")
def cells(data, tmp_path_factory) -> Path:
    """A laboratory's folder: real cells of JTSC, a folder a type."""
    folder = tmp_path_factory.mktemp("laboratory")
    with (data / "jtsc" / "labels.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    for name, count in EACH.items():
        (folder / name).mkdir()
        for row in [row for row in rows if row["label"] == name][:count]:
            shutil.copy(data / "jtsc" / row["path"], folder / name)
    return folder


def run(*arguments: object):
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


def test_card_and_record_say_the_same(cells, tmp_path):
    result = run("validate", cells, "--model", BUNDLE, "--json", "--out", tmp_path)
    assert result.exit_code == 0, result.output
    record = json.loads(result.stdout)
    assert record["notice"] == NOTICE
    assert record["n_images"] == sum(EACH.values())
    for name, count in EACH.items():
        found = record["per_type"][name]["sensitivity"]
        assert found["of"] == count
        assert found["interval"] == pytest.approx(clopper_pearson(found["right"], count), abs=1e-6)
    card = (tmp_path / "validation-card.md").read_text()
    assert NOTICE in card
    assert f"({record['accuracy']['right']} of {record['n_images']})" in card
    assert json.loads((tmp_path / "validation.json").read_text()) == record


def test_another_light_and_stain_are_drift(cells):
    drift = json.loads(run("validate", cells, "--model", BUNDLE, "--json").stdout)["drift"]
    # JTSC's background is yellow.
    assert "background blue" in drift["drifted"]
    assert drift["deviations"]["background blue"] < 0


def test_unreadable_cells_are_named_and_the_others_measured(cells, tmp_path):
    shutil.copytree(cells, tmp_path / "cells")
    (tmp_path / "cells" / "monocyte" / "bad.png").write_text("no image")
    result = run("validate", tmp_path / "cells", "--model", BUNDLE, "--json")
    assert result.exit_code == 1
    assert "bad.png" in result.stderr
    assert json.loads(result.stdout)["n_images"] == sum(EACH.values())


def test_a_bundle_learns_a_laboratorys_cells(cells, tmp_path):
    shutil.copytree(cells, tmp_path / "cells")
    # A type that the bundle does not know, made of cells that look alike.
    shutil.copytree(tmp_path / "cells" / "lymphocyte", tmp_path / "cells" / "blast")
    shutil.rmtree(tmp_path / "cells" / "lymphocyte")
    out = tmp_path / "ours.onnx"
    result = run("train", "--from", BUNDLE, tmp_path / "cells", "--out", out)
    assert result.exit_code == 0, result.output
    assert "Of those kept back" in result.output
    model = open_model(out)
    assert model.manifest.cell_types[-1] == "blast"
    assert model.manifest.training["start"]["weights"] == f"{BUNDLE}.onnx"
    assert not re.search(r"[\\/]", json.dumps(model.manifest.training))  # no folder of any machine
    assert model.manifest.morphology == open_model(find_bundle(BUNDLE)).manifest.morphology
    answers = model.predict(sorted((tmp_path / "cells" / "blast").iterdir()))
    assert sum(a.cell_type == "blast" for a in answers) >= 0.7 * len(answers)
    again = run("train", "--from", BUNDLE, tmp_path / "cells", "--out", out)
    assert again.exit_code != 0
    assert "exists already" in again.output


def test_too_few_cells_are_refused_with_their_count(cells, tmp_path):
    shutil.copytree(cells, tmp_path / "cells")
    for path in sorted((tmp_path / "cells" / "monocyte").iterdir())[4:]:
        path.unlink()
    result = run("train", "--from", BUNDLE, tmp_path / "cells", "--out", tmp_path / "ours.onnx")
    assert result.exit_code != 0
    assert "monocyte (4)" in result.output
    assert not (tmp_path / "ours.onnx").exists()


def test_another_kind_of_head_is_refused(cells, tmp_path):
    result = run("train", "--from", "unseen-cells", cells, "--out", tmp_path / "ours.onnx")
    assert result.exit_code != 0
    assert "one dense layer" in result.output
