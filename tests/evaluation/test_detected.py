"""Detect → crop → classify against the whole image, on Kaggle's test images."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from fakes import FakeFinder

from hemavision import Model, Prediction
from hemavision.cli import main
from hemavision.datasets.protocols import PROTOCOLS, find_dataset, open_split
from hemavision.datasets.samples import Sample, open_sample
from hemavision.evaluation.answers import Run, run_model
from hemavision.evaluation.detected import WITHHELD_DETECTOR, compare, run_detected
from hemavision.reading.finding.detector import open_detector
from hemavision.records.results import Box, CellKind, Detection
from hemavision.training.detector.fit import digest_of

DETECTED = "unseen-cells-detected"


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
    run, found = run_detected(model, FakeFinder(known), samples)
    assert found == [True] * len(samples)
    assert run.samples == samples
    for p in run.predictions:
        x, y = (p.box.left + p.box.right) / 2, (p.box.top + p.box.bottom) / 2
        assert 100 <= x <= 200
        assert 60 <= y <= 160
        assert p.heatmaps is None


def test_where_none_is_found_the_most_stained_nucleus_is_taken(
    model: Model, samples: list[Sample]
) -> None:
    run, found = run_detected(model, FakeFinder(), samples)
    assert found == [False] * len(samples)
    whole = run_model(model, samples)
    assert [p.box for p in run.predictions] == [p.box for p in whole.predictions]


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
    split = PROTOCOLS[DETECTED].fields(data)
    assert not test & {f"bccd/{f.name}" for f in split.train + split.validation}
    training = open_detector(WITHHELD_DETECTOR).manifest.training
    assert training["protocol"] == DETECTED
    # It learned from BCCD alone.
    learned = [f for f in split.train + split.validation if f.source == "bccd"]
    assert training["data_digest"] == digest_of(learned)


@pytest.mark.parametrize("limit", [2, pytest.param(12, marks=pytest.mark.long)])
def test_the_command_shows_both_ways_side_by_side(data: Path, limit: int) -> None:
    words = ["evaluate", str(data), "--protocol", DETECTED, "--limit", str(limit)]
    done = CliRunner().invoke(main, [*words, "--json"])
    assert done.exit_code == 0, done.output
    record = json.loads(done.stdout)
    (whole,) = record["beside"]
    assert (record["protocol"], whole["protocol"]) == (DETECTED, "unseen-cells")
    assert record["data_digest"] == whole["data_digest"]
    found = record["detected"]
    assert found["accuracy_gain"] == pytest.approx(record["accuracy"] - whole["accuracy"], abs=1e-5)
    assert found["detector"]["shared_originals"] == 0
    assert 0 <= found["not_found"] <= limit
    assert record["leak"]["kind"] == "none"
    right = found["right_only_detected"] - found["right_only_whole"]
    assert np.isclose(right / limit, found["accuracy_gain"], atol=1e-5)
    done = CliRunner().invoke(main, words)
    assert "Detect, crop, classify against the whole image:" in done.stdout
