"""How many of one kind of cell there are for each of another, with an exact interval."""

from __future__ import annotations

from dataclasses import dataclass

from hemavision.differential.intervals import ratio_interval
from hemavision.records.json_values import Positive


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
