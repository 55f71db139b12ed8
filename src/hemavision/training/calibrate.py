"""Turns a trained network into one that knows its doubt, by its validation images alone.

Fitted are the temperature that the logits are divided by (Guo et al. 2017), the confidence under
which a person should check, the novelty beyond which an image resembles nothing the network was
trained on (the distance to its nearest known cells, Sun et al. 2022), and which colours are
foreign.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

from hemavision.graph.doubt import ForeignModel, NoveltyModel, unit

#: An answer is `confident` where, on validation, answers as sure were right this often.
CONFIDENT_ACCURACY = 0.99
#: No lower and no higher confidence is asked for. A network that hardly errs at home would call
#: six chances of ten confident, in laboratories that it does not know, too: the least is chosen by
#: the withheld ones (docs/decisions/0010-eye.md).
LEAST_SURE, SUREST = 0.98, 0.999
#: This share of validation images counts as familiar.
FAMILIAR_SHARE = 0.99
#: A laboratory never seen lies further out by this: no stranger yet (docs/decisions/0010-eye.md).
ABROAD = 1.15
#: The how manieth of the nearest known cells tells how near an image is to what is known; of few
#: known cells, one of so many.
NEAREST, FEW = 40, 10
#: Directions in which colours vary less than this share of the most count as varying so much.
LEAST_VARIANCE = 0.01
#: No temperature of a network of several laboratories is lower: how sure it may be of its own says
#: nothing about foreign ones (docs/decisions/0010-eye.md).
COOLEST = 1.0


def fit_temperature(
    probabilities: np.ndarray, labels: np.ndarray, weights: np.ndarray | None = None
) -> float:
    """Return the temperature that makes uncalibrated probabilities most likely.

    Args:
        probabilities: float N×K, at temperature 1.
        labels: int N, the true types' indices.
        weights: float N, how much each row counts; alike without.
    """
    logits = np.log(np.clip(probabilities, 1e-12, 1.0))
    rows = np.arange(len(labels))

    def loss(log_temperature: float) -> float:
        logs = log_softmax(logits / np.exp(log_temperature), axis=1)
        return -float(np.average(logs[rows, labels], weights=weights))

    return float(np.exp(minimize_scalar(loss, bounds=(-2.3, 2.3), method="bounded").x))


def apply_temperature(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Return probabilities (N×K) at another temperature."""
    logits = np.log(np.clip(probabilities, 1e-12, 1.0)) / temperature
    scaled: np.ndarray = softmax(logits, axis=1)
    return scaled


def fit_check_threshold(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Return the lowest confidence from which on answers are right often enough.

    Args:
        probabilities: float N×K, calibrated.
        labels: int N.

    Returns:
        Between :data:`LEAST_SURE` and :data:`SUREST`; that where no confidence is high enough.
    """
    confidence = probabilities.max(axis=1)
    order = np.argsort(-confidence)
    right = (probabilities.argmax(axis=1) == labels)[order]
    accuracy = np.cumsum(right) / np.arange(1, len(right) + 1)
    good = np.flatnonzero(accuracy >= CONFIDENT_ACCURACY)
    threshold = confidence[order][good[-1]] if len(good) else SUREST
    return float(np.clip(threshold, LEAST_SURE, SUREST))


def fit_novelty(known: np.ndarray, validation: np.ndarray) -> NoveltyModel:
    """Fit the distance to what is known, and scale it on validation's images.

    Args:
        known: float M×D, embeddings of training images, as many of each kind of cell.
        validation: float N×D, likewise of images that were not trained on.
    """
    # As half precision holds it, so that a bundle keeps it in half the bytes.
    kept = unit(known).astype(np.float16).astype(np.float32)
    far = NoveltyModel(kept, min(NEAREST, max(1, len(known) // FEW)), 1.0)
    scale = ABROAD * float(np.quantile(far.measure(validation), FAMILIAR_SHARE))
    return replace(far, scale=scale)


def fit_foreign(known: np.ndarray, validation: np.ndarray) -> ForeignModel:
    """Fit what is no foreign laboratory: nearly all validation images lie within 1 of a known one.

    Args:
        known: float N×15, colours of training images.
        validation: float M×15, of images that were not trained on.
    """
    variances, directions = np.linalg.eigh(np.cov(known, rowvar=False))
    floor = max(LEAST_VARIANCE * variances[-1], 1e-8)
    whiten = (directions / np.sqrt(np.maximum(variances, floor))).astype(np.float32)
    far = ForeignModel(whiten, known @ whiten, 1.0)
    scale = float(np.quantile(far.measure(validation), FAMILIAR_SHARE))
    return replace(far, scale=max(scale, 1e-3))
