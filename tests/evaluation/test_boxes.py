"""Average precision and its neighbours, on answers whose figures are known."""

from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner

from hemavision.cli import main
from hemavision.datasets.fields import NAMES, BoxedField, split_fields
from hemavision.evaluation.boxes import _at_threshold, _figures, judge
from hemavision.reading.finding.detector import open_detector
from hemavision.records.results import Box, CellKind, Detection

ALL = np.arange(2)


@pytest.fixture
def fields(tmp_path):
    """Two fields with one white cell, four red ones and a platelet each."""
    boxes = [[100, 100, 300, 300], *([x, 320, x + 90, 410] for x in (0, 120, 240, 360))]
    boxes.append([500, 50, 540, 90])
    kinds = np.array([0, 1, 1, 1, 1, 2])
    return [
        BoxedField(f"{n}.jpg", tmp_path / f"{n}.jpg", np.array(boxes, np.float32), kinds)
        for n in range(2)
    ]


def true_cells(field, shift=0, score=0.9):
    kinds = list(NAMES)
    return [
        Detection(kinds[kind], Box(*(int(edge) + shift for edge in box)), score)
        for box, kind in zip(field.boxes, field.kinds, strict=True)
    ]


def test_true_boxes_have_full_marks(fields):
    figures = _figures(judge(fields, [true_cells(f) for f in fields]), ALL)
    assert figures["map50"] == figures["map50_95"] == 1.0
    assert {figures[f"ap50.{kind.value}"] for kind in NAMES} == {1.0}


def test_a_field_without_answers_costs_half_of_the_recall(fields):
    figures = _figures(judge(fields, [true_cells(fields[0]), []]), ALL)
    assert figures["map50"] == pytest.approx(0.5, abs=0.02)


def test_boxes_off_by_a_quarter_lose_strict_overlaps_alone(fields):
    found = [
        [c for c in true_cells(f, shift=20) if c.kind is not CellKind.PLATELET] for f in fields
    ]
    figures = _figures(judge(fields, found), ALL)
    assert figures["ap50.white_cell"] == 1.0
    assert figures["map50_95"] < 0.6


def test_a_draw_counts_a_field_as_often_as_it_holds_it(fields):
    judged = judge(fields, [true_cells(fields[0]), []])
    assert _figures(judged, np.array([0, 0]))["map50"] == 1.0
    assert _figures(judged, np.array([1, 1]))["map50"] == 0.0


def test_precision_and_recall_at_the_thresholds(fields):
    extra = Detection(CellKind.WHITE, Box(400, 100, 600, 300), 0.8)
    sure = [[*true_cells(fields[0]), extra], true_cells(fields[1])[1:]]
    at = _at_threshold(fields, sure)
    assert at["white_cell"] == {"precision": 0.5, "recall": 0.5, "found": 2}
    assert at["red_cell"]["recall"] == 1.0


def test_the_split_keeps_photographs_apart(data):
    split = split_fields(data)
    names = [{field.name for field in part} for part in (split.train, split.validation, split.test)]
    assert not names[0] & names[1]
    assert not names[0] & names[2]
    assert not names[1] & names[2]
    assert len(split.test) == 72


@pytest.mark.parametrize(
    "options", [("--limit", "6"), pytest.param((), marks=pytest.mark.long)], ids=["six", "all"]
)
def test_the_command_prints_what_the_issue_asks(data, tmp_path, options):
    words = ["evaluate", str(data / "bccd"), "--protocol", "bccd-detection", "--json"]
    done = CliRunner().invoke(main, [*words, "--out", str(tmp_path), *options])
    assert done.exit_code == 0, done.output
    record = json.loads(done.stdout.splitlines()[-1])
    if options:
        assert record["map50"] >= 0.90
    else:
        told = open_detector().manifest.metrics["bccd-detection"]["map50"]
        assert record["map50"] == pytest.approx(told, abs=1e-3)
    assert record["ap50"]["white_cell"] >= 0.97
    assert record["map50_95"] < record["map50"]
    low, high = record["intervals"]["map50"]
    assert low <= record["map50"] <= high
    assert (tmp_path / "false-detections.png").stat().st_size > 10_000
