"""The estimate corrected for known confusions."""

from __future__ import annotations

import json

import numpy as np
import pytest

from hemavision.differential import Confusion, correct
from hemavision.errors import SettingsError

TYPES = ("neutrophil", "eosinophil", "lymphocyte", "erythroblast")
#: One neutrophil in ten is called an eosinophil, a tenth of the erythroblasts a lymphocyte.
ROWS = ((900, 100, 0, 0), (10, 490, 0, 0), (0, 0, 480, 20), (0, 0, 40, 360))
KNOWN = Confusion(TYPES, ROWS, "four types, drawn")
CHANCES = np.array(ROWS) / np.sum(ROWS, axis=1, keepdims=True)


def test_expected_calls_give_the_true_shares_back() -> None:
    truth = np.array([6000, 300, 3300, 400])
    calls = np.rint(truth @ CHANCES).astype(int)
    found = correct(dict(zip(TYPES, map(int, calls), strict=True)), KNOWN)
    assert [share.cell_type for share in found.shares] == list(TYPES[:3])
    percents = [share.percent for share in found.shares]
    assert percents == pytest.approx([62.5, 3.125, 34.375], abs=0.1)
    assert found.shares[1].called == pytest.approx(9.3, abs=0.2)


def test_no_share_is_negative_where_the_inverse_matrix_says_so() -> None:
    calls = {"neutrophil": 95, "eosinophil": 5, "lymphocyte": 0, "erythroblast": 0}
    assert (np.linalg.inv(CHANCES).T @ np.array(list(calls.values())))[1] < 0
    found = correct(calls, KNOWN)
    assert found.shares[1].percent == pytest.approx(0, abs=1e-3)
    assert found.shares[1].high > 0
    assert sum(share.percent for share in found.shares) == pytest.approx(100)


def test_a_perfect_matrix_changes_nothing_and_widens_nothing_much() -> None:
    perfect = Confusion(TYPES, tuple(map(tuple, (np.eye(4, dtype=int) * 10_000).tolist())), "")
    found = correct({"neutrophil": 60, "eosinophil": 5, "lymphocyte": 35}, perfect)
    for share in found.shares:
        assert share.percent == pytest.approx(share.called, abs=0.1)
        assert share.low <= share.percent <= share.high


@pytest.mark.parametrize("slides", [20, pytest.param(80, marks=pytest.mark.long)])
def test_intervals_hold_the_truth_nearly_as_often_as_they_say(slides: int) -> None:
    """Both the counts and the matrix are drawn anew for each slide."""
    rng = np.random.default_rng(8)
    truth = np.array([0.6, 0.05, 0.33, 0.02])
    white = 100 * truth[:3] / truth[:3].sum()
    held = np.zeros(3)
    for _ in range(slides):
        rows = [rng.multinomial(100, row) for row in CHANCES]
        calls = rng.multinomial(200, truth @ CHANCES)
        known = Confusion(TYPES, tuple(tuple(map(int, row)) for row in rows), "")
        found = correct(dict(zip(TYPES, map(int, calls), strict=True)), known, draws=300)
        held += [s.low <= true <= s.high for s, true in zip(found.shares, white, strict=True)]
    assert (held / slides > 0.87).all()


def test_an_answer_is_the_same_twice_and_says_what_it_is() -> None:
    calls = {"neutrophil": 70, "eosinophil": 10, "lymphocyte": 20, "unfamiliar": 4}
    found = correct(calls, KNOWN)
    assert found == correct(calls, KNOWN)
    values = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert values["estimate"] is True
    assert values["protocol"] == "four types, drawn"
    assert "likelihood" in values["method"]


def test_a_type_without_validated_cells_is_named() -> None:
    rows = ((95, 5, 0), (3, 97, 0), (0, 0, 0))
    known = Confusion(("neutrophil", "eosinophil", "basophil"), rows, "")
    found = correct({"neutrophil": 80, "eosinophil": 15, "basophil": 5}, known)
    assert found.unvalidated == ("basophil",)
    assert found.shares[2].percent == pytest.approx(5, abs=0.5)


@pytest.mark.parametrize(
    ("calls", "confusion", "named"),
    [
        ({"blast": 3, "neutrophil": 5}, KNOWN, "does not know blast"),
        ({"erythroblast": 3}, KNOWN, "No white cell"),
        ({"neutrophil": 3}, Confusion(TYPES, ROWS[:2], ""), "2 rows for 4"),
        ({"neutrophil": 3}, Confusion(("neutrophil",), ((-1,),), ""), "0 or more"),
    ],
)
def test_what_cannot_be_corrected_is_said(
    calls: dict[str, int], confusion: Confusion, named: str
) -> None:
    with pytest.raises(SettingsError, match=named):
        correct(calls, confusion)
