"""The interval of a ratio of two counts, against others' programs and its own definition."""

from __future__ import annotations

import pytest
from scipy.stats import binom

from hemavision.differential.intervals import ratio_of_counts


def test_agrees_with_r() -> None:
    """R's own example: poisson.test(c(11, 6+8+7), c(800, 1083+1050+878))."""
    ratio = ratio_of_counts(11, 21, per=(1083 + 1050 + 878) / 800)
    assert ratio is not None
    assert ratio.value == pytest.approx(1.971488, abs=1e-6)
    assert (ratio.low, ratio.high) == pytest.approx((0.8584264, 4.2772659), abs=1e-6)


@pytest.mark.parametrize(("above", "below"), [(1, 1), (2, 16), (40, 900), (3, 2)])
def test_its_ends_leave_a_fortieth_on_either_side(above: int, below: int) -> None:
    ratio = ratio_of_counts(above, below)
    assert ratio is not None
    n = above + below
    assert binom.sf(above - 1, n, ratio.low / (1 + ratio.low)) == pytest.approx(0.025)
    assert binom.cdf(above, n, ratio.high / (1 + ratio.high)) == pytest.approx(0.025)


def test_none_of_the_one_kind_still_has_an_upper_end() -> None:
    ratio = ratio_of_counts(0, 16, per=1000)
    assert ratio is not None
    assert (ratio.value, ratio.low) == (0, 0)
    assert 0 < ratio.high < 1000


def test_none_of_the_other_kind_has_no_ratio() -> None:
    assert ratio_of_counts(5, 0) is None


def test_the_unit_scales_all_three() -> None:
    one, thousand = ratio_of_counts(2, 16), ratio_of_counts(2, 16, per=1000)
    assert one is not None
    assert thousand is not None
    for name in ("value", "low", "high"):
        assert getattr(thousand, name) == pytest.approx(1000 * getattr(one, name))
