"""Intervals: exact for proportions over independent cells, else originals resampled.

Images made from one photograph are copies of one cell. Treating them as independent
gives intervals several times too narrow, so the bootstrap draws originals, each with all
its images.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hemavision.datasets.splits import SPLIT_SEED
from hemavision.differential.intervals import LEVEL, Interval, clopper_pearson
from hemavision.evaluation.answers import Answers
from hemavision.evaluation.metrics import ECE_BINS, bin_of, confusion, over_originals, surest
from hemavision.records.results import Status

DRAWS = 2000
SEED = SPLIT_SEED
#: The figures that every cell type has its own of.
PER_CLASS = ("precision", "recall", "f1")


@dataclass(frozen=True)
class Intervals:
    """Intervals by figure; ``methods`` says how each was made.

    Attributes:
        overall: figure → (low, high).
        per_class: cell type → figure → (low, high).
        methods: figure → method, in words; per-class figures under ``per_class.…``.
    """

    overall: dict[str, Interval]
    per_class: dict[str, dict[str, Interval]]
    methods: dict[str, str]


def draw_weights(n_originals: int, draws: int = DRAWS, seed: int = SEED) -> np.ndarray:
    """Return how often each original stands in each draw: float draws×O, rows sum to O."""
    rng = np.random.default_rng(seed)
    shares = np.full(n_originals, 1.0 / n_originals)
    return rng.multinomial(n_originals, shares, size=draws).astype(float)


def redrawn(answers: Answers, weights: np.ndarray) -> dict[str, np.ndarray]:
    """Return every figure for every draw.

    Args:
        answers: N images of O originals.
        weights: draws×O, as :func:`draw_weights` gives them.

    Returns:
        ``accuracy``, ``macro_precision``, ``macro_recall``, ``macro_f1``, ``ece``,
        ``coverage``, ``accuracy_confident``, ``accuracy_surest`` (those surest of the whole
        set), ``wrong_confident``: float (draws,); ``precision``, ``recall``,
        ``f1``: float draws×K. NaN where a draw holds nothing to divide by.
    """
    kinds = len(answers.cell_types)
    cells = _per_original(answers, answers.truth * kinds + answers.predicted, kinds * kinds)
    matrices = (weights @ cells).reshape(-1, kinds, kinds)
    diagonal = np.einsum("dkk->dk", matrices)
    truths, guesses = matrices.sum(axis=2), matrices.sum(axis=1)
    # As for the point figures: a type never answered has precision 0, one absent no recall.
    absent = truths == 0
    precision = np.where(absent, np.nan, _divide(diagonal, guesses, 0.0))
    recall = _divide(diagonal, truths, np.nan)
    f1 = np.where(absent, np.nan, _divide(2 * diagonal, truths + guesses, 0.0))
    confident = (answers.statuses == Status.CONFIDENT.value).astype(int)
    sure = weights @ _per_original(answers, surest(answers) * 2 + answers.correct, 4)
    trusted = weights @ _per_original(answers, confident * 2 + answers.correct, 4)
    return {
        "accuracy": diagonal.sum(axis=1) / truths.sum(axis=1),
        "macro_precision": np.nanmean(precision, axis=1),
        "macro_recall": np.nanmean(recall, axis=1),
        "macro_f1": np.nanmean(f1, axis=1),
        "ece": _redrawn_ece(answers, weights),
        "coverage": trusted[:, 2:].sum(axis=1) / trusted.sum(axis=1),
        "accuracy_confident": _divide(trusted[:, 3], trusted[:, 2:].sum(axis=1), np.nan),
        "accuracy_surest": _divide(sure[:, 3], sure[:, 2:].sum(axis=1), np.nan),
        "wrong_confident": trusted[:, 2] / trusted.sum(axis=1),
        "precision": precision,
        "recall": recall,
        "f1": f1,
    }


def find_intervals(answers: Answers) -> Intervals:
    """Return the intervals of all figures by the method that fits the images."""
    n_originals = int(answers.originals.max()) + 1
    figures = redrawn(answers, draw_weights(n_originals))
    values = {name: _percentiles(figures[name]) for name in figures if name not in PER_CLASS}
    classes: dict[str, dict[str, Interval | None]] = {
        cell_type: {figure: _percentiles(figures[figure][:, index]) for figure in PER_CLASS}
        for index, cell_type in enumerate(answers.cell_types)
    }
    resampled = (
        f"bootstrap: {n_originals} originals resampled, {DRAWS} draws, percentiles; exact with "
        "one trial an original where no draw differs"
    )
    methods = dict.fromkeys((*values, "per_class"), resampled)
    if n_originals == len(answers.truth):
        _make_exact(answers, values, classes, methods)
    _widen_collapsed(answers, values, classes)
    merged = over_originals(answers)
    values["accuracy_over_originals"] = _proportion(merged.correct)
    methods["accuracy_over_originals"] = "exact (Clopper-Pearson)"
    return Intervals(
        {k: v for k, v in values.items() if v},
        {t: {k: v for k, v in row.items() if v} for t, row in classes.items()},
        methods,
    )


def _make_exact(
    answers: Answers,
    values: dict[str, Interval | None],
    classes: dict[str, dict[str, Interval | None]],
    methods: dict[str, str],
) -> None:
    """Replace by exact ones the intervals of proportions over independent cells."""
    confident = answers.statuses == Status.CONFIDENT.value
    values["accuracy"] = _proportion(answers.correct)
    values["coverage"] = _proportion(confident)
    values["wrong_confident"] = _proportion(confident & ~answers.correct)
    values["accuracy_surest"] = _proportion(answers.correct[surest(answers)])
    values["accuracy_confident"] = _proportion(answers.correct[confident])
    counts = confusion(answers)
    for index, row in enumerate(classes.values()):
        hits = int(counts[index, index])
        for figure, trials in (("recall", counts[index]), ("precision", counts[:, index])):
            row[figure] = clopper_pearson(hits, int(trials.sum())) if trials.sum() else None
    shares = ("accuracy", "coverage", "accuracy_confident", "accuracy_surest", "wrong_confident")
    exact = (*shares, "per_class.precision", "per_class.recall")
    methods |= dict.fromkeys(exact, "exact (Clopper-Pearson)")


def _widen_collapsed(
    answers: Answers,
    values: dict[str, Interval | None],
    classes: dict[str, dict[str, Interval | None]],
) -> None:
    """Replace intervals without width: resampling cannot see errors that did not happen.

    A proportion of 0 or 1 gets the exact interval with one trial an original; other
    figures get none.
    """
    confident = answers.statuses == Status.CONFIDENT.value
    everything = np.ones(len(answers.truth), bool)
    counted = {
        "accuracy": everything,
        "coverage": everything,
        "wrong_confident": everything,
        "accuracy_confident": confident,
        "accuracy_surest": surest(answers),
    }
    for name, interval in values.items():
        values[name] = _widened(answers, interval, counted.get(name))
    for index, row in enumerate(classes.values()):
        counted = {"recall": answers.truth == index, "precision": answers.predicted == index}
        for name, interval in row.items():
            row[name] = _widened(answers, interval, counted.get(name))


def _widened(
    answers: Answers, interval: Interval | None, counted: np.ndarray | None
) -> Interval | None:
    if interval is None or interval[0] != interval[1]:
        return interval
    if counted is None or interval[0] not in (0.0, 1.0):
        return None
    trials = len(np.unique(answers.originals[counted]))
    return clopper_pearson(trials if interval[0] else 0, trials) if trials else None


def _proportion(hits: np.ndarray) -> Interval | None:
    return clopper_pearson(int(hits.sum()), len(hits)) if len(hits) else None


def _percentiles(draws: np.ndarray) -> Interval | None:
    finite = draws[np.isfinite(draws)]
    if not len(finite):
        return None
    low, high = np.quantile(finite, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def _per_original(answers: Answers, codes: np.ndarray, n_codes: int) -> np.ndarray:
    """Count each original's images by code: float O×n_codes."""
    n_originals = int(answers.originals.max()) + 1
    flat = np.bincount(answers.originals * n_codes + codes, minlength=n_originals * n_codes)
    return flat.reshape(n_originals, n_codes).astype(float)


def _redrawn_ece(answers: Answers, weights: np.ndarray) -> np.ndarray:
    """A bin's share of the error is |hits - summed confidence|, over all images."""
    bins = bin_of(answers.confidence)
    n_originals = weights.shape[1]
    gaps = np.bincount(
        answers.originals * ECE_BINS + bins,
        weights=answers.correct - answers.confidence,
        minlength=n_originals * ECE_BINS,
    ).reshape(n_originals, ECE_BINS)
    sizes = weights @ np.bincount(answers.originals, minlength=n_originals)
    return np.asarray(np.abs(weights @ gaps).sum(axis=1) / sizes)


def _divide(above: np.ndarray, below: np.ndarray, otherwise: float) -> np.ndarray:
    result = np.full(np.broadcast(above, below).shape, otherwise)
    np.divide(above, below, out=result, where=below > 0)
    return result
