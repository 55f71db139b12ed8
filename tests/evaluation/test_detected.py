"""Detect → crop → classify against the whole image, on Kaggle's test images."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from hemavision import Model, Prediction
from hemavision.cli import main
from hemavision.detection.detector import open_detector
from hemavision.detection.fake_finder import FakeFinder
from hemavision.evaluation.answers import Run, collect, run_model
from hemavision.evaluation.detected import compare, run_detected
from hemavision.evaluation.protocols import DETECTED, find_dataset, open_split
from hemavision.results import Box, CellKind, Detection
from hemavision.training.datasets import Sample, open_sample
from hemavision.training.detector.fields import split_fields


@pytest.fixture(scope="module")
def samples(data: Path) -> list[Sample]:
    return open_split(find_dataset(data), DETECTED, ()).test[::500]


def test_the_surest_white_cell_is_the_one_that_is_named(
    model: Model, samples: list[Sample]
) -> None:
    known = []
    for sample in samples:
        sure = Detection(CellKind.WHITE, Box(100, 60, 200, 160), 0.9)
        unsure = Detection(CellKind.WHITE, Box(10, 10, 60, 60), 0.3)
        red = Detection(CellKind.RED, Box(0, 0, 50, 50), 0.99)
        known.append((open_sample(sample), [unsure, red, sure]))
    run, scores = run_detected(model, FakeFinder(known).find, samples)
    assert scores == [0.9] * len(samples)
    assert run.samples == samples
    for p in run.predictions:
        x, y = (p.box.left + p.box.right) / 2, (p.box.top + p.box.bottom) / 2
        assert 100 <= x <= 200
        assert 60 <= y <= 160
        assert p.heatmaps is None


def test_an_image_without_a_white_cell_counts_as_wrong(model: Model, samples: list[Sample]) -> None:
    run, scores = run_detected(model, FakeFinder().find, samples)
    assert scores == [0.0] * len(samples)
    types = model.manifest.cell_types
    assert not collect(run, types).correct.any()
    whole = run_model(model, samples)
    found = compare(run, whole, types)
    assert found["right_only_detected"] == 0
    assert found["accuracy_gain"] == -collect(whole, types).correct.mean()
    low, high = found["interval"]
    assert low <= found["accuracy_gain"] <= high


def test_two_like_runs_differ_by_nothing(model: Model, samples: list[Sample]) -> None:
    whole = run_model(model, samples)
    found = compare(whole, whole, model.manifest.cell_types)
    assert found["accuracy_gain"] == 0
    assert found["interval"] == [0, 0]


def test_the_gain_is_that_of_the_images_that_only_one_way_gets_right(
    model: Model, samples: list[Sample]
) -> None:
    types = model.manifest.cell_types
    whole = run_model(model, samples)

    def answering(right: list[bool]) -> Run:
        return Run(whole.samples, [_said(p, s, r) for p, s, r in zip(
            whole.predictions, whole.samples, right, strict=True)])  # fmt: skip

    def _said(p: Prediction, sample: Sample, right: bool) -> Prediction:
        from dataclasses import replace

        name = next(t for t in types if (t == sample.cell_type) is right)
        return replace(p, cell_type=name, probabilities={t: float(t == name) for t in types})

    n = len(samples)
    ours = answering([True] * n)
    theirs = answering([index % 2 == 0 for index in range(n)])
    found = compare(ours, theirs, types)
    assert found["right_only_detected"] == n // 2
    assert found["right_only_whole"] == 0
    assert found["accuracy_gain"] == pytest.approx((n // 2) / n)


def test_the_detector_learned_from_none_of_the_photographs(data: Path) -> None:
    test = {s.original for s in open_split(find_dataset(data), DETECTED, ()).test}
    assert len(test) == 71
    split = split_fields(data)
    assert not test & {f"bccd/{f.name}" for f in split.train + split.validation}
    assert open_detector().manifest.training["protocol"] == "bccd-detection"


def test_the_command_shows_both_ways_side_by_side(data: Path) -> None:
    words = ["evaluate", str(data), "--protocol", DETECTED, "--limit", "12"]
    done = CliRunner().invoke(main, [*words, "--json"])
    assert done.exit_code == 0, done.output
    record = json.loads(done.stdout)
    (whole,) = record["beside"]
    assert (record["protocol"], whole["protocol"]) == (DETECTED, "unseen-cells")
    assert record["data_digest"] == whole["data_digest"]
    found = record["detected"]
    assert found["accuracy_gain"] == pytest.approx(record["accuracy"] - whole["accuracy"], abs=1e-5)
    assert found["detector"]["shared_originals"] == 0
    assert found["not_found"] + found["below_threshold"] <= 12
    assert record["leak"]["kind"] == "none"
    right = found["right_only_detected"] - found["right_only_whole"]
    assert np.isclose(right / 12, found["accuracy_gain"], atol=1e-5)
    done = CliRunner().invoke(main, words)
    assert "Detect, crop, classify against the whole image:" in done.stdout
