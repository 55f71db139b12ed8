"""Kaggle's test images by detect → crop → classify, beside the whole images in the same run."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from hemavision import settings
from hemavision.detection.detector import Detector, open_detector
from hemavision.detection.finder import Finder
from hemavision.errors import DataError, ImageError
from hemavision.evaluation import intervals
from hemavision.evaluation.answers import Answers, Progress, Run, collect, run_model
from hemavision.evaluation.protocols import DETECTED, DETECTED_FROM
from hemavision.evaluation.result import Request, prepare, record_of, round_figures
from hemavision.pipeline import Model
from hemavision.results import CellKind, Prediction, Status
from hemavision.smear import name_white_cells
from hemavision.training.datasets import Sample, open_sample
from hemavision.training.detector.fields import PROTOCOL, split_fields


def evaluate_detected(request: Request) -> dict[str, Any]:
    """Return the protocol's record, with the whole-image classifier's under ``beside``.

    ``detected`` holds the comparison and which detector found the cells.

    Raises:
        SettingsError: the model was trained on test images and ``allow_leaky`` is false.
        DataError: images are missing.
        BundleError: there is no such model, or no detector.
    """
    detector = open_detector(settings.text("detector"))
    task, whole = prepare(request, DETECTED), prepare(request, DETECTED_FROM)
    start = request.progress
    run = run_detected(task.model, detector, task.samples, start(DETECTED) if start else None)
    other = run_model(whole.model, whole.samples, start(DETECTED_FROM) if start else None)
    record = record_of(request, task, run)
    comparison = compare(run, other, task.model.manifest.cell_types)
    found_by = _describe(detector, request.dataset.folder, task.samples)
    record["detected"] = round_figures(comparison) | {"detector": found_by}
    return record | {"beside": [record_of(request, whole, other)]}


def run_detected(
    model: Model, finder: Finder, samples: list[Sample], progress: Progress | None = None
) -> Run:
    """Classify the surest white cell that is found in each image; heatmaps are not kept.

    An image in which none is found counts as answered wrong, with no confidence: it gets the
    other types alike, and the status ``unfamiliar``.

    Raises:
        DataError: not one image could be read.
    """
    run = Run([], [], {})
    for index, sample in enumerate(samples):
        try:
            rgb = open_sample(sample)
        except ImageError as error:
            run.unreadable[sample.path] = str(error)
            continue
        white = [cell for cell in finder.find(rgb) if cell.kind is CellKind.WHITE]
        named = name_white_cells(model, rgb, white[:1], flips=True)
        run.samples.append(sample)
        run.predictions.append(_light(named[0]) if named else _missed(model, rgb, sample))
        if progress:
            progress(index + 1, len(samples))
    if not run.samples:
        raise DataError(f"None of the {len(samples)} images could be read.")
    return run


def compare(detected: Run, whole: Run, cell_types: tuple[str, ...]) -> dict[str, Any]:
    """Return how much more often detect → crop → classify is right than the whole image.

    Args:
        detected: the one run.
        whole: the other, over the same images.
        cell_types: that the model tells apart.

    Returns:
        ``accuracy_gain`` and its 95% ``interval`` (originals resampled, both runs with the same
        draws), ``right_only_detected``, ``right_only_whole`` and ``not_found``, in images.
    """
    ours, theirs = collect(detected, cell_types), collect(whole, cell_types)
    gain = ours.correct.astype(float) - theirs.correct
    draws = _redrawn_mean(ours, gain)
    low, high = np.quantile(draws, [(1 - intervals.LEVEL) / 2, (1 + intervals.LEVEL) / 2])
    return {
        "accuracy_gain": float(gain.mean()),
        "interval": [float(low), float(high)],
        "right_only_detected": int((gain > 0).sum()),
        "right_only_whole": int((gain < 0).sum()),
        "not_found": sum(not p.confidence for p in detected.predictions),
    }


def _describe(detector: Detector, data: Path, samples: list[Sample]) -> dict[str, Any]:
    """Return which detector it is and how many of the photographs tested it learned from.

    ``shared_originals`` is ``None`` where its manifest does not say.
    """
    shared = None
    if detector.manifest.training.get("protocol") == PROTOCOL:
        split = split_fields(data)
        seen = {f"bccd/{field.name}" for field in split.train + split.validation}
        shared = len(seen & {sample.original for sample in samples})
    return asdict(detector.reference) | {"shared_originals": shared}


def _light(prediction: Prediction) -> Prediction:
    return replace(prediction, heatmaps=None, morphology_heatmaps={})


def _missed(model: Model, rgb: np.ndarray, sample: Sample) -> Prediction:
    (answer,) = model.predict_arrays([rgb])
    others = [name for name in answer.probabilities if name != sample.cell_type]
    shares = {name: float(name in others) / len(others) for name in answer.probabilities}
    return replace(
        _light(answer),
        cell_type=others[0],
        confidence=0.0,
        probabilities=shares,
        status=Status.UNFAMILIAR,
        novelty=2.0,
    )


def _redrawn_mean(answers: Answers, values: np.ndarray) -> np.ndarray:
    """Return the mean of N values for every draw of originals: float draws."""
    sums = np.bincount(answers.originals, weights=values)
    sizes = np.bincount(answers.originals)
    weights = intervals.draw_weights(len(sums))
    mean: np.ndarray = (weights @ sums) / (weights @ sizes)
    return mean
