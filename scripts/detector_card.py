"""Measures the shipped detector, writes its figures into its manifest, and its card from both.

The manifest is part of the file, so the file's SHA-256 changes while graph and weights do not; the
card names the new one.

    python scripts/detector_card.py            # measure, stamp, write docs/detector-card.md
    python scripts/detector_card.py --check    # name the card if it is out of date
"""

# ruff: noqa: E501  (the lines of a page)

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import onnx
from onnx import helper

from hemavision.datasets.protocols import Dataset
from hemavision.evaluation.boxes import score_detector
from hemavision.evaluation.foreign_fields import FIELD_PROTOCOLS, score_fields
from hemavision.graph.writer import write_model
from hemavision.reading.bundle import check_bundle, sha256_of
from hemavision.reading.finding.detector import DEFAULT_DETECTOR, FOLDER, open_detector
from hemavision.reading.finding.manifest import MANIFEST_KEY, DetectorManifest
from hemavision.records.results import NOTICE
from hemavision.settings import data_folder

CARD = Path(__file__).resolve().parents[1] / "docs" / "detector-card.md"
BUNDLE = FOLDER / f"{DEFAULT_DETECTOR}.onnx"
KEPT = (
    "images", "marked", "map50", "map50_95", "ap50", "intervals", "at_threshold", "elsewhere",
    "cells", "found", "leak", "detector",
)  # fmt: skip
WORDS = {"found": "White cells found"}
TITLES = {"white_cell": "White cells", "red_cell": "Red cells", "platelet": "Platelets"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing")
    if not parser.parse_args().check:
        at_home = score_detector(None, data_folder())
        dataset = Dataset(data_folder())
        stamp([at_home, *(score_fields(protocol, dataset) for protocol in FIELD_PROTOCOLS)])
        CARD.write_text(card(), encoding="utf-8")
    elif CARD.read_text(encoding="utf-8") != card():
        sys.exit(f"{CARD.name} is out of date; run scripts/detector_card.py")


def stamp(records: list[dict[str, Any]]) -> None:
    """Write the figures into the bundle's manifest."""
    proto = onnx.load_model_from_string(check_bundle(BUNDLE))
    metadata = {entry.key: entry.value for entry in proto.metadata_props}
    metrics = {
        record["protocol"]: {key: record[key] for key in KEPT if key in record}
        for record in records
    }
    manifest = replace(open_detector().manifest, metrics=metrics)
    helper.set_model_props(proto, metadata | {MANIFEST_KEY: manifest.to_json()})
    write_model(proto, BUNDLE)


def card() -> str:
    """Return the card's text; every number comes from the bundle itself."""
    manifest = open_detector().manifest
    (protocol, figures), *abroad = manifest.metrics.items()
    size = BUNDLE.stat().st_size / 1e6
    return f"""# Detector card: {manifest.name}

<!-- Written by scripts/detector_card.py from the bundle; do not edit. -->

**{NOTICE}**

## What it is

A small anchor-free network that finds every white cell, red cell and platelet of a stained smear's
field, each with a box and a score ([decision 0009](decisions/0009-detector.md)). It names no type of
white cell; the classifier does.

|  |  |
|---|---|
| Size of the bundle | {size:.2f} MB |
| Looks at | fields at {manifest.scale:g} of BCCD's scale, red cells about {manifest.red_px:.0f} pixels wide; larger fields in tiles, other scales after a second look |
| Counts from a score of | {", ".join(f"{TITLES[k].lower()} {v:.2f}" for k, v in manifest.thresholds.items())} |
| Licence | {manifest.licence} |
| SHA-256 of the bundle | `{sha256_of(BUNDLE.read_bytes())}` |
| SHA-256 of the weights | `{manifest.weights_sha256}` |

## Figures

`{protocol}`: {figures["images"]} fields of BCCD's test list, with the set's own boxes, which miss and
misplace cells. Average precision by pycocotools; in brackets 95% intervals, fields resampled.

|  |  |
|---|---|
| mAP50 | {_with_interval(figures, "map50")} |
| mAP50-95 | {_with_interval(figures, "map50_95")} |

| Kind | Marked | AP50 | Precision | Recall |
|---|---|---|---|---|
{_rows(figures)}
Precision and recall at the detector's own thresholds. Most "false" red cells are real ones that
nobody marked: [decision 0009](decisions/0009-detector.md) has a sample looked at by hand.

Of {figures["elsewhere"]["images"]} single white cells of {figures["elsewhere"]["set"]} it finds
{_elsewhere(figures["elsewhere"])}. Pictures of that set taught it what a white cell looks like, this
part of it did not.

## In laboratories never seen

By detectors of the same recipe, in fewer passes, that never saw a field or a cell of the set; in brackets
95% intervals, slides or fields resampled.

| Protocol | Fields | Figure | |
|---|---|---|---|
{_abroad(dict(abroad))}
How many of the found cells are rightly named is the classifier's doing, and no figure of this bundle:
`hemavision evaluate DATA --protocol field-out:bcisc` says so of the two together
([decision 0010](decisions/0010-eye.md)).

## What it was not shown

Fields of three laboratories and single cells of four taught it. It has not seen bone marrow, parasites,
clumped platelets marked as such, or smears thicker than those. No set says which patient a field
came from.

## How it was trained

|  |  |
|---|---|
{_training(manifest)}"""


def _with_interval(figures: dict[str, Any], name: str) -> str:
    low, high = figures["intervals"][name]
    return f"{figures[name]:.3f} [{low:.3f}, {high:.3f}]"


def _rows(figures: dict[str, Any]) -> str:
    rows = ""
    for kind, value in figures["ap50"].items():
        low, high = figures["intervals"]["ap50"][kind]
        at = figures["at_threshold"][kind]
        rows += (
            f"| {TITLES[kind]} | {figures['marked'][kind]} | {value:.3f} [{low:.3f}, {high:.3f}] | "
            f"{100 * at['precision']:.1f}% | {100 * at['recall']:.1f}% |\n"
        )
    return rows


def _abroad(records: dict[str, dict[str, Any]]) -> str:
    rows = ""
    for protocol, record in records.items():
        by = f"by `{record['detector']['name']}`" + (" (leaky)" * (record["leak"] != "none"))
        spread = record["intervals"]
        for name, words in WORDS.items():
            if name in record:
                low, high = spread[name]
                value = f"{100 * record[name]:.1f}% [{100 * low:.1f}, {100 * high:.1f}]"
                rows += f"| `{protocol}` | {record['images']} | {words} | {value}, {by} |\n"
        for kind, value in record.get("ap50", {}).items():
            low, high = spread[kind]
            figure = f"{value:.3f} [{low:.3f}, {high:.3f}]"
            title = f"{TITLES[kind]}, AP50"
            rows += f"| `{protocol}` | {record['images']} | {title} | {figure}, {by} |\n"
    return rows


def _elsewhere(found: dict[str, Any]) -> str:
    low, high = found["interval"]
    return (
        f"{100 * found['found']:.1f}% [{100 * low:.1f}, {100 * high:.1f}] and "
        f"{100 * found['found_twice']:.1f}% twice"
    )


def _training(manifest: DetectorManifest) -> str:
    return "".join(
        f"| {name} | `{json.dumps(value) if not isinstance(value, str) else value}` |\n"
        for name, value in sorted(manifest.training.items())
    )


if __name__ == "__main__":
    main()
