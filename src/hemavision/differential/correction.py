"""An estimate of the differential corrected for a model's known confusions. Marked as such.

A model that calls one neutrophil in twenty an eosinophil moves every differential it counts. With
how it called cells of known type in a validation, the proportions that most likely gave its
counts can be found: maximum likelihood under the constraint that no share is negative, by
expectation and maximisation (Dempster, Laird & Rubin 1977; for class proportions Saerens, Latinne
& Decaestecker 2002, Neural Computation 14:21), instead of the inverse matrix, whose shares may
be negative. It holds where the slide is like the validation's slides, and for the model's own
calls only: counts that a person has corrected need none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from hemavision.differential.intervals import LEVEL
from hemavision.errors import SettingsError
from hemavision.records.cells import COUNTED_APART, NOT_DECIDED
from hemavision.records.json_values import Record, member

DRAWS = 2000
SEED = 20
STEPS = 3000
#: Shares that change by less than this in a step have arrived.
ARRIVED = 1e-7
METHOD = (
    "maximum likelihood under the validated confusions; interval by {draws:,} draws of the counts "
    "and of the confusion matrix (Bayesian bootstrap), percentiles"
)


@dataclass(frozen=True)
class Confusion:
    """How a model called cells of known type.

    Attributes:
        cell_types: in the order of rows and columns.
        counts: rows are right types, columns answers.
        protocol: what it was validated on, in words.
    """

    cell_types: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    protocol: str


@dataclass(frozen=True)
class CorrectedShare:
    """One type's share of the white cells, percent: as called and as corrected."""

    cell_type: str
    called: float
    percent: float
    low: float
    high: float


@dataclass(frozen=True)
class Corrected(Record):
    """An estimate, not a count.

    Attributes:
        shares: of the white cell types, in the order of the matrix.
        protocol: of the confusion matrix.
        unvalidated: types that the validation held no cell of; their own cells are taken to be
            called right.
        method: in words.
        level: of the intervals.
    """

    shares: tuple[CorrectedShare, ...]
    protocol: str
    unvalidated: tuple[str, ...]
    method: str
    level: float

    @property
    @member
    def estimate(self) -> Literal[True]:
        """These are no counts."""
        return True


def correct(
    counts: Mapping[str, int], confusion: Confusion, level: float = LEVEL, draws: int = DRAWS
) -> Corrected:
    """Estimate the differential behind a model's calls.

    Args:
        counts: type → cells as the model called them, nobody having changed them; also those
            that are no white cells, where the model knows them.
        confusion: the model's.
        level: of the intervals.
        draws: for the intervals.

    Raises:
        SettingsError: the matrix is not one, does not know a counted type, or no white cell was
            counted.
    """
    matrix = _matrix(confusion)
    calls = check_calls(counts, confusion)
    rng = np.random.default_rng(SEED)
    white = np.array([name not in COUNTED_APART for name in confusion.cell_types])
    best = _whites(_solve((calls / calls.sum())[None], _rows(matrix)[None]), white)[0]
    # Half a cell for each type, so that a type nobody met may be there all the same.
    drawn_calls = rng.dirichlet(calls + 0.5, size=draws)
    drawn = _whites(_solve(drawn_calls, _drawn_rows(matrix, draws, rng)), white)
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=0)
    called = _whites((calls / calls.sum())[None], white)[0]
    columns = zip(called, best, np.minimum(low, best), np.maximum(high, best), strict=True)
    names = [n for n, is_white in zip(confusion.cell_types, white, strict=True) if is_white]
    shares = (
        CorrectedShare(name, *(round(float(100 * value), 9) for value in row))
        for name, row in zip(names, columns, strict=True)
    )
    empty = matrix.sum(axis=1) == 0
    unvalidated = [n for n, none in zip(confusion.cell_types, empty, strict=True) if none]
    method = METHOD.format(draws=draws)
    return Corrected(tuple(shares), confusion.protocol, tuple(unvalidated), method, level)


def _solve(calls: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return the proportions that most likely gave the calls, for each draw.

    Args:
        calls: float D×K, shares of the answers.
        rows: float D×K×K, probability of each answer (columns) for each right type (rows).

    Returns:
        float D×K, each row ≥ 0 and summing to 1.
    """
    shares = np.full_like(calls, 1 / calls.shape[1])
    for _ in range(STEPS):
        expected = np.einsum("di,dij->dj", shares, rows)
        ratios = np.divide(calls, expected, out=np.zeros_like(calls), where=expected > 0)
        better = shares * np.einsum("dj,dij->di", ratios, rows)
        better /= better.sum(axis=1, keepdims=True)
        arrived = np.abs(better - shares).max() < ARRIVED
        shares = better
        if arrived:
            break
    return shares


def _rows(matrix: np.ndarray) -> np.ndarray:
    """Return the chance of each answer by right type; a type without cells is called right."""
    sums = matrix.sum(axis=1, keepdims=True)
    shares: np.ndarray = np.where(sums > 0, matrix / np.maximum(sums, 1), np.eye(len(matrix)))
    return shares


def _drawn_rows(matrix: np.ndarray, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Draw the chances anew; one cell a row stands for confusions that did not happen to be met."""
    kinds = len(matrix)
    drawn = np.empty((draws, kinds, kinds))
    for index, row in enumerate(matrix):
        validated = row.sum() > 0
        drawn[:, index] = (
            rng.dirichlet(row + 1 / kinds, size=draws) if validated else np.eye(kinds)[index]
        )
    return drawn


def _whites(shares: np.ndarray, white: np.ndarray) -> np.ndarray:
    kept = shares[:, white]
    whole: np.ndarray = kept / np.maximum(kept.sum(axis=1, keepdims=True), np.finfo(float).tiny)
    return whole


def _matrix(confusion: Confusion) -> np.ndarray:
    kinds = len(confusion.cell_types)
    if len(confusion.counts) != kinds or any(len(row) != kinds for row in confusion.counts):
        raise SettingsError(
            f"The confusion matrix has {len(confusion.counts)} rows for {kinds} cell types; each "
            "type needs a row and a column."
        )
    matrix = np.array(confusion.counts, dtype=float).reshape(kinds, kinds)
    if kinds == 0 or not np.isfinite(matrix).all() or (matrix < 0).any():
        raise SettingsError("The confusion matrix must hold counts of cells, 0 or more.")
    return matrix


def check_calls(counts: Mapping[str, int], confusion: Confusion) -> np.ndarray:
    """Return the decided calls in the order of the matrix: float K.

    Raises:
        SettingsError: the matrix does not know a counted type, or no white cell was counted.
    """
    decided = {name: n for name, n in counts.items() if name not in NOT_DECIDED and n > 0}
    unknown = [name for name in decided if name not in confusion.cell_types]
    if unknown:
        raise SettingsError(
            f"The confusion matrix does not know {', '.join(unknown)}; it knows "
            f"{', '.join(confusion.cell_types)}."
        )
    if not any(name not in COUNTED_APART for name in decided):
        raise SettingsError("No white cell was counted: there is nothing to correct.")
    return np.array([decided.get(name, 0) for name in confusion.cell_types], dtype=float)
