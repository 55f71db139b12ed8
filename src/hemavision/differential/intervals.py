"""Exact intervals of counted shares.

Source: Clopper & Pearson 1934, The use of confidence or fiducial limits illustrated in the case
of the binomial, Biometrika 26:404. The tables that laboratories know for counts of 100, 200, 500
and 1,000 cells are these intervals, rounded (Rümke 1985, CLSI H20).
"""

from __future__ import annotations

from dataclasses import dataclass

from hemavision.records.json_values import Positive

LEVEL = 0.95

Interval = tuple[float, float]


def clopper_pearson(count: int, total: int, level: float = LEVEL) -> Interval:
    """Return the exact interval of a proportion, 0 to 1.

    Args:
        count: cells of the kind, 0 to ``total``.
        total: cells counted, at least 1.
        level: of confidence, between 0 and 1.

    Raises:
        ValueError: there is no such proportion.
    """
    if not 0 <= count <= total or total < 1:
        raise ValueError(f"{count} of {total} is no proportion: it must be 0 ≤ count ≤ total ≥ 1.")
    if not 0 < level < 1:
        raise ValueError(f"A level of {level} is not between 0 and 1.")
    return bounds(count, total, level)


def bounds(count: float, total: float, level: float) -> Interval:
    """Return the same bounds where the count need not be whole: between two numbers of cells."""
    # SciPy's special functions load in a fraction of the time that its statistics take.
    from scipy.special import betaincinv

    tail = (1 - level) / 2
    low = betaincinv(count, total - count + 1, tail) if count > 0 else 0.0
    high = betaincinv(count + 1, total - count, 1 - tail) if count < total else 1.0
    return float(low), float(high)


def ratio_interval(count: int, other: int, level: float = LEVEL) -> Interval | None:
    """Return the exact interval of ``count`` / ``other``, two counts of one slide.

    Given how many cells were counted in all, the share of the first is binomial, and its odds
    are the ratio (Przyborowski & Wilenski 1940, Biometrika 31:313).

    Returns:
        The interval, ≥ 0; ``None`` where ``other`` is 0.
    """
    if other < 1:
        return None
    low, high = clopper_pearson(count, count + other, level)
    return low / (1 - low), high / (1 - high)


@dataclass(frozen=True)
class Ratio:
    """A ratio of two counts with its 95% interval, all ≥ 0."""

    value: Positive
    low: Positive
    high: Positive


def ratio_of_counts(above: int, below: int, per: float = 1.0) -> Ratio | None:
    """Return how many of one kind there are for ``per`` of the other, from cells counted.

    Args:
        above: cells of the one kind, ≥ 0.
        below: cells of the other, ≥ 0.
        per: of the other kind.

    Returns:
        The ratio with the interval of :func:`hemavision.differential.intervals.ratio_interval`;
        ``None`` where ``below`` is 0: any ratio would fit, however high.
    """
    interval = ratio_interval(above, below)
    if interval is None:
        return None
    low, high = interval
    return Ratio(per * above / below, per * low, per * high)
