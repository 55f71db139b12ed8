"""How many of one kind of cell there are for each of another, with an exact interval."""

from __future__ import annotations

from dataclasses import dataclass

LEVEL = 0.95


@dataclass(frozen=True)
class Ratio:
    """A ratio of two counts with its 95% interval, all ≥ 0."""

    value: float
    low: float
    high: float


def ratio_of_counts(above: int, below: int, per: float = 1.0) -> Ratio | None:
    """Return how many of one kind there are for ``per`` of the other, from cells counted.

    Cells fall into a field independently, so that both counts are Poisson; given their sum, the
    first is binomial, and the ends of its exact interval (Clopper & Pearson 1934) are those of
    the ratio (Przyborowski & Wilenski 1940).

    Args:
        above: cells of the one kind, ≥ 0.
        below: cells of the other, ≥ 0.
        per: of the other kind.

    Returns:
        ``None`` where ``below`` is 0: any ratio would fit, however high.
    """
    if below == 0:
        return None
    # Half a second that the command line's help need not wait for.
    from scipy.special import betaincinv

    tail = (1 - LEVEL) / 2
    low = float(betaincinv(above, below + 1, tail)) if above else 0.0
    high = float(betaincinv(above + 1, below, 1 - tail))
    return Ratio(per * above / below, per * low / (1 - low), per * high / (1 - high))
