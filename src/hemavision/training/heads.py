"""The last layers of a network that are linear in its embedding, fitted for what they are.

Given the embeddings, the best layer is a convex problem: it needs no steps and no schedule. It is
held near the layer that is there, so that a few cells, or cells of one laboratory, do not undo
what many have taught it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict

import keras
import numpy as np
from scipy.optimize import minimize
from scipy.special import log_softmax

from hemavision.datasets.samples import ATTRIBUTES
from hemavision.training.batches import LabelledCrops, PlainBatches, set_shares
from hemavision.training.questions import ANSWER, Questions, targets_of
from hemavision.training.recipes import Recipe, served_by

#: A layer: kernel (float32 D×K) and bias (float32 K).
Layer = tuple[np.ndarray, np.ndarray]
#: How strongly the trained layer holds the one fitted anew.
HOLD_LOOKS = 100.0
#: Steps of the fit: it is as good as done long before it is exact.
MOST_STEPS = 100
#: A look's value counts as much more as it is rarer, to this power: that a nucleus is indented
#: must be seen even where few are.
RARE_LOOKS = 0.3


def fit_layer(
    embeddings: np.ndarray,
    labels: np.ndarray,
    start: Layer,
    hold: float,
    weights: np.ndarray | None = None,
) -> Layer:
    """Return the layer of a logistic regression held near ``start``.

    Args:
        embeddings: float N×D.
        labels: int N, below K.
        start: the layer that holds.
        hold: how strongly; at 0 not at all.
        weights: float N, how much each row counts; alike without.
    """
    kernel, bias = start
    depth, kinds = kernel.shape
    x, rows = embeddings.astype(np.float64), np.arange(len(labels))
    counts = np.ones(len(rows)) if weights is None else weights
    counts = counts / counts.sum()
    # Every channel counts alike, however large its values are.
    spread = x.std(axis=0) + 1e-6
    given, x = x @ kernel + bias, x / spread
    truth = np.eye(kinds)[labels]

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        shift, offset = flat[: depth * kinds].reshape(depth, kinds), flat[depth * kinds :]
        logs = log_softmax(given + x @ shift + offset, axis=1)
        wrong = (np.exp(logs) - truth) * counts[:, None]
        value = -(logs[rows, labels] * counts).sum() + hold * (flat**2).mean() / 2
        gradient = np.concatenate([(x.T @ wrong).ravel(), wrong.sum(axis=0)])
        return float(value), gradient + hold * flat / flat.size

    limit = {"maxiter": MOST_STEPS}
    found = minimize(
        loss, np.zeros(depth * kinds + kinds), jac=True, method="L-BFGS-B", options=limit
    ).x
    shift, offset = found[: depth * kinds].reshape(depth, kinds), found[depth * kinds :]
    return (
        (kernel + shift / spread[:, None]).astype(np.float32),
        (bias + offset).astype(np.float32),
    )


def settle_looks(
    model: keras.Model, train: LabelledCrops, questions: Questions, recipe: Recipe
) -> None:
    """Fit the layers for looks to the plain views of what ``model`` was trained on.

    Training shows most cells in another light; that teaches the network to see, and its last layer
    to expect the wrong cells. Here every set counts as it does in training, and its cells as often
    as they are there. The types' layer is left alone: fitted anew to its own laboratories it errs
    more in others (docs/decisions/0010-eye.md).

    Args:
        model: an :func:`hemavision.training.questions.asking` network, or one that only names
            types, with one layer on its ``embedding``; another is left as it is.
        train: what it was trained on.
        questions: that it answers.
        recipe: that it was trained by.
    """
    embedding = model.get_layer("embedding").output
    if model.get_layer(ANSWER).kernel.shape[0] != embedding.shape[-1]:
        return  # hidden layers in between
    seer = keras.Model(model.input, embedding)
    asked = served_by(asdict(recipe))
    views = PlainBatches(train, asked.size_px, asked.sides)
    seen = seer.predict(views, verbose=0)
    share, counts = set_shares(train.samples, recipe), Counter(s.source for s in train.samples)
    weights = np.array([share[s.source] / counts[s.source] for s in train.samples])
    for name, answers in targets_of(train.samples, train.cell_types, questions).items():
        if name not in ATTRIBUTES:
            continue
        known = answers.any(axis=1) & (weights > 0)
        labels = answers[known].argmax(axis=1)
        rows = weights[known] / np.bincount(labels)[labels] ** RARE_LOOKS
        layer = model.get_layer(name)
        layer.set_weights(fit_layer(seen[known], labels, layer.get_weights(), HOLD_LOOKS, rows))
