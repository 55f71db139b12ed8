"""Kaggle's test images by detect → crop → classify, beside the whole images in the same run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from hemavision import settings
from hemavision.detection.detector import Detector, open_detector
from hemavision.differential.intervals import LEVEL
from hemavision.errors import DataError, ImageError
from hemavision.evaluation import intervals
from hemavision.evaluation.answers import Answers, Progress, Run, collect, run_model
from hemavision.evaluation.boxes import LEAST_SCORE
from hemavision.evaluation.protocols import DETECTED, DETECTED_FROM
from hemavision.evaluation.result import Request, prepare, record_of, round_figures
from hemavision.pipeline import Model
from hemavision.results import CellKind, Detection, Prediction, Status
from hemavision.smear import name_white_cells
from hemavision.training.datasets import Sample, open_sample
from hemavision.training.detector.fields import PROTOCOL, split_fields

#: A field in, its cells out, the surest first.
Find = Callable[[np.ndarray], list[Detection]]


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
    find = partial(detector.find, least=LEAST_SCORE)
    run, scores = run_detected(task.model, find, task.samples, start and start(DETECTED))
    other = run_model(whole.model, whole.samples, start and start(DETECTED_FROM))
    record = record_of(request, task, run)
    limit = detector.manifest.thresholds[CellKind.WHITE]
    record["detected"] = round_figures(compare(run, other, task.model.manifest.cell_types)) | {
        "not_found": scores.count(0.0),
        "below_threshold": sum(0.0 < score < limit for score in scores),
        "detector": _describe(detector, request.dataset.folder, task.samples),
    }
    return record | {"beside": [record_of(request, whole, other)]}


def run_detected(
    model: Model, find: Find, samples: list[Sample], progress: Progress | None = None
) -> tuple[Run, list[float]]:
    """Classify the surest white cell that is found in each image; heatmaps are not kept.

    An image in which none is found counts as answered wrong, with no confidence: it gets the
    other types alike, and the status ``unfamiliar``.

    Returns:
        The run, and the detector's score of each cell: 0 where none was found.

    Raises:
        DataError: not one image could be read.
    """
    run, scores = Run([], [], {}), []
    for index, sample in enumerate(samples):
        try:
            rgb = open_sample(sample)
        except ImageError as error:
            run.unreadable[sample.path] = str(error)
            continue
        white = [cell for cell in find(rgb) if cell.kind is CellKind.WHITE][:1]
        named = name_white_cells(model, rgb, white, flips=True)
        run.samples.append(sample)
        run.predictions.append(_light(named[0]) if named else _missed(model, rgb, sample))
        scores.append(white[0].score if white else 0.0)
        if progress:
            progress(index + 1, len(samples))
    if not run.samples:
        raise DataError(f"None of the {len(samples)} images could be read.")
    return run, scores


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
