"""Scores what a model says about a cell's looks against what the image set says."""

from __future__ import annotations

from typing import Any

import numpy as np

from hemavision.datasets.samples import ATTRIBUTES
from hemavision.differential import LEVEL
from hemavision.evaluation.answers import Run
from hemavision.evaluation.intervals import DRAWS, SEED


def score(run: Run) -> dict[str, Any] | None:
    """Return the macro F1 of every attribute and their mean, as WBCAtt reports them.

    Returns:
        ``macro_f1`` with its ``interval`` (images resampled), ``n_images``, and ``attributes``:
        attribute → ``macro_f1``, ``n_images``. ``None`` where the model was not taught to say,
        or no image's looks are known.
    """
    tables = {name: found for name in ATTRIBUTES if (found := _confusions(run, name)) is not None}
    if not tables:
        return None
    points = {name: float(_macro_f1(cells.sum(axis=0)[None])[0]) for name, cells in tables.items()}
    draws = np.zeros(DRAWS)
    for cells in tables.values():
        count = len(cells)
        rng = np.random.default_rng(SEED)  # the same draws for all: they share their images
        weights = rng.multinomial(count, np.full(count, 1 / count), size=DRAWS).astype(np.float32)
        flat = weights @ cells.reshape(count, -1)
        draws += _macro_f1(flat.reshape(DRAWS, *cells.shape[1:])) / len(tables)
    low, high = np.quantile(draws, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return {
        "macro_f1": float(np.mean(list(points.values()))),
        "interval": [float(low), float(high)],
        "n_images": max(len(cells) for cells in tables.values()),
        "attributes": {
            name: {"macro_f1": points[name], "n_images": len(cells)}
            for name, cells in tables.items()
        },
    }


def _confusions(run: Run, name: str) -> np.ndarray | None:
    """Return a one in each image's cell of the confusion matrix: float32 N×V×V."""
    pairs = [
        (sample.answers[name], prediction.looks()[name][0])
        for sample, prediction in zip(run.samples, run.predictions, strict=True)
        if name in sample.answers and name in prediction.morphology
    ]
    if not pairs:
        return None
    values = sorted({value for pair in pairs for value in pair})
    cells = np.zeros((len(pairs), len(values), len(values)), np.float32)
    for row, (truth, said) in enumerate(pairs):
        cells[row, values.index(truth), values.index(said)] = 1
    return cells


def _macro_f1(matrices: np.ndarray) -> np.ndarray:
    """Return the mean F1 over the values that occur, for each of D matrices D×V×V."""
    diagonal = np.einsum("dvv->dv", matrices)
    truths, guesses = matrices.sum(axis=2), matrices.sum(axis=1)
    present = truths + guesses > 0
    f1 = np.where(present, 2 * diagonal / np.maximum(truths + guesses, 1e-9), np.nan)
    means: np.ndarray = np.nanmean(f1, axis=1)
    return means
