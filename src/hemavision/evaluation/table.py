"""The evaluation as tables on a terminal, the protocols side by side."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.table import Table

from hemavision.evaluation.figures import (
    class_lines,
    comparison,
    confusion_lines,
    familiarity_lines,
    heatmap_lines,
    status_lines,
)
from hemavision.evaluation.result import label, results_in


def print_tables(record: dict[str, Any], console: Console) -> None:
    """Print every table of an evaluation, and the notes that belong to it."""
    records = results_in(record)
    names = [label(r) for r in records]
    level = f"{100 * record['interval_level']:.0f}%"
    _print(console, f"Figures, with {level} intervals", ["", *names], comparison(records))
    for r, name in zip(records, names, strict=True):
        header = ["cell type", "precision", "recall", "F1", "images"]
        _print(console, f"{name}: each cell type", header, class_lines(r))
        header = ["is ↓ / called →", *r["cell_types"]]
        _print(console, f"{name}: confusion", header, confusion_lines(r))
        header = ["status", "images", "share", "accuracy"]
        _print(console, f"{name}: how far to trust", header, status_lines(r))
        for other, counts in r["other_types"].items():
            said = ", ".join(f"{count} {status}" for status, count in counts.items())
            console.print(f"The model cannot name {other}: it answered {said}.")
    if "heatmaps" in record:
        header = ["score", "value", "chance"]
        title = f"Heatmaps of {record['heatmaps']['n_fields']} fields"
        _print(console, title, header, heatmap_lines(record["heatmaps"]))
    if "familiarity" in record:
        scores = record["familiarity"]
        header = ["picture", "AUROC against known cells", "unfamiliar", "pictures"]
        lines = familiarity_lines(scores)
        _print(console, f"Familiarity of {scores['model']['name']}", header, lines)
    if "detected" in record:
        console.print(_against_whole(record["detected"]))
    for r, name in zip(records, names, strict=True):
        console.print(f"{name}: {r['leak']['note']}")
    console.print(record["notice"])


def _against_whole(found: dict[str, Any]) -> str:
    low, high = (100 * end for end in found["interval"])
    gain, shared = 100 * found["accuracy_gain"], found["detector"]["shared_originals"]
    seen = (
        "its manifest does not say what it learned from"
        if shared is None
        else (f"it learned from {shared} of these photographs")
    )
    return (
        f"Detect, crop, classify against the whole image: {gain:+.1f} points [{low:+.1f}, "
        f"{high:+.1f}]; only it right in {found['right_only_detected']:,} images, only the whole "
        f"image in {found['right_only_whole']:,}; the white cell below the detector's threshold in "
        f"{found['below_threshold']:,}, not found at all in {found['not_found']:,}. "
        f"Detector {found['detector']['name']}: {seen}."
    )


def _print(console: Console, title: str, header: list[str], lines: Iterable[list[str]]) -> None:
    console.print(f"\n{title}", style="bold")
    table = Table()
    for index, name in enumerate(header):
        table.add_column(name, justify="right" if index else "left")
    for line in lines:
        table.add_row(*line)
    console.print(table)
