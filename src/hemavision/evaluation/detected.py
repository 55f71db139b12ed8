"""Kaggle's test images by detect → crop → classify, beside the whole images in the same run."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from hemavision import settings
from hemavision.datasets.protocols import DETECTORS, Protocol
from hemavision.datasets.samples import Sample, open_sample
from hemavision.differential.intervals import LEVEL
from hemavision.errors import DataError, ImageError
from hemavision.evaluation import intervals
from hemavision.evaluation.answers import Answers, Progress, Run, collect, run_model
from hemavision.evaluation.result import Request, prepare, record_of, round_figures
from hemavision.reading.bundle import IN_CLONE
from hemavision.reading.cell import Model
from hemavision.reading.field import name_white_cells
from hemavision.reading.finding.detector import DEFAULT_DETECTOR, Detector, Finder, open_detector
from hemavision.records.results import CellKind, Detection, Prediction

#: In the repository, not the package, as the models of a laboratory less.
WITHHELD_DETECTOR = IN_CLONE / "unseen-cells-detector.onnx"


def evaluate_detected(request: Request, protocol: Protocol) -> dict[str, Any]:
    """Return such a protocol's record, with the whole-image classifier's under ``beside``.

    ``detected`` holds the comparison and which detector found the cells.

    Raises:
        SettingsError: the model was trained on test images and ``allow_leaky`` is false.
        DataError: images are missing.
        BundleError: there is no such model, or no detector.
    """
    detector = open_detector(_detector())
    task, whole = prepare(request, protocol.name), prepare(request, protocol.shown_with)
    start = request.progress
    run, found = run_detected(task.model, detector, task.samples, start and start(protocol.name))
    other = run_model(whole.model, whole.samples, start and start(protocol.shown_with))
    record = record_of(request, task, run)
    record["detected"] = round_figures(compare(run, other, task.model.manifest.cell_types)) | {
        "not_found": found.count(False),
        "detector": _describe(detector, request.dataset.folder, task.samples),
    }
    return record | {"beside": [record_of(request, whole, other)]}


def run_detected(
    model: Model, finder: Finder, samples: list[Sample], progress: Progress | None = None
) -> tuple[Run, list[bool]]:
    """Classify the surest white cell that is found in each image; heatmaps are not kept.

    Every image shows one. Where none is found, the most stained nucleus is taken for it, as in
    a whole image.

    Returns:
        The run, and whether a white cell was found, image by image.

    Raises:
        DataError: not one image could be read.
    """
    run = Run([], [], {})
    found: list[bool] = []
    for index, sample in enumerate(samples):
        try:
            rgb = open_sample(sample)
        except ImageError as error:
            run.unreadable[sample.path] = str(error)
            continue
        white = [cell for cell in finder.find(rgb) if cell.kind is CellKind.WHITE][:1]
        run.samples.append(sample)
        run.predictions.append(_name(model, rgb, white))
        found.append(bool(white))
        if progress:
            progress(index + 1, len(samples))
    if not run.samples:
        raise DataError(f"None of the {len(samples)} images could be read.")
    return run, found


def compare(detected: Run, whole: Run, cell_types: tuple[str, ...]) -> dict[str, Any]:
    """Return how much more often detect → crop → classify is right than the whole image.

    Args:
        detected: the one run.
        whole: the other, over the same images.
        cell_types: that the model tells apart.

    Returns:
        ``accuracy_gain`` and its 95% ``interval`` (originals resampled, both runs with the same
        draws), ``right_only_detected`` and ``right_only_whole``, in images.
    """
    ours, theirs = collect(detected, cell_types), collect(whole, cell_types)
    gain = ours.correct.astype(float) - theirs.correct
    draws = _redrawn_mean(ours, gain)
    low, high = np.quantile(draws, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return {
        "accuracy_gain": float(gain.mean()),
        "interval": [float(low), float(high)],
        "right_only_detected": int((gain > 0).sum()),
        "right_only_whole": int((gain < 0).sum()),
    }


def _detector() -> str | Path:
    """Return the chosen detector; for the shipped one, its like that never saw the test images."""
    chosen = settings.text("detector")
    return WITHHELD_DETECTOR if chosen == DEFAULT_DETECTOR else chosen


def _describe(detector: Detector, data: Path, samples: list[Sample]) -> dict[str, Any]:
    """Return which detector it is and how many of the photographs tested it learned from.

    ``shared_originals`` is ``None`` where its manifest does not say.
    """
    shared = None
    protocol = detector.manifest.training.get("protocol")
    if protocol in DETECTORS:
        split = DETECTORS[protocol].fields(data)
        seen = {f"{field.source}/{field.name}" for field in split.train + split.validation}
        shared = len(seen & {sample.original for sample in samples})
    return asdict(detector.reference) | {"shared_originals": shared}


def _name(model: Model, rgb: np.ndarray, white: list[Detection]) -> Prediction:
    if white:
        (named,) = name_white_cells(model, rgb, white)
    else:
        (named,) = model.predict_arrays([rgb])
    return replace(named, heatmaps=None, morphology_heatmaps={})


def _redrawn_mean(answers: Answers, values: np.ndarray) -> np.ndarray:
    """Return the mean of N values for every draw of originals: float draws."""
    sums = np.bincount(answers.originals, weights=values)
    sizes = np.bincount(answers.originals)
    weights = intervals.draw_weights(len(sums))
    mean: np.ndarray = (weights @ sums) / (weights @ sizes)
    return mean
