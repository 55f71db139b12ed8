from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from hemavision.evaluation.card import render_card
from hemavision.evaluation.figures import with_interval
from hemavision.evaluation.plots import NAMES, write_plots
from hemavision.evaluation.report import write_page, write_report
from hemavision.evaluation.result import figures
from hemavision.records.results import NOTICE

NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")


@pytest.fixture
def record(made: dict[str, Any]) -> dict[str, Any]:
    """The record, to be changed at will."""
    return copy.deepcopy(made)


@pytest.fixture(scope="module")
def page(made: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the documentation's pages made of it."""
    folder = tmp_path_factory.mktemp("docs")
    write_page(copy.deepcopy(made), folder)
    return folder


@pytest.fixture(scope="module")
def made(answers_of) -> dict[str, Any]:
    """A record as ``evaluate`` makes it, on invented answers."""
    rng = np.random.default_rng(3)
    truth = rng.integers(0, 4, 60)
    said = np.where(rng.random(60) < 0.8, truth, (truth + 1) % 4)
    sure = rng.uniform(0.4, 1.0, 60)
    alone = answers_of(truth.tolist(), said.tolist(), sure.tolist())
    heading = {
        "notice": NOTICE,
        "manifest": {
            "training": {"command": "hemavision train", "protocol": "unseen-cells", "seed": 7},
            "check_below": 0.913,
            "temperature": 1.37,
            "weights_sha256": "ab" * 32,
            "size_px": 224,
            "licence": "MIT",
        },
        "limit": None,
        "command": "hemavision evaluate data --card",
        "date": "2026-11-23",
        "data_digest": "ef" * 32,
        "unreadable": {},
        "other_types": {},
    }
    images = {"n_images": 8776, "n_originals": 244, "sources": {"kaggle": 8776}}
    heading["taught"] = {"kaggle": {"eosinophil": 2222, "neutrophil": 1333}}
    heading |= dict.fromkeys(("training_images", "validation_images", "all_images"), images)

    def one(protocol: str, kind: str) -> dict[str, Any]:
        leak = {"kind": kind, "shared_originals": 308, "shared_images": 0, "note": "Said so."}
        model = {"name": protocol.replace(":", "-"), "sha256": "cd" * 32}
        record = {"protocol": protocol, "leak": leak, "model": model, "morphology": None}
        return record | heading | figures(alone)

    scores = {
        "n_fields": 71,
        "fields": "some fields",
        "seen_in_training": "none",
        "energy": 0.5678,
        "energy_interval": [0.5123, 0.6234],
        "energy_chance": 0.39,
        "nucleus_energy": 0.41,
        "nucleus_chance": 0.25,
        "cell_in_crop": 0.987,
        "cell_in_field": 0.089,
        "pointing": 0.93,
        "pointing_interval": [0.84, 0.98],
        "masks": {
            "set": "jtsc",
            "n_cells": 300,
            "energy": 0.6789,
            "energy_chance": 0.34,
            "nucleus_energy": 0.5,
            "nucleus_chance": 0.2,
        },
        "perturbation": {
            "n_fields": 12,
            "deletion": 0.421,
            "deletion_chance": 0.525,
            "insertion": 0.596,
            "insertion_chance": 0.526,
        },
        "randomisation": {"n_fields": 12, "spearman": {"last layer": 0.33}},
    }
    beside = [one("seed", "by-design"), one("lab-out:jtsc", "none")]
    return one("unseen-cells", "none") | {"beside": beside, "heatmaps": scores}


def test_card_holds_what_a_reader_needs(record):
    card = render_card(record, "plots")
    for words in (
        "Intended use",
        "cannot name basophils",
        "which patient",
        "leaks by design",
        "Confusion",
        "Heatmaps",
        "A laboratory never seen: lab-out:jtsc",
        "hemavision train",
        "](plots/confusion.png)",
    ):
        assert words in card
    assert card.count(NOTICE) >= 2
    accuracy, (low, high) = record["accuracy"], record["intervals"]["accuracy"]
    assert f"{100 * accuracy:.1f}% [{100 * low:.1f}, {100 * high:.1f}]" in card
    assert f"| {record['confusion'][0][0]} |" in card


def test_card_figures_come_from_the_record_and_nowhere_else(record):
    """Every number of the card changes with the record: none is typed."""
    blank = _map_numbers(copy.deepcopy(record))
    # Two names hold digits.
    typed = re.sub("SHA-256|F1", "", render_card(blank))
    left = [n for n in NUMBER.findall(typed) if n not in ALLOWED]
    assert left == []


#: All that :func:`_map_numbers` can turn into, as written in the card.
ALLOWED = {"7", "7.0", "7.000", "7.00", "700", "700.0"}


def _map_numbers(value: Any) -> Any:
    """Replace every number of a record, also within words, by 7; nothing else stays."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, (int, float)):
        return 7
    if isinstance(value, str):
        return re.sub(r"\d+", "7", re.sub(r"(?:[0-9a-f]{2}){16,}", "", value)).replace("7-7-7", "7")
    if isinstance(value, list):
        return [_map_numbers(item) for item in value]
    return {key: _map_numbers(item) for key, item in value.items()}


def test_a_leak_is_labelled_in_the_card_and_never_stands_alone(record):
    record["leak"]["kind"] = "leaky"
    card = render_card(record)
    assert "unseen-cells LEAKY" in card


def test_a_sample_is_labelled(record):
    record["limit"] = 100
    assert "unseen-cells, sample of 100" in render_card(record)


def test_plots_are_written_and_open(record, tmp_path):
    paths = write_plots(record, tmp_path)
    assert [path.name for path in paths] == list(NAMES)
    for path in paths:
        with Image.open(path) as image:
            image.load()
            pixels = np.asarray(image.convert("L"))
        assert min(pixels.shape) > 500
        # Dark on light: mostly white, and something drawn.
        assert np.median(pixels) > 200
        assert (pixels < 100).mean() > 0.005


def test_report_and_page_are_made_from_what_is_on_disk(record, page, tmp_path):
    card = write_report(record, tmp_path / "out")
    again = json.loads((tmp_path / "out" / "result.json").read_text(encoding="utf-8"))
    assert card.read_text(encoding="utf-8") == render_card(again)
    text = (page / "model-card.md").read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([^)]+\.png)\)", text):
        assert (page / link).is_file()
    assert (page / "model-card" / "result.json").is_file()


def test_comparison_shows_the_record_s_figures_and_no_figure_of_what_was_not_measured(record, page):
    text = (page / "comparison.md").read_text(encoding="utf-8")
    assert NOTICE in text
    ours = with_interval(
        record["accuracy_over_originals"], record["intervals"]["accuracy_over_originals"]
    )
    assert f"| {ours} | 94.4% |" in text
    assert "`lab-out:jtsc`" in text
    assert "`lab-out:bccd`" not in text
