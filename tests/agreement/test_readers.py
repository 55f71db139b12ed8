"""Two readers of the same cells."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score, confusion_matrix, f1_score

from hemavision.agreement import compare_readers
from hemavision.agreement.readers import ASYMPTOTIC, FROM_AGREEMENT, find_kappa
from hemavision.differential import clopper_pearson
from hemavision.errors import DataError

#: Fleiss, Levin & Paik 2003, Statistical Methods for Rates and Proportions, table 18.1:
#: diagnoses of 100 subjects by two raters.
PUBLISHED = np.array([[75, 1, 4], [5, 4, 1], [0, 0, 10]])
readings = st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("abcd")), min_size=2)


def read(table: np.ndarray) -> tuple[list[str], list[str]]:
    """Write a table out as two readings."""
    pairs = [
        (f"t{row}", f"t{column}")
        for (row, column), count in np.ndenumerate(table)
        for _ in range(count)
    ]
    return [one for one, _ in pairs], [other for _, other in pairs]


def test_kappa_as_published() -> None:
    kappa = find_kappa(PUBLISHED)
    assert kappa is not None
    assert kappa.value == pytest.approx(0.676, abs=5e-4)
    assert kappa.by_chance == pytest.approx(0.66)
    assert kappa.method == ASYMPTOTIC
    assert (kappa.high - kappa.low) / (2 * 1.959964) == pytest.approx(0.088, abs=1e-3)


def test_kappa_s_interval_is_as_wide_as_redrawn_cells_say() -> None:
    kappa = find_kappa(PUBLISHED * 4)
    assert kappa is not None
    rng = np.random.default_rng(5)
    shares = PUBLISHED.ravel() / PUBLISHED.sum()
    tables = rng.multinomial(400, shares, size=3000).reshape(-1, 3, 3)
    drawn = [found.value for found in map(find_kappa, tables) if found]
    width = 2 * 1.959964 * np.std(drawn)
    assert kappa.high - kappa.low == pytest.approx(width, rel=0.05)


@given(readings)
def test_figures_are_scikit_learn_s(pairs: list[tuple[str, str]]) -> None:
    first, second = [a for a, _ in pairs], [b for _, b in pairs]
    found = compare_readers(first, second)
    types = list(found.cell_types)
    # One label alone makes scikit-learn warn.
    confusion = confusion_matrix(first, second, labels=[*types, "none"])[:-1, :-1]
    assert found.confusion == tuple(map(tuple, confusion))
    assert sum(map(sum, found.confusion)) == found.n_cells == len(pairs)
    if found.kappa:
        assert found.kappa.value == pytest.approx(cohen_kappa_score(first, second), abs=1e-9)
        assert -1 <= found.kappa.low <= found.kappa.value <= found.kappa.high <= 1
    else:
        assert len(types) == 1
    positive = f1_score(first, second, labels=types, average=None)
    for kind, expected in zip(found.types, positive, strict=True):
        assert kind.both + kind.first_only + kind.second_only + kind.neither == len(pairs)
        assert kind.positive_agreement == pytest.approx(expected)
        assert kind.interval is not None
        low, high = kind.interval
        assert low - 1e-9 <= expected <= high + 1e-9


@given(readings)
def test_swapping_the_readers_changes_nothing_but_the_sides(pairs: list[tuple[str, str]]) -> None:
    first, second = [a for a, _ in pairs], [b for _, b in pairs]
    ours, theirs = compare_readers(first, second), compare_readers(second, first)
    assert ours.same == theirs.same
    if ours.kappa and theirs.kappa:
        # The limits are a root: of a variance of nothing, rounding leaves 1e-16, and it 1e-8.
        assert (ours.kappa.low, ours.kappa.high) == pytest.approx(
            (theirs.kappa.low, theirs.kappa.high), abs=1e-7
        )
    for one, other in zip(ours.types, theirs.types, strict=True):
        assert (one.first_only, one.second_only) == (other.second_only, other.first_only)


def test_readers_who_never_differ_on_few_cells_are_not_proven_to_agree() -> None:
    cells = ["neutrophil"] * 12 + ["lymphocyte"] * 8
    found = compare_readers(cells, cells)
    assert found.kappa is not None
    assert found.kappa.value == 1
    assert found.kappa.method == FROM_AGREEMENT
    low, _ = clopper_pearson(20, 20)
    assert found.interval[0] == low
    assert found.kappa.low == pytest.approx((low - 0.52) / 0.48)


def test_one_type_throughout_has_no_kappa() -> None:
    found = compare_readers(["neutrophil"] * 5, ["neutrophil"] * 5)
    assert found.kappa is None
    assert found.agreement == 1
    json.dumps(found.to_json(), allow_nan=False)


def test_types_stand_in_the_given_order_and_others_follow() -> None:
    found = compare_readers(["b", "z", "a"], ["b", "b", "a"], order=("b", "never", "a"))
    assert found.cell_types == ("b", "a", "z")


def test_a_published_table_by_type() -> None:
    found = compare_readers(*read(PUBLISHED))
    assert [(t.both, t.first_only, t.second_only) for t in found.types] == [
        (75, 5, 5),
        (4, 6, 1),
        (10, 0, 5),
    ]


@pytest.mark.parametrize(("first", "second"), [([], []), (["a"], ["a", "b"])])
def test_readings_of_other_cells_are_refused(first: list[str], second: list[str]) -> None:
    with pytest.raises(DataError, match="same cells"):
        compare_readers(first, second)
