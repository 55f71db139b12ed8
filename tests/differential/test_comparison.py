"""A slide beside an analyser."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.stats import binomtest, fisher_exact

from hemavision.differential import Analyser, compare
from hemavision.errors import SettingsError

SLIDE = {"neutrophil": 60, "lymphocyte": 29, "monocyte": 7, "eosinophil": 3, "basophil": 1}
AGREES = {"neutrophil": 61.2, "lymphocyte": 28.4, "monocyte": 6.9, "eosinophil": 2.9,
          "basophil": 0.6}  # fmt: skip


def test_what_agrees_is_not_called_different() -> None:
    found = compare(SLIDE, Analyser(AGREES, name="A-1"))
    assert found.disagreeing == ()
    assert found.analyser == "A-1"
    assert all(share.adjusted >= share.p_value for share in found.shares)


def test_what_differs_by_more_than_chance_is_named() -> None:
    other = AGREES | {"neutrophil": 41.2, "lymphocyte": 48.4}
    found = compare(SLIDE, Analyser(other))
    assert found.disagreeing == ("neutrophil", "lymphocyte")
    assert json.loads(json.dumps(found.to_json()))["disagreeing"] == ["neutrophil", "lymphocyte"]


def test_the_exact_test_takes_the_percentage_as_rounded() -> None:
    found = compare({"neutrophil": 70, "lymphocyte": 30}, Analyser({"neutrophil": 60.0}))
    assert found.shares[0].p_value == pytest.approx(binomtest(70, 100, 0.6005).pvalue)
    # One basophil of 100 is no contradiction to "0.0%", which is anything below 0.05.
    found = compare({"neutrophil": 99, "basophil": 1}, Analyser({"basophil": 0.0}))
    assert found.shares[0].p_value == pytest.approx(binomtest(1, 100, 0.0005).pvalue)
    found = compare({"neutrophil": 99, "basophil": 1}, Analyser({"basophil": 0.0}, step=1.0))
    assert not found.shares[0].disagrees


def test_an_analyser_s_own_cells_count_where_they_are_known() -> None:
    found = compare({"neutrophil": 70, "lymphocyte": 30}, Analyser({"neutrophil": 55.0}, cells=200))
    expected = fisher_exact([[70, 30], [110, 90]]).pvalue
    assert found.shares[0].p_value == pytest.approx(expected)
    assert found.method.startswith("Fisher")


def test_holm_by_hand() -> None:
    other = {"neutrophil": 45.0, "lymphocyte": 40.0, "monocyte": 7.0}
    shares = compare(SLIDE, Analyser(other)).shares
    ranked = sorted(share.p_value for share in shares)
    first = min(1.0, 3 * ranked[0])
    second = max(first, min(1.0, 2 * ranked[1]))
    expected = [first, second, max(second, ranked[2])]
    assert sorted(share.adjusted for share in shares) == pytest.approx(expected)


def test_immature_granulocytes_count_as_neutrophils_where_an_analyser_has_no_class() -> None:
    slide = {"neutrophil": 50, "immature_granulocyte": 10, "lymphocyte": 40}
    five = compare(slide, Analyser({"neutrophil": 60.0, "lymphocyte": 40.0}))
    assert five.shares[0].includes == ("immature_granulocyte",)
    assert five.shares[0].count == 60
    assert five.not_compared == ()
    six = compare(slide, Analyser({"neutrophil": 50.0, "immature_granulocyte": 10.0}))
    assert six.shares[0].includes == ()
    assert six.not_compared == ("lymphocyte",)


def test_agreeing_slides_are_seldom_called_different() -> None:
    """A family-wise error: at most one comparison in twenty of slides drawn from the analyser."""
    rng = np.random.default_rng(3)
    truth = {"neutrophil": 60.0, "lymphocyte": 30.0, "monocyte": 6.0, "eosinophil": 3.0,
             "basophil": 1.0}  # fmt: skip
    slides = rng.multinomial(200, np.array(list(truth.values())) / 100, size=300)
    wrong = sum(
        bool(compare(dict(zip(truth, map(int, slide), strict=True)), Analyser(truth)).disagreeing)
        for slide in slides
    )
    assert wrong / 300 <= 0.08


@pytest.mark.parametrize(
    ("analyser", "named"),
    [
        (Analyser({"neutrophil": 101.0}), "neutrophil is 101"),
        (Analyser({"neutrophil": float("nan")}), "neutrophil is nan"),
        (Analyser({"neutrophil": 70.0, "lymphocyte": 40.0}), "sum to 110"),
        (Analyser({"neutrophil": 70.0}, cells=0), "cells are 0"),
        (Analyser({"neutrophil": 70.0}, step=0.0), "step is 0"),
    ],
)
def test_figures_that_cannot_be_used_are_named(analyser: Analyser, named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        compare(SLIDE, analyser)


def test_nothing_to_compare_is_said() -> None:
    with pytest.raises(SettingsError, match="No white cell"):
        compare({"platelet": 5}, Analyser(AGREES))
