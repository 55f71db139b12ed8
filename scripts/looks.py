"""Prints what each way of looking at a cell is worth, by networks that never saw its laboratory.

    python scripts/looks.py [PROTOCOL...]     by default every one of a laboratory never seen

A line a way: macro recall, expected calibration error, and the share of all answers that are wrong
with a confidence of 0.9 or more, in per cent. It makes the table of docs/decisions/0010-eye.md.
"""

from __future__ import annotations

import sys
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageFilter

from hemavision.datasets.protocols import PROTOCOLS, measuring
from hemavision.datasets.samples import Sample, open_sample
from hemavision.datasets.splits import drawn
from hemavision.reading.engine import OnnxEngine
from hemavision.reading.odds import ODDS
from hemavision.reading.preprocess import cut_input
from hemavision.reading.where import where_to_look
from hemavision.settings import data_folder

#: Most cells of a laboratory, drawn with a fixed seed.
MOST = 600
#: The views of a way: quarter turns, and pixels by which they are blurred.
VIEWS: dict[str, tuple[tuple[int, float], ...]] = {
    "one": ((0, 0),),
    "one, blurred by 1": ((0, 1),),
    "two turns": ((0, 0), (1, 0)),
    "two turns, one blurred by 1": ((0, 0), (1, 1)),
    "two turns, one blurred by 1.5": ((0, 0), (1, 1.5)),
    "two turns, one blurred by 2": ((0, 0), (1, 2)),
    "two turns, both blurred by 1": ((0, 1), (1, 1)),
    "four turns": ((0, 0), (1, 0), (2, 0), (3, 0)),
    "four turns, two blurred by 1.5": ((0, 0), (1, 1.5), (2, 0), (3, 1.5)),
}
ALL = sorted({view for views in VIEWS.values() for view in views})
#: How much of the odds of blood counts.
WEIGHTS = (0.0, 1 / 3, 0.5, 1.0)


class Figures(NamedTuple):
    """Macro recall, expected calibration error (15 bins) and sure errors, in per cent."""

    recall: float
    error: float
    sure: float


def main() -> None:
    asked = sys.argv[1:] or [p.name for p in measuring("classifier") if p.never_seen]
    names = [name for name in asked if PROTOCOLS[name].own_model]
    columns = {name: judge_ways(name) for name in names}
    print("| " + " | ".join(["views", "odds", *names, "mean recall"]) + " |")
    print("|---" * (len(names) + 3) + "|")
    for views in VIEWS:
        for weight in WEIGHTS:
            figures = [columns[name][views, weight] for name in names]
            cells = [" / ".join(f"{value:.1f}" for value in row) for row in figures]
            recall = np.mean([row.recall for row in figures])
            print("| " + " | ".join([views, f"{weight:.2f}", *cells, f"{recall:.1f}"]) + " |")


def judge_ways(name: str) -> dict[tuple[str, float], Figures]:
    """Return each way's figures: by its views and how much of the odds counts."""
    protocol = PROTOCOLS[name]
    assert protocol.own_model
    engine = OnnxEngine(protocol.own_model)
    types = engine.manifest.cell_types
    samples = drawn(protocol.test(data_folder()), MOST)
    answers = np.stack([look(engine, sample) for sample in samples])
    labels = np.array([types.index(sample.cell_type) for sample in samples])
    odds = np.array([ODDS.get(name, 0.0) for name in types])
    return {
        (way, weight): judge(
            answers[:, [ALL.index(view) for view in views]].mean(axis=1), weight * odds, labels
        )
        for way, views in VIEWS.items()
        for weight in WEIGHTS
    }


def look(engine: OnnxEngine, sample: Sample) -> np.ndarray:
    """Return the probabilities of :data:`ALL` views: N × K."""
    rgb, spec = open_sample(sample), engine.manifest.preprocess
    own = Image.fromarray(cut_input(rgb, where_to_look(rgb, spec), spec))
    blurred = {blur: np.asarray(own.filter(ImageFilter.GaussianBlur(blur))) for _, blur in ALL}
    views = [np.rot90(blurred[blur], -turns) for turns, blur in ALL]
    return engine.run(np.stack(views)).probabilities


def judge(p: np.ndarray, odds: np.ndarray, labels: np.ndarray) -> Figures:
    """Return the figures of probabilities (N×K) that lean by odds (K, logarithms)."""
    leaning = p * np.exp(odds)
    leaning /= leaning.sum(axis=1, keepdims=True)
    sure, right = leaning.max(axis=1), leaning.argmax(axis=1) == labels
    recall = np.mean([right[labels == kind].mean() for kind in np.unique(labels)])
    bins = np.minimum((sure * 15).astype(int), 14)
    gaps = [abs(sure[bins == b].sum() - right[bins == b].sum()) for b in np.unique(bins)]
    shares = (recall, sum(gaps) / len(labels), (~right & (sure >= 0.9)).mean())
    return Figures(*(100 * float(share) for share in shares))


if __name__ == "__main__":
    main()
