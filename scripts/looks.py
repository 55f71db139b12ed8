"""Prints what each way of looking at a cell is worth, by networks that never saw its laboratory.

    python scripts/looks.py [PROTOCOL...]     by default every one of a laboratory never seen

A line a way: macro recall, expected calibration error, and the share of all answers that are wrong
with a confidence of 0.9 or more, in per cent. It makes the table of docs/decisions/0010-eye.md.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from hemavision.datasets.protocols import PROTOCOLS, measuring
from hemavision.datasets.samples import Sample, open_sample
from hemavision.datasets.splits import drawn
from hemavision.images.stain import measure_stain, standardise
from hemavision.reading.engine import OnnxEngine
from hemavision.reading.odds import ODDS, WEIGHT
from hemavision.reading.preprocess import cut_input
from hemavision.reading.where import where_to_look
from hemavision.settings import data_folder

#: Most cells of a laboratory, drawn with a fixed seed.
MOST = 600
#: Quarter turns of a cell, and of its mirror image, clockwise: N × stain × 8 × K.
OWN, STANDARD = 0, 1

Answers = np.ndarray
WAYS: dict[str, Callable[[Answers, np.ndarray], Answers]] = {
    "one view, own stain": lambda p, odds: p[:, OWN, 0],
    "one view, standard stain": lambda p, odds: p[:, STANDARD, 0],
    "two turns": lambda p, odds: _own(p, 0, 1),
    "four turns": lambda p, odds: _own(p, 0, 1, 2, 3),
    "four mirrored": lambda p, odds: _own(p, 0, 2, 4, 6),
    "turned and mirrored, eight": lambda p, odds: _own(p, *range(8)),
    "two mirrored of each stain, half the odds (before)": lambda p, odds: _leaning(
        (_own(p, 0, 2) + p[:, STANDARD][:, [4, 6]].mean(axis=1)) / 2, WEIGHT * odds
    ),
    "two turns of each stain, half the odds": lambda p, odds: _leaning(
        (_own(p, 0, 1) + p[:, STANDARD][:, [2, 3]].mean(axis=1)) / 2, WEIGHT * odds
    ),
    "one view, half the odds": lambda p, odds: _leaning(_own(p, 0), WEIGHT * odds),
    "**two turns, half the odds (shipped)**": lambda p, odds: _leaning(
        _own(p, 0, 1), WEIGHT * odds
    ),
    "two turns, odds of blood": lambda p, odds: _leaning(_own(p, 0, 1), odds),
    "four turns, half the odds": lambda p, odds: _leaning(_own(p, 0, 1, 2, 3), WEIGHT * odds),
    "eight, half the odds": lambda p, odds: _leaning(_own(p, *range(8)), WEIGHT * odds),
}


def main() -> None:
    asked = sys.argv[1:] or [p.name for p in measuring("classifier") if p.never_seen]
    names = [name for name in asked if PROTOCOLS[name].own_model]
    columns = {name: judge_ways(name) for name in names}
    print("| " + " | ".join(["way", *names, "mean recall"]) + " |")
    print("|---" * (len(names) + 2) + "|")
    for way in WAYS:
        figures = [columns[name][way] for name in names]
        cells = [" / ".join(f"{value:.1f}" for value in row) for row in figures]
        print(f"| {way} | " + " | ".join(cells) + f" | {np.mean([f[0] for f in figures]):.1f} |")


def judge_ways(name: str) -> dict[str, tuple[float, float, float]]:
    """Return each way's macro recall, calibration error and share of sure errors, in per cent."""
    protocol = PROTOCOLS[name]
    assert protocol.own_model
    engine = OnnxEngine(protocol.own_model)
    types = engine.manifest.cell_types
    samples = drawn(protocol.test(data_folder()), MOST)
    answers = np.stack([look(engine, sample) for sample in samples])
    labels = np.array([types.index(sample.cell_type) for sample in samples])
    odds = np.array([ODDS.get(name, 0.0) for name in types])
    return {name: judge(way(answers, odds), labels) for name, way in WAYS.items()}


def look(engine: OnnxEngine, sample: Sample) -> np.ndarray:
    """Return the probabilities of all views: stain × 8 × K."""
    rgb, spec = open_sample(sample), replace(engine.manifest.preprocess, stain="as-is")
    own = cut_input(rgb, where_to_look(rgb, spec), spec)
    views = [
        np.rot90(side, -turns)
        for crop in (own, standardise(own, measure_stain(own), None))
        for side in (crop, crop[:, ::-1])
        for turns in range(4)
    ]
    return engine.run(np.stack(views)).probabilities.reshape(2, 8, -1)


def judge(p: np.ndarray, labels: np.ndarray) -> tuple[float, float, float]:
    """Return macro recall, expected calibration error (15 bins) and sure errors, in per cent."""
    named, sure = p.argmax(axis=1), p.max(axis=1)
    right = named == labels
    recall = np.mean([right[labels == kind].mean() for kind in np.unique(labels)])
    bins = np.minimum((sure * 15).astype(int), 14)
    gaps = [abs(sure[bins == b].sum() - right[bins == b].sum()) for b in np.unique(bins)]
    return (
        100 * float(recall),
        100 * float(sum(gaps)) / len(labels),
        100 * float((~right & (sure >= 0.9)).mean()),
    )


def _own(p: np.ndarray, *views: int) -> np.ndarray:
    mean: np.ndarray = p[:, OWN][:, list(views)].mean(axis=1)
    return mean


def _leaning(p: np.ndarray, odds: np.ndarray) -> np.ndarray:
    leaning = p * np.exp(odds)
    return np.asarray(leaning / leaning.sum(axis=1, keepdims=True))


if __name__ == "__main__":
    main()
