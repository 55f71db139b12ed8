"""Plots of an evaluation, from its JSON record: one panel a protocol, side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from hemavision.evaluation.result import label, results_in

INK, ACCENT, SECOND, THIRD, PALE = "#1b1f2a", "#3d5a98", "#b5546b", "#4f8a6b", "#d9dde6"
PANEL_IN = 4.4
DPI = 130
CONFUSION, RELIABILITY, PER_CLASS = "confusion.png", "reliability.png", "per-class.png"
COVERAGE = "coverage.png"
NAMES = (CONFUSION, RELIABILITY, PER_CLASS, COVERAGE)


def write_plots(record: dict[str, Any], folder: Path) -> list[Path]:
    """Write the plots into ``folder``; return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    records = results_in(record)
    paths = []
    drawn = (_draw_confusion, _draw_reliability, _draw_classes, _draw_coverage)
    for name, draw in zip(NAMES, drawn, strict=True):
        columns = min(len(records), 2)
        rows = -(-len(records) // columns)
        figure = Figure(figsize=(PANEL_IN * columns, PANEL_IN * rows), layout="constrained")
        FigureCanvasAgg(figure)
        panels = figure.subplots(rows, columns, squeeze=False).ravel()
        for panel, r in zip(panels, records, strict=False):
            draw(panel, r)
            counts = f"{r['n_images']:,} images of {r['n_originals']:,} originals"
            panel.set_title(f"{label(r)}\n{counts}", fontsize=9, color=INK)
            panel.tick_params(labelsize=8, colors=INK)
        for panel in panels[len(records) :]:
            panel.set_axis_off()
        figure.supxlabel(record["notice"], fontsize=7, color=INK)
        figure.savefig(folder / name, dpi=DPI, facecolor="white", metadata={"Software": None})
        paths.append(folder / name)
    return paths


def _draw_confusion(panel: Axes, record: dict[str, Any]) -> None:
    counts = np.array(record["confusion"])
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    panel.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(counts):
        dark = shares[row, column] > 0.55
        text = f"{count:,}\n{100 * shares[row, column]:.0f}%"
        colour = "white" if dark else INK
        size = 8 if len(counts) < 6 else 5.5
        panel.text(column, row, text, ha="center", va="center", fontsize=size, color=colour)
    types = record["cell_types"]
    panel.set_xticks(range(len(types)), types, rotation=30, ha="right")
    panel.set_yticks(range(len(types)), types)
    panel.set_xlabel("called", fontsize=9, color=INK)
    panel.set_ylabel("is", fontsize=9, color=INK)
    panel.spines[:].set_visible(False)


def _draw_reliability(panel: Axes, record: dict[str, Any]) -> None:
    rows = record["reliability"]
    most = max(row["n_images"] for row in rows)
    panel.plot([0, 1], [0, 1], color=PALE, linewidth=1.2, zorder=0)
    # The columns behind say where the images are: a point of three images is no evidence.
    widths = [row["high"] - row["low"] for row in rows]
    heights = [0.3 * row["n_images"] / most for row in rows]
    panel.bar([row["low"] for row in rows], heights, widths, align="edge", color=PALE, zorder=0)
    confidence = [row["confidence"] for row in rows]
    panel.plot(confidence, [row["accuracy"] for row in rows], "o-", color=ACCENT, markersize=4)
    panel.set(xlim=(0, 1), ylim=(0, 1.02))
    panel.set_xlabel("confidence (columns: images)", fontsize=9, color=INK)
    panel.set_ylabel("accuracy", fontsize=9, color=INK)
    text = f"ECE {100 * record['ece']:.1f}%"
    panel.text(0.04, 0.93, text, transform=panel.transAxes, fontsize=9, color=INK)
    panel.spines[["top", "right"]].set_visible(False)


def _draw_classes(panel: Axes, record: dict[str, Any]) -> None:
    types = record["cell_types"]
    for offset, (figure, colour) in enumerate(
        (("precision", ACCENT), ("recall", SECOND), ("f1", THIRD))
    ):
        places = np.arange(len(types)) + (offset - 1) * 0.26
        rows = [record["per_class"][name] for name in types]
        values = np.array([row[figure] for row in rows])
        panel.bar(places, values, 0.24, color=colour, label=figure.replace("f1", "F1"))
        intervals = [
            row["intervals"].get(figure, [v, v]) for row, v in zip(rows, values, strict=True)
        ]
        spread = np.abs(np.array(intervals).T - values)
        panel.errorbar(places, values, spread, fmt="none", ecolor=INK, elinewidth=0.8, capsize=2)
    panel.set_xticks(range(len(types)), types, rotation=30, ha="right")
    panel.set(ylim=(0, 1.2), yticks=np.linspace(0, 1, 6))
    panel.legend(fontsize=7, loc="upper center", ncols=3, frameon=False)
    panel.spines[["top", "right"]].set_visible(False)


def _draw_coverage(panel: Axes, record: dict[str, Any]) -> None:
    points = record["coverage_curve"]
    shares = [point["share"] for point in points]
    panel.plot(shares, [point["accuracy"] for point in points], color=ACCENT)
    panel.axvline(record["coverage"], color=SECOND, linewidth=1, linestyle="--")
    panel.set(xlim=(0, 1), ylim=(min(0.9, *(p["accuracy"] for p in points)) - 0.02, 1.005))
    panel.set_xlabel("share answered, surest first (dashed: confident)", fontsize=9, color=INK)
    panel.set_ylabel("accuracy of these", fontsize=9, color=INK)
    panel.spines[["top", "right"]].set_visible(False)
