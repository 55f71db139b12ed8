"""From counts to a differential."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hemavision.differential import Flag, Terms, clopper_pearson, find_differential
from hemavision.errors import SettingsError
from hemavision.records.cells import COUNTED_APART, EIGHT_TYPES
from hemavision.records.reference import load_profile
from hemavision.records.results import NOTICE

COUNTS = {
    "neutrophil": 58,
    "lymphocyte": 30,
    "monocyte": 8,
    "eosinophil": 3,
    "basophil": 1,
    "erythroblast": 4,
    "platelet": 20,
    "unfamiliar": 6,
}
counts_of = st.fixed_dictionaries({name: st.integers(0, 300) for name in EIGHT_TYPES})


def test_only_white_cells_are_in_the_denominator() -> None:
    found = find_differential(COUNTS)
    assert found.total == 100
    assert [share.cell_type for share in found.shares] == list(COUNTS)[:5]
    assert [share.percent for share in found.shares] == [58, 30, 8, 3, 1]
    assert found.left_out == {"erythroblast": 4, "platelet": 20}
    assert found.undecided == 6
    low, high = clopper_pearson(58, 100)
    assert (found.shares[0].low, found.shares[0].high) == (100 * low, 100 * high)


@given(counts_of)
def test_shares_sum_to_a_hundred_and_lie_in_their_intervals(counts: dict[str, int]) -> None:
    found = find_differential(counts, Terms(load_profile("default"), 7.0))
    white = sum(n for name, n in counts.items() if name not in COUNTED_APART)
    assert found.total == white
    if not white:
        assert found.shares == ()
        return
    assert sum(share.percent for share in found.shares) == pytest.approx(100)
    assert all(0 <= s.low <= s.percent <= s.high <= 100 for s in found.shares)
    assert found.white_cells
    absolute = sum(s.absolute.value for s in found.shares if s.absolute)
    assert absolute == pytest.approx(found.white_cells.value)
    for share in found.shares:
        if share.reference and share.flag is Flag.HIGH:
            assert share.low > share.reference[1]
        if share.reference and share.flag is Flag.LOW:
            assert share.high < share.reference[0]


def test_a_type_that_was_not_looked_for_has_no_share() -> None:
    found = find_differential({"neutrophil": 60, "lymphocyte": 40})
    assert [share.cell_type for share in found.shares] == ["neutrophil", "lymphocyte"]
    assert found.nucleated_red is None


def test_nothing_counted_yet_is_no_error() -> None:
    found = find_differential(dict.fromkeys(EIGHT_TYPES, 0), Terms(load_profile("default"), 5.0))
    assert (found.total, found.shares, found.missing) == (0, (), 100)
    assert found.nucleated_red is None


@pytest.mark.parametrize(("target", "missing"), [(100, 0), (200, 100), (400, 300), (50, 0)])
def test_how_many_are_missing_to_the_target(target: int, missing: int) -> None:
    assert find_differential(COUNTS, Terms(target=target)).missing == missing


def test_nucleated_red_cells_for_each_hundred_white_ones() -> None:
    found = find_differential({"neutrophil": 200, "erythroblast": 50}).nucleated_red
    assert found is not None
    assert (found.count, found.value) == (50, 25.0)
    assert found.low < 25 < found.high


@pytest.mark.parametrize(
    ("nucleated", "corrected", "value"),
    [(0, False, 12.0), (4, False, 12.0), (5, True, 11.428571), (20, True, 10.0)],
)
def test_the_white_cell_count_is_corrected_from_five_on(
    nucleated: int, corrected: bool, value: float
) -> None:
    counts = {"neutrophil": 60, "lymphocyte": 40, "erythroblast": nucleated}
    found = find_differential(counts, Terms(load_profile("adult-uk"), 12.0))
    assert found.white_cells is not None
    assert found.white_cells.entered == 12.0
    assert found.white_cells.corrected is corrected
    assert found.white_cells.value == pytest.approx(value)
    absolute = found.shares[0].absolute
    assert absolute is not None
    assert absolute.value == pytest.approx(0.6 * value)
    assert absolute.reference == (2.0, 7.0)


def test_an_analyser_that_leaves_nucleated_red_cells_out_is_not_corrected() -> None:
    counts = {"neutrophil": 100, "erythroblast": 50}
    found = find_differential(counts, Terms(white_cells=12.0, correct_from=math.inf))
    assert found.white_cells is not None
    assert found.white_cells.value == 12.0


def test_an_absolute_count_is_flagged_by_its_whole_interval() -> None:
    counts = {"neutrophil": 95, "lymphocyte": 5}
    found = find_differential(counts, Terms(load_profile("adult-uk"), 20.0))
    neutrophil, lymphocyte = (share.absolute for share in found.shares)
    assert neutrophil is not None
    assert lymphocyte is not None
    assert neutrophil.flag is Flag.HIGH
    assert lymphocyte.flag is Flag.NONE
    assert found.shares[1].flag is Flag.LOW


def test_the_json_form_is_json_and_carries_the_notice() -> None:
    found = find_differential(COUNTS, Terms(load_profile("adult-uk"), 6.0))
    values = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert values["notice"] == NOTICE
    assert values["shares"][0]["flag"] == "none"
    assert values["shares"][0]["absolute"]["reference"] == [2.0, 7.0]


@pytest.mark.parametrize("count", [-1, 2.5, True, "3", None])
def test_a_count_that_is_none_is_named(count: object) -> None:
    with pytest.raises(SettingsError, match="neutrophil"):
        find_differential({"neutrophil": count})  # type: ignore[dict-item]


@pytest.mark.parametrize(
    ("terms", "named"),
    [
        (Terms(white_cells=0.0), "white cell count is 0"),
        (Terms(white_cells=math.nan), "white cell count is nan"),
        (Terms(white_cells=62_000.0), "62000"),
        (Terms(target=0), "target is 0"),
        (Terms(level=95.0), "level is 95"),
        (Terms(correct_from=-1.0), "correct_from is -1"),
    ],
)
def test_terms_that_cannot_be_used_are_named(terms: Terms, named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        find_differential(COUNTS, terms)
