"""Point figures: accuracy, precision, recall, F1, calibration, trust."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.metrics import accuracy_score, confusion_matrix, precision_recall_fscore_support

from hemavision.evaluation.answers import Answers
from hemavision.records.results import Status

#: Equal-width bins of the confidence for the expected calibration error.
ECE_BINS = 15
#: The share of the images whose accuracy is reported by itself: those answered most surely.
SUREST = 0.9
CURVE_POINTS = 40


def confusion(answers: Answers) -> np.ndarray:
    """Return counts, int K×K: rows are the right types, columns the answers."""
    labels = range(len(answers.cell_types))
    return np.asarray(confusion_matrix(answers.truth, answers.predicted, labels=labels))


def overall(answers: Answers) -> dict[str, float]:
    """Return accuracy and the macro averages, over the types that the test images hold.

    A type that is never answered has precision 0.
    """
    present = np.unique(answers.truth)
    precision, recall, f1, _ = precision_recall_fscore_support(
        answers.truth, answers.predicted, labels=present, average="macro", zero_division=0.0
    )
    return {
        "accuracy": float(accuracy_score(answers.truth, answers.predicted)),
        "macro_precision": float(precision),
        "macro_recall": float(recall),
        "macro_f1": float(f1),
    }


def per_class(answers: Answers) -> dict[str, dict[str, Any]]:
    """Return precision, recall, F1 and the number of test images of each type."""
    columns = precision_recall_fscore_support(
        answers.truth,
        answers.predicted,
        labels=range(len(answers.cell_types)),
        average=None,
        zero_division=0.0,
    )
    return {
        name: {"precision": float(p), "recall": float(r), "f1": float(f), "support": int(n)}
        for name, p, r, f, n in zip(answers.cell_types, *columns, strict=True)
    }


def bin_of(confidence: np.ndarray) -> np.ndarray:
    """Return each confidence's bin, 0 to ECE_BINS-1; a bin includes its upper edge."""
    bins = np.ceil(confidence * ECE_BINS).astype(int) - 1
    return np.asarray(np.clip(bins, 0, ECE_BINS - 1))


def reliability(answers: Answers) -> list[dict[str, float]]:
    """Return for each bin that holds images: edges, count, mean confidence, accuracy."""
    bins = bin_of(answers.confidence)
    rows = []
    for index in np.unique(bins):
        inside = bins == index
        rows.append(
            {
                "low": index / ECE_BINS,
                "high": (index + 1) / ECE_BINS,
                "n_images": int(inside.sum()),
                "confidence": float(answers.confidence[inside].mean()),
                "accuracy": float(answers.correct[inside].mean()),
            }
        )
    return rows


def expected_calibration_error(answers: Answers) -> float:
    """Return ECE (Guo et al. 2017) of the top answer, 0 to 1, over ECE_BINS equal bins."""
    rows = reliability(answers)
    gaps = sum(row["n_images"] * abs(row["accuracy"] - row["confidence"]) for row in rows)
    return float(gaps / len(answers.truth))


def surest(answers: Answers, share: float = SUREST) -> np.ndarray:
    """Return which answers are among the ``share`` with the highest confidence: bool N."""
    kept = round(share * len(answers.truth))
    chosen = np.zeros(len(answers.truth), bool)
    chosen[np.argsort(-answers.confidence, kind="stable")[:kept]] = True
    return chosen


def trust(answers: Answers) -> dict[str, float]:
    """Return what the answers are worth where they are sure.

    ``accuracy_surest`` is that of the :data:`SUREST` share with the highest confidence,
    ``wrong_confident`` the share of all images answered wrong at status ``confident``.
    """
    confident = answers.statuses == Status.CONFIDENT.value
    return {
        "accuracy_surest": float(answers.correct[surest(answers)].mean()),
        "wrong_confident": float((confident & ~answers.correct).mean()),
    }


def coverage_curve(answers: Answers) -> list[dict[str, float]]:
    """Return the accuracy of the surest share of the answers, for shares in CURVE_POINTS steps."""
    order = np.argsort(-answers.confidence, kind="stable")
    right = np.cumsum(answers.correct[order])
    points = []
    for step in range(1, CURVE_POINTS + 1):
        kept = max(1, round(step / CURVE_POINTS * len(order)))
        points.append({"share": kept / len(order), "accuracy": float(right[kept - 1] / kept)})
    return points


def by_status(answers: Answers) -> dict[str, dict[str, Any]]:
    """Return for each status: images, share of all, accuracy (``None`` without images)."""
    table = {}
    for status in Status:
        inside = answers.statuses == status.value
        table[status.value] = {
            "n_images": int(inside.sum()),
            "share": float(inside.mean()),
            "accuracy": float(answers.correct[inside].mean()) if inside.any() else None,
        }
    return table


def over_originals(answers: Answers) -> Answers:
    """Return one answer an original: the mean probabilities over its images.

    Raises:
        ValueError: an original's images carry different types.
    """
    _, first = np.unique(answers.originals, return_index=True)
    truth = answers.truth[first]
    if np.any(truth[answers.originals] != answers.truth):
        raise ValueError("An original's images carry different cell types.")
    counts = np.bincount(answers.originals)
    means = np.stack(
        [
            np.bincount(answers.originals, weights=column) / counts
            for column in answers.probabilities.T
        ],
        axis=1,
    )
    return Answers(
        answers.cell_types,
        truth,
        means,
        np.arange(len(counts)),
        answers.statuses[first],
        np.bincount(answers.originals, weights=answers.novelty) / counts,
        np.bincount(answers.originals, weights=answers.milliseconds) / counts,
    )
