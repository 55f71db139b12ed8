"""How a figure of the JSON record is written for people: the same in table and card."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

ABSENT = "–"

#: Rows of the side-by-side table: key of the record and what a person reads.
ROWS = {
    "accuracy": "Accuracy over images",
    "accuracy_over_originals": "Accuracy over originals (one vote each)",
    "macro_precision": "Macro precision",
    "macro_recall": "Macro recall",
    "macro_f1": "Macro F1",
    "ece": "Expected calibration error",
    "accuracy_surest": "Accuracy on the surest nine tenths",
    "coverage": "Share answered as confident",
    "accuracy_confident": "Accuracy where confident",
    "wrong_confident": "Wrong and confident",
    "novelty_share": "Share flagged unfamiliar",
    "mean_confidence": "Mean confidence",
}


def percent(value: float | None) -> str:
    """Write a share as a percentage with one decimal, or a dash."""
    return ABSENT if value is None else f"{100 * value:.1f}%"


def with_interval(value: float | None, interval: list[float] | None) -> str:
    """Write a share with its interval: ``96.1% [93.0, 98.2]``."""
    if value is None or interval is None:
        return percent(value)
    return f"{percent(value)} [{100 * interval[0]:.1f}, {100 * interval[1]:.1f}]"


def comparison(records: list[dict[str, Any]]) -> Iterator[list[str]]:
    """Yield the lines of the side-by-side table: a name, then one cell a record."""
    yield ["Model", *(r["model"]["name"] for r in records)]
    yield [
        "Test images (originals)",
        *(f"{r['n_images']:,} ({r['n_originals']:,})" for r in records),
    ]
    for key, name in ROWS.items():
        yield [name, *(with_interval(r[key], r["intervals"].get(key)) for r in records)]
    if any(r.get("morphology") for r in records):
        yield ["Morphology, mean macro F1", *(_morphology(r.get("morphology")) for r in records)]
    yield ["Milliseconds an image", *(f"{r['milliseconds_per_image']:.1f}" for r in records)]


def _morphology(scores: dict[str, Any] | None) -> str:
    return with_interval(scores["macro_f1"], scores["interval"]) if scores else ABSENT


def class_lines(record: dict[str, Any]) -> Iterator[list[str]]:
    """Yield one line a cell type: name, precision, recall, F1, test images."""
    for name, row in record["per_class"].items():
        cells = [
            with_interval(row[figure], row["intervals"].get(figure))
            for figure in ("precision", "recall", "f1")
        ]
        yield [name, *cells, f"{row['support']:,}"]


def confusion_lines(record: dict[str, Any]) -> Iterator[list[str]]:
    """Yield one line a right type: its name, then the counts of the answers."""
    for name, row in zip(record["cell_types"], record["confusion"], strict=True):
        yield [name, *(f"{count:,}" for count in row)]


def status_lines(record: dict[str, Any]) -> Iterator[list[str]]:
    """Yield one line a status: name, images, share, accuracy."""
    for name, row in record["by_status"].items():
        yield [name, f"{row['n_images']:,}", percent(row["share"]), percent(row["accuracy"])]


def familiarity_lines(scores: dict[str, Any]) -> Iterator[list[str]]:
    """Yield one line a kind of picture: its name, AUROC, share flagged, how many."""
    for name, row in scores["kinds"].items():
        auroc = f"{row['auroc']:.3f} [{row['interval'][0]:.3f}, {row['interval'][1]:.3f}]"
        yield [name, auroc, percent(row["unfamiliar"]), f"{row['n']:,}"]


def heatmap_lines(scores: dict[str, Any]) -> Iterator[list[str]]:
    """Yield one line a heatmap score: name, score, what chance would give."""
    curves = scores["perturbation"]
    yield [
        "Heat inside the cell's box",
        with_interval(scores["energy"], scores["energy_interval"]),
        percent(scores["energy_chance"]),
    ]
    yield [
        "Heat inside the cell's box, chance over the whole photograph",
        with_interval(scores["energy"], scores["energy_interval"]),
        percent(scores["cell_in_field"]),
    ]
    yield [
        "Heat on the nucleus",
        percent(scores["nucleus_energy"]),
        percent(scores["nucleus_chance"]),
    ]
    yield [
        "Hottest point inside the cell's box",
        with_interval(scores["pointing"], scores["pointing_interval"]),
        percent(scores["energy_chance"]),
    ]
    yield [
        "Deletion area (lower is better)",
        f"{curves['deletion']:.3f}",
        f"{curves['deletion_chance']:.3f}",
    ]
    yield [
        "Insertion area (higher is better)",
        f"{curves['insertion']:.3f}",
        f"{curves['insertion_chance']:.3f}",
    ]
    masks = scores["masks"]
    of = f"({masks['n_cells']} cells of {masks['set']})"
    rows = (("cell", "energy", "energy_chance"), ("nucleus", "nucleus_energy", "nucleus_chance"))
    for name, share, chance in rows:
        yield [f"Heat on the {name}'s mask {of}", percent(masks[share]), percent(masks[chance])]
    for stage, value in scores["randomisation"]["spearman"].items():
        # Adding zero turns a rounded -0.0 into 0.0.
        yield [f"Likeness to the map with shuffled {stage}", f"{round(value, 2) + 0:.2f}", ABSENT]
