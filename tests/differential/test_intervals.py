"""Exact intervals against published tables, SciPy's own and what must always hold."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, binomtest

from hemavision.differential import clopper_pearson, ratio_interval

counted = st.integers(1, 2000).flatmap(
    lambda total: st.tuples(st.integers(0, total), st.just(total))
)


@pytest.mark.parametrize(
    ("percent", "total", "low", "high"),
    [
        # Rümke 1985 and CLSI H20: 95% limits of a differential of 100, 200 and 400 cells.
        (0, 100, 0.0, 3.6),
        (0, 200, 0.0, 1.8),
        (0, 400, 0.0, 0.9),
        (5, 100, 1.6, 11.3),
        (5, 200, 2.4, 9.0),
        (5, 400, 3.1, 7.6),
        (50, 100, 39.8, 60.2),
        (50, 200, 42.9, 57.1),
        (50, 400, 45.0, 55.0),
    ],
)
def test_the_tables_of_laboratories(percent: int, total: int, low: float, high: float) -> None:
    found = clopper_pearson(percent * total // 100, total)
    assert [round(100 * bound, 1) for bound in found] == [low, high]


@given(counted, st.sampled_from([0.8, 0.9, 0.95, 0.99]))
def test_bounds_are_scipy_s(cells: tuple[int, int], level: float) -> None:
    count, total = cells
    theirs = binomtest(count, total).proportion_ci(level, method="exact")
    assert clopper_pearson(count, total, level) == pytest.approx(tuple(theirs), abs=1e-9)


@given(counted)
def test_the_interval_holds_the_share_and_mirrors(cells: tuple[int, int]) -> None:
    count, total = cells
    low, high = clopper_pearson(count, total)
    assert 0 <= low <= count / total <= high <= 1
    mirrored = clopper_pearson(total - count, total)
    assert mirrored == pytest.approx((1 - high, 1 - low), abs=1e-9)


@given(counted)
def test_more_cells_at_one_share_narrow_it(cells: tuple[int, int]) -> None:
    count, total = cells
    low, high = clopper_pearson(count, total)
    lower, higher = clopper_pearson(2 * count, 2 * total)
    assert low <= lower
    assert higher <= high


@pytest.mark.parametrize("share", [0.004, 0.05, 0.31, 0.6])
def test_nineteen_slides_of_twenty_hold_the_truth(share: float) -> None:
    """The chance of an interval that holds the true share, over all counts that may happen."""
    held = 0.0
    for count in range(101):
        low, high = clopper_pearson(count, 100)
        held += binom.pmf(count, 100, share) if low <= share <= high else 0.0
    assert held >= 0.95


@pytest.mark.parametrize(("count", "total"), [(-1, 10), (11, 10), (0, 0), (1, -1)])
def test_what_is_no_proportion_is_refused(count: int, total: int) -> None:
    with pytest.raises(ValueError, match="no proportion"):
        clopper_pearson(count, total)


@pytest.mark.parametrize("level", [0.0, 1.0, 95.0, float("nan")])
def test_what_is_no_level_is_refused(level: float) -> None:
    with pytest.raises(ValueError, match="level"):
        clopper_pearson(1, 10, level)


@pytest.mark.parametrize(("count", "other"), [(0, 100), (7, 100), (250, 100)])
def test_a_ratio_s_interval_is_the_odds_of_a_share_s(count: int, other: int) -> None:
    interval = ratio_interval(count, other)
    assert interval is not None
    low, high = interval
    assert low <= count / other <= high
    share = binomtest(count, count + other).proportion_ci(0.95, method="exact")
    assert (low / (1 + low), high / (1 + high)) == pytest.approx((share.low, share.high))


def test_no_ratio_to_nothing() -> None:
    assert ratio_interval(3, 0) is None
