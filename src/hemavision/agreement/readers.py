"""Two readers of the same cells: agreement, kappa, and where they part.

Sources: Cohen 1960 (Educational and Psychological Measurement 20:37) for kappa; Fleiss, Cohen &
Everitt 1969 (Psychological Bulletin 72:323) for its large-sample standard error; Cicchetti &
Feinstein 1990 (Journal of Clinical Epidemiology 43:551) for positive agreement.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hemavision.differential import LEVEL, Interval, clopper_pearson
from hemavision.errors import DataError
from hemavision.records.json_values import Count, Record

ASYMPTOTIC = "large-sample normal interval (Fleiss, Cohen & Everitt 1969)"
FROM_AGREEMENT = (
    "exact interval of the agreement (Clopper-Pearson), the agreement by chance held as it is: "
    "the large-sample interval has no width where the readers never differ"
)


@dataclass(frozen=True)
class Kappa:
    """Cohen's kappa: agreement beyond chance, 1 at most.

    Attributes:
        value: of the cells at hand.
        low: of its interval.
        high: of its interval.
        by_chance: agreement that chance alone would give, 0 to 1.
        method: how the interval was made, in words.
    """

    value: float
    low: float
    high: float
    by_chance: float
    method: str


@dataclass(frozen=True)
class TypeAgreement:
    """One cell type by two readers.

    Attributes:
        cell_type: its name.
        both: cells that both called so.
        first_only: cells that only the first called so.
        second_only: cells that only the second called so.
        neither: all other cells.
        positive_agreement: 2 × both / (2 × both + first only + second only): the chance that
            one reader calls a cell so if the other does, 0 to 1; ``None`` where none did.
        interval: of the positive agreement, exact: it grows with the share of ``both`` among
            the cells that either called so, and that share is a binomial one.
    """

    cell_type: str
    both: Count
    first_only: Count
    second_only: Count
    neither: Count
    positive_agreement: float | None
    interval: Interval | None


@dataclass(frozen=True)
class Agreement(Record):
    """Two readers of the same cells.

    Attributes:
        n_cells: that both read.
        same: cells that both called the same.
        agreement: their share, 0 to 1.
        interval: of it, exact.
        kappa: ``None`` where both called every cell one and the same type: chance alone would
            agree, and there is nothing beyond it.
        cell_types: that either named, in the order of rows and columns.
        confusion: rows are the first reader's types, columns the second's.
        types: one for each cell type.
        level: of the intervals.
    """

    n_cells: Count
    same: Count
    agreement: float
    interval: Interval
    kappa: Kappa | None
    cell_types: tuple[str, ...]
    confusion: tuple[tuple[int, ...], ...]
    types: tuple[TypeAgreement, ...]
    level: float = LEVEL


def compare_readers(
    first: Sequence[str],
    second: Sequence[str],
    order: Sequence[str] = (),
    level: float = LEVEL,
) -> Agreement:
    """Compare two readings of the same cells.

    Args:
        first: the first reader's type of each cell.
        second: the second's (or a model's), in the same order. Leave cells out that either has
            not decided.
        order: cell types in the order to show them; others follow by name.
        level: of the intervals.

    Raises:
        DataError: there is no cell, or the readings are not of the same number of cells.
    """
    if len(first) != len(second) or not first:
        raise DataError(
            f"The readings hold {len(first)} and {len(second)} cells; both need the same cells, at "
            "least one."
        )
    named = set(first) | set(second)
    types = [name for name in order if name in named]
    types += sorted(named - set(types))
    places = {name: place for place, name in enumerate(types)}
    table = np.zeros((len(types), len(types)), dtype=int)
    for one, other in zip(first, second, strict=True):
        table[places[one], places[other]] += 1
    same = int(np.trace(table))
    return Agreement(
        n_cells=len(first),
        same=same,
        agreement=same / len(first),
        interval=clopper_pearson(same, len(first), level),
        kappa=find_kappa(table, level),
        cell_types=tuple(types),
        confusion=tuple(tuple(int(n) for n in row) for row in table),
        types=tuple(_by_type(table, place, name, level) for name, place in places.items()),
        level=level,
    )


def find_kappa(table: np.ndarray, level: float = LEVEL) -> Kappa | None:
    """Return Cohen's kappa of a table of two readers.

    Args:
        table: int K×K, cells; rows are the first reader's types, columns the second's.
        level: of the interval.

    Returns:
        ``None`` where chance alone would agree on every cell.
    """
    from scipy.special import ndtri

    n_cells = int(table.sum())
    shares = table / n_cells
    rows, columns = shares.sum(axis=1), shares.sum(axis=0)
    observed, by_chance = float(np.trace(shares)), float(rows @ columns)
    if by_chance >= 1:
        return None
    value = (observed - by_chance) / (1 - by_chance)
    if int(np.trace(table)) == n_cells:
        low, _ = clopper_pearson(n_cells, n_cells, level)
        return Kappa(value, (low - by_chance) / (1 - by_chance), 1.0, by_chance, FROM_AGREEMENT)
    reach = float(ndtri((1 + level) / 2)) * _standard_error(shares, value, by_chance, n_cells)
    return Kappa(value, max(-1.0, value - reach), min(1.0, value + reach), by_chance, ASYMPTOTIC)


def _standard_error(shares: np.ndarray, kappa: float, by_chance: float, n_cells: int) -> float:
    """Return the large-sample standard error of kappa, equation 8 of Fleiss and others 1969."""
    rows, columns = shares.sum(axis=1), shares.sum(axis=0)
    diagonal = np.diag(shares)
    agreed = float(diagonal @ (1 - (rows + columns) * (1 - kappa)) ** 2)
    # Cell (i, j) is weighted by how often the second reader says i and the first says j.
    margins = (columns[:, None] + rows[None, :]) ** 2
    differed = float((shares * margins).sum() - diagonal @ np.diag(margins)) * (1 - kappa) ** 2
    chance = (kappa - by_chance * (1 - kappa)) ** 2
    variance = (agreed + differed - chance) / (n_cells * (1 - by_chance) ** 2)
    return math.sqrt(max(variance, 0.0))


def _by_type(table: np.ndarray, place: int, name: str, level: float) -> TypeAgreement:
    both = int(table[place, place])
    first_only = int(table[place].sum()) - both
    second_only = int(table[:, place].sum()) - both
    either = both + first_only + second_only
    # Twice the share over one plus the share: the same figure, and one that only grows with it.
    found = _positive(both / either) if either else None
    interval = None
    if either:
        low, high = clopper_pearson(both, either, level)
        interval = (_positive(low), _positive(high))
    neither = int(table.sum()) - either
    return TypeAgreement(name, both, first_only, second_only, neither, found, interval)


def _positive(share: float) -> float:
    return 2 * share / (1 + share)
