"""Flags: high or low only by the whole interval."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hemavision.differential import Flag, cells_to_settle, clopper_pearson, find_flag
from hemavision.differential.intervals import bounds

RANGE = (20.0, 40.0)


@pytest.mark.parametrize(
    ("count", "total", "flag"),
    [
        (30, 100, Flag.NONE),
        (21, 100, Flag.NONE),  # its interval reaches below the range; the share does not
        (40, 100, Flag.NONE),
        (45, 100, Flag.POSSIBLY_HIGH),
        (55, 100, Flag.HIGH),
        (15, 100, Flag.POSSIBLY_LOW),
        (8, 100, Flag.LOW),
        (0, 100, Flag.LOW),
        (100, 100, Flag.HIGH),
        (179, 400, Flag.POSSIBLY_HIGH),
        (180, 400, Flag.HIGH),
    ],
)
def test_flags_of_known_counts(count: int, total: int, flag: Flag) -> None:
    assert find_flag(count, total, RANGE).flag is flag


@given(st.integers(1, 500), st.data())
def test_a_flag_is_sure_exactly_where_the_interval_lies_outside(total: int, data: st.DataObject):
    count = data.draw(st.integers(0, total))
    low, high = (100 * bound for bound in clopper_pearson(count, total))
    verdict = find_flag(count, total, RANGE)
    assert (verdict.flag is Flag.HIGH) == (low > RANGE[1])
    assert (verdict.flag is Flag.LOW) == (high < RANGE[0])
    possible = verdict.flag in (Flag.POSSIBLY_HIGH, Flag.POSSIBLY_LOW)
    outside = not RANGE[0] <= 100 * count / total <= RANGE[1]
    assert possible == (outside and not verdict.flag.is_sure)
    assert verdict.more_cells is None or possible


@given(st.integers(10, 400), st.data())
def test_the_cells_to_settle_are_enough_and_no_more(total: int, data: st.DataObject) -> None:
    limit = data.draw(st.sampled_from([1.0, 4.0, 20.0, 40.0, 70.0]))
    # As near to the limit as any count that does not settle it yet, so that most do not.
    middle, near = total * limit / 100, 1 + 3 * math.sqrt(total * limit / 100 * (1 - limit / 100))
    count = data.draw(
        st.integers(max(0, math.floor(middle - near)), min(total, math.ceil(middle + near)))
    )
    more = cells_to_settle(count, total, limit)
    assume(more)
    assert more is not None
    share = count / total
    low, high = bounds(share * (total + more), total + more, 0.95)
    assert not low <= limit / 100 <= high
    low, high = bounds(share * (total + more - 1), total + more - 1, 0.95)
    assert low <= limit / 100 <= high


def test_a_settled_share_needs_none_and_one_on_the_limit_never_settles() -> None:
    assert cells_to_settle(90, 100, 40.0) == 0
    assert cells_to_settle(40, 100, 40.0) is None
    assert cells_to_settle(4_001, 10_000, 40.0) is None  # millions would be needed
    assert cells_to_settle(25, 100, 20.0) is not None
    assert cells_to_settle(0, 100, 0.2) is None  # 1,836 in all


def test_no_eosinophil_in_a_hundred_says_little() -> None:
    verdict = find_flag(0, 100, (1.0, 4.0))
    assert verdict.flag is Flag.POSSIBLY_LOW
    # 0 of 368 is 0 to 0.997%.
    assert verdict.more_cells == 268


def test_words_for_people() -> None:
    assert [flag.words for flag in Flag] == ["", "high", "low", "possibly high", "possibly low"]
