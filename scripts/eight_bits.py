"""Prints what eight bits cost and gain, by bundles that were never shown what they are asked.

    python scripts/eight_bits.py [PROTOCOL...]   by default pbc and every laboratory never seen

Each bundle is put in eight bits by training images of its own laboratories alone, and both are
asked about the same cells: accuracy and macro recall, answers lost and won, the rank correlation of
the named type's heatmap, confident answers, those that are wrong, unfamiliar cells, and the share
of the processor time of a pass on one core. The table of docs/decisions/0012-the-pass.md.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from scipy.stats import spearmanr

from hemavision.datasets.protocols import PROTOCOLS, default_model, measuring
from hemavision.datasets.samples import Sample, open_sample
from hemavision.datasets.splits import drawn, restrict
from hemavision.reading.bundle import find_bundle
from hemavision.reading.cell import Model
from hemavision.reading.engine import EngineOutput, OnnxEngine
from hemavision.records.results import ModelReference, Prediction, Status
from hemavision.settings import data_folder
from hemavision.training.eight_bits import classifier_in_eight_bits

#: Most cells of a laboratory, drawn with a fixed seed.
MOST = 600
COLUMNS = (
    "accuracy", "macro recall", "lost / won", "maps", "confident", "wrong and confident",
    "unfamiliar", "time",
)  # fmt: skip


def main() -> None:
    never_seen = [p.name for p in measuring("classifier") if p.never_seen]
    print("| " + " | ".join(["protocol", "cells", *COLUMNS]) + " |")
    print("|---" * (len(COLUMNS) + 2) + "|")
    for name in sys.argv[1:] or ["pbc", *never_seen]:
        protocol = PROTOCOLS[name]
        split = restrict(protocol.split(data_folder()), protocol.cell_types, ask=False)
        samples = drawn(split.test, MOST)
        bundle = find_bundle(default_model(name))
        with tempfile.TemporaryDirectory() as folder:
            small = Path(folder) / bundle.name
            classifier_in_eight_bits(bundle, split.train, small, "scripts/eight_bits.py")
            cells = compared(name, samples, bundle, small)
        print(f"| {name} | {len(samples)} | " + " | ".join(cells) + " |", flush=True)


def compared(name: str, samples: list[Sample], *bundles: Path) -> list[str]:
    """Return the table's cells for a bundle and the same in eight bits."""
    truth = np.array([sample.cell_type for sample in samples])
    (full, slow), (small, fast) = (answers(bundle, samples) for bundle in bundles)
    right = [np.array([p.cell_type for p in some]) == truth for some in (full, small)]
    recalls = [np.mean([r[truth == kind].mean() for kind in np.unique(truth)]) for r in right]
    sure = [_shares(some, Status.CONFIDENT) for some in (full, small)]
    wrong = [share & ~r for share, r in zip(sure, right, strict=True)]
    strange = [_shares(some, Status.UNFAMILIAR) for some in (full, small)]
    alike = [
        spearmanr(a.heatmap(a.cell_type).ravel(), b.heatmap(a.cell_type).ravel()).statistic
        for a, b in zip(full, small, strict=True)
    ]
    return [
        *(_moved(*(100 * np.mean(one) for one in two)) for two in (right, recalls)),
        f"{(right[0] & ~right[1]).sum()} / {(right[1] & ~right[0]).sum()}",
        f"{np.nanmean(alike):.3f}",
        *(_moved(*(100 * np.mean(one) for one in two)) for two in (sure, wrong, strange)),
        f"{fast / slow:.2f}",
    ]


def answers(bundle: Path, samples: list[Sample]) -> tuple[list[Prediction], float]:
    """Return what a bundle says of samples, and the processor seconds of its passes on one core."""
    engine = _Timed(bundle, threads=1)
    model = Model(engine, ModelReference(bundle.stem, engine.sha256))
    return list(model.predict_arrays([open_sample(sample) for sample in samples])), engine.seconds


class _Timed(OnnxEngine):
    """Counts the time of its passes in its own thread: what else the machine does takes none."""

    seconds = 0.0

    def run(self, crops: np.ndarray) -> EngineOutput:
        started = time.thread_time()
        output = super().run(crops)
        self.seconds += time.thread_time() - started
        return output


def _shares(predictions: list[Prediction], status: Status) -> np.ndarray:
    return np.array([p.status is status for p in predictions])


def _moved(full: float, small: float) -> str:
    return f"{full:.1f} → {small:.1f}"


if __name__ == "__main__":
    main()
