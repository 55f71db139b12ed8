"""From a finished run of the detector to its bundle: weights, thresholds, manifest."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from hemavision.datasets.fields import NAMES, BoxedField, FieldSplit
from hemavision.errors import TrainingError
from hemavision.graph.writer import write_detector
from hemavision.keras_files.loading import network_from_keras
from hemavision.models.cell_detector import build
from hemavision.reading.finding.detector import Detector
from hemavision.reading.finding.manifest import DetectorManifest
from hemavision.reading.finding.tiles import matched
from hemavision.records.results import CellKind
from hemavision.training.command import record_without_folders
from hemavision.training.detector.opened import HOME_SCALE
from hemavision.training.fit import FINAL
from hemavision.training.run import CONFIG

#: The least score that a threshold is looked for among.
LEAST = 0.1
#: The lowest threshold is taken whose F-score is this near to the best: in another laboratory's
#: stain the same cells have lower scores.
NEARLY_BEST = 0.02


def export_detector(folder: Path, split: FieldSplit, bundle: Path) -> DetectorManifest:
    """Write the weights of a run as a detector's bundle.

    Args:
        folder: of the run.
        split: that the run was trained with; its validation fields choose the thresholds.
        bundle: the file to write; its stem becomes the detector's name.

    Raises:
        TrainingError: the run is not finished.
    """
    if not (folder / FINAL).exists():
        raise TrainingError(f"{folder} holds no finished run; `hemavision train` makes one.")
    model = build()
    model.load_weights(folder / FINAL)
    network = network_from_keras(model).in_half_precision()
    red = list(NAMES).index(CellKind.RED)
    boxes = [f.boxes[f.kinds == red] * HOME_SCALE[f.source] for f in split.train]
    sides = np.sqrt(np.concatenate([(b[:, 2:] - b[:, :2]).prod(axis=1) for b in boxes]))
    manifest = DetectorManifest(
        name=bundle.stem,
        kinds=tuple(NAMES),
        thresholds={kind.value: LEAST for kind in NAMES},
        scale=HOME_SCALE["bccd"],
        red_px=float(np.median(sides)),
        weights_sha256=network.weights_sha256(),
        training=record_without_folders(json.loads((folder / CONFIG).read_text())),
    )
    with tempfile.TemporaryDirectory() as scratch:
        raw = Path(scratch) / "raw.onnx"
        write_detector(network, manifest, raw)
        thresholds = choose_thresholds(Detector(raw), split.validation)
    manifest = replace(manifest, thresholds=thresholds)
    write_detector(network, manifest, bundle)
    return manifest


def choose_thresholds(detector: Detector, fields: list[BoxedField]) -> dict[str, float]:
    """Return each kind's score from which on a detection counts, by its F-score on ``fields``."""
    scores: dict[CellKind, list[float]] = {kind: [] for kind in NAMES}
    right: dict[CellKind, list[bool]] = {kind: [] for kind in NAMES}
    marked = dict.fromkeys(NAMES, 0)
    for field in fields:
        found = detector.find(field.open(), least=LEAST)
        for index, kind in enumerate(NAMES):
            own = [cell for cell in found if cell.kind == kind]
            boxes = field.boxes[field.kinds == index]
            corners = np.array(
                [(c.box.left, c.box.top, c.box.right, c.box.bottom) for c in own]
            ).reshape(-1, 4)
            right[kind] += [mark >= 0 for mark in matched(boxes, corners)]
            scores[kind] += [cell.score for cell in own]
            marked[kind] += len(boxes)
    return {
        kind.value: _best(np.array(scores[kind]), np.array(right[kind]), marked[kind])
        for kind in NAMES
    }


def _best(scores: np.ndarray, right: np.ndarray, marked: int) -> float:
    if not len(scores):
        return 0.5
    order = np.argsort(-scores)
    hits = np.cumsum(right[order])
    f_scores = 2 * hits / (np.arange(1, len(order) + 1) + marked)
    best = int(np.flatnonzero(f_scores >= f_scores.max() - NEARLY_BEST)[-1])
    # Half way to the next, so that the answer does not hang on a last digit.
    lower = scores[order[best + 1]] if best + 1 < len(order) else LEAST
    return round(float(scores[order[best]] + lower) / 2, 4)
