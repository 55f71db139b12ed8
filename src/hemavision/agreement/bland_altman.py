"""Bland and Altman: by how much two readers' percentages differ, slide by slide.

Source: Bland & Altman 1999, Measuring agreement in method comparison studies, Statistical Methods
in Medical Research 8:135. The intervals of the limits are theirs (section 2.1), approximate.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hemavision.differential import LEVEL, Interval, find_differential
from hemavision.errors import DataError
from hemavision.records.json_values import Record

#: So many standard deviations either side of the mean hold 95% of a normal distribution.
REACH = 1.96


@dataclass(frozen=True)
class BlandAltman(Record):
    """Differences of two readers over slides, first minus second, in the unit of the readings.

    Attributes:
        points: each slide's mean of the two and their difference.
        bias: the mean difference.
        bias_interval: of it, by Student's t.
        deviation: standard deviation of the differences.
        lower: limit of agreement, bias - 1.96 deviations.
        upper: limit of agreement, bias + 1.96 deviations.
        lower_interval: of the lower limit, approximate.
        upper_interval: of the upper limit, approximate.
        level: of the intervals.
    """

    points: tuple[tuple[float, float], ...]
    bias: float
    bias_interval: Interval
    deviation: float
    lower: float
    upper: float
    lower_interval: Interval
    upper_interval: Interval
    level: float = LEVEL


def find_limits(
    first: Sequence[float], second: Sequence[float], level: float = LEVEL
) -> BlandAltman:
    """Return bias and limits of agreement of two readers over the same slides.

    Args:
        first: the first reader's figure of each slide, such as the percentage of neutrophils.
        second: the second's, in the same order.
        level: of the intervals.

    Raises:
        DataError: fewer than two slides, not the same number, or a figure that is not finite.
    """
    from scipy.special import stdtrit

    if len(first) != len(second) or len(first) < 2:
        raise DataError(
            f"The readers have {len(first)} and {len(second)} slides; limits of agreement need the "
            "same slides of both, two at least."
        )
    ours, theirs = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    if not (np.isfinite(ours).all() and np.isfinite(theirs).all()):
        raise DataError("A reader's figure is not a number; leave slides without one out.")
    differences, slides = ours - theirs, len(ours)
    bias, deviation = float(differences.mean()), float(differences.std(ddof=1))
    student = float(stdtrit(slides - 1, (1 + level) / 2))
    of_bias = student * deviation / math.sqrt(slides)
    of_limit = student * deviation * math.sqrt(1 / slides + REACH**2 / (2 * (slides - 1)))
    lower, upper = bias - REACH * deviation, bias + REACH * deviation
    means = ((ours + theirs) / 2).tolist()
    return BlandAltman(
        points=tuple(zip(means, differences.tolist(), strict=True)),
        bias=bias,
        bias_interval=(bias - of_bias, bias + of_bias),
        deviation=deviation,
        lower=lower,
        upper=upper,
        lower_interval=(lower - of_limit, lower + of_limit),
        upper_interval=(upper - of_limit, upper + of_limit),
        level=level,
    )


def find_limits_by_type(
    slides: Sequence[tuple[Mapping[str, int], Mapping[str, int]]], level: float = LEVEL
) -> dict[str, BlandAltman]:
    """Return bias and limits of agreement of each type's percentage over slides.

    Args:
        slides: for each slide the first reader's counts and the second's, type → cells, as
            :func:`hemavision.differential.find_differential` takes them.
        level: of the intervals.

    Returns:
        Type → limits, for the types that both readers have a share of on two slides at least.
    """
    pairs: dict[str, list[tuple[float, float]]] = {}
    for first, second in slides:
        theirs = {s.cell_type: s.percent for s in find_differential(second).shares}
        for share in find_differential(first).shares:
            if share.cell_type in theirs:
                pair = (share.percent, theirs[share.cell_type])
                pairs.setdefault(share.cell_type, []).append(pair)
    return {
        name: find_limits([one for one, _ in found], [other for _, other in found], level)
        for name, found in pairs.items()
        if len(found) > 1
    }
