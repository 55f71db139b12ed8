"""Turns a trained network into one that knows its doubt, by its validation images alone.

Fitted are the temperature that the logits are divided by (Guo et al. 2017), the confidence under
which a person should check, the novelty beyond which an image resembles nothing the network was
trained on: a distance in embedding space (after Lee et al. 2018: Gaussian kinds with one shared
covariance) and how short the embedding is; and which colours are foreign.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

from hemavision.graph.doubt import ForeignModel, NoveltyModel

#: An answer is `confident` where, on validation, answers as sure were right this often.
CONFIDENT_ACCURACY = 0.99
#: No lower and no higher confidence is asked for. A network that hardly errs at home would call
#: six chances of ten confident, in laboratories that it does not know, too: the least is chosen by
#: the withheld ones (docs/decisions/0010-eye.md).
LEAST_SURE, SUREST = 0.98, 0.999
#: This share of validation images counts as familiar.
FAMILIAR_SHARE = 0.99
#: A laboratory never seen lies further out by this: no stranger yet (docs/decisions/0010-eye.md).
ABROAD = 1.25
#: Directions kept of the embedding space: those in which known cells vary most.
DIRECTIONS = 96
#: How much longer than the length that nearly all validation embeddings exceed a faint one is: the
#: weight of shortness beside distance, where types left out of training are told best.
FAINT_WEIGHT = 1.18
#: How much wider colours are spread than the embedding before directions are chosen.
COLOUR_WEIGHT = 25.0
#: Directions in which colours vary less than this share of the most count as varying so much.
LEAST_VARIANCE = 0.01
#: No temperature of a network of several laboratories is lower: how sure it may be of its own says
#: nothing about foreign ones (docs/decisions/0010-eye.md).
COOLEST = 0.8


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


def fit_novelty(
    known: np.ndarray, kinds: np.ndarray, validation: np.ndarray, colours: int = 0
) -> NoveltyModel:
    """Fit the distance on features of training images and scale it on validation's.

    Args:
        known: float N×D, embeddings of training images, colours beside them or not.
        kinds: N, which belong together: a type, or a type in one laboratory.
        validation: float M×D, likewise of images that were not trained on.
        colours: how many of the last columns are colours.
    """
    weights = np.ones(known.shape[1])
    if colours:
        weights[-colours:] = COLOUR_WEIGHT * known[:, :-colours].std() / known[:, -colours:].std()
    known, validation = known * weights, validation * weights
    names, members = np.unique(kinds, return_inverse=True)
    centres = np.stack([known[members == index].mean(axis=0) for index in range(len(names))])
    spread = known - centres[members]
    variances, directions = np.linalg.eigh(np.cov(spread, rowvar=False))
    kept = slice(-DIRECTIONS, None)
    # The floor keeps directions in which known cells hardly vary from ruling the distance.
    floor = LEAST_VARIANCE * variances[-1]
    whiten = directions[:, kept] / np.sqrt(np.maximum(variances[kept], floor))
    lengths = np.linalg.norm(validation[:, : validation.shape[1] - colours], axis=1)
    far = NoveltyModel(whiten, centres @ whiten, 1.0)
    whiten = whiten / float(np.quantile(far.measure(validation), FAMILIAR_SHARE))
    both = replace(
        far,
        whiten=whiten.astype(np.float32),
        centres=(centres @ whiten).astype(np.float32),
        colours=colours,
        faint=FAINT_WEIGHT * float(np.quantile(lengths, 1 - FAMILIAR_SHARE)),
    )
    scale = ABROAD * float(np.quantile(both.measure(validation), FAMILIAR_SHARE))
    # As half precision holds it, so that a bundle keeps it in half the bytes.
    kept_as = (weights[:, None] * whiten).astype(np.float16)
    return replace(both, whiten=kept_as.astype(np.float32), scale=scale)


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
