"""Bland and Altman, the figures and the plot."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from hemavision.agreement import draw_bland_altman, find_limits, find_limits_by_type
from hemavision.agreement.plot import HEIGHT, WIDTH
from hemavision.errors import DataError

#: Bland & Altman 1986, Lancet 327:307: first readings of peak expiratory flow, l/min, of 17
#: people by a Wright and a mini Wright meter.
WRIGHT = [494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427]
MINI = [512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350, 451]
percents = st.lists(st.tuples(st.floats(0, 100), st.floats(0, 100)), min_size=2, max_size=40)


def test_peak_flow_as_published() -> None:
    found = find_limits(WRIGHT, MINI)
    assert found.bias == pytest.approx(-2.1, abs=0.05)
    assert found.deviation == pytest.approx(38.8, abs=0.05)
    # They print -79.7 and 75.5 with 2 deviations and t = 2.12 at 16 degrees of freedom.
    assert found.bias_interval == pytest.approx((-22.0, 17.8), abs=0.1)
    assert found.lower == pytest.approx(-2.1 - 1.96 * 38.8, abs=0.1)
    assert found.upper == pytest.approx(-2.1 + 1.96 * 38.8, abs=0.1)


def test_the_bias_s_interval_is_scipy_s() -> None:
    found = find_limits(WRIGHT, MINI)
    theirs = stats.ttest_rel(WRIGHT, MINI).confidence_interval(0.95)
    assert found.bias_interval == pytest.approx((theirs.low, theirs.high))


def test_the_limits_intervals_are_about_as_wide_as_redrawn_slides_say() -> None:
    rng = np.random.default_rng(2)
    differences = rng.normal(1.0, 3.0, size=(4000, 60))
    drawn = [find_limits(row, np.zeros(60)).upper for row in differences]
    found = find_limits(differences[0], np.zeros(60))
    width = (found.upper_interval[1] - found.upper_interval[0]) * 3.0 / found.deviation
    assert width == pytest.approx(2 * 2.0 * np.std(drawn), rel=0.05)


@given(percents)
def test_plots_are_sound_and_stay_inside(pairs: list[tuple[float, float]]) -> None:
    found = find_limits([a for a, _ in pairs], [b for _, b in pairs])
    assert found.lower <= found.bias <= found.upper
    json.dumps(found.to_json(), allow_nan=False)
    root = ET.fromstring(draw_bland_altman(found, "A < B & C"))
    circles = [part for part in root if part.tag.endswith("circle")]
    assert len(circles) == len(pairs)
    for circle in circles:
        assert 0 <= float(circle.get("cx", "nan")) <= WIDTH
        assert 0 <= float(circle.get("cy", "nan")) <= HEIGHT


def test_percentages_over_slides_by_type() -> None:
    slides = [
        ({"neutrophil": 60, "lymphocyte": 40, "basophil": 0}, {"neutrophil": 30, "lymphocyte": 20}),
        ({"neutrophil": 50, "lymphocyte": 50}, {"neutrophil": 55, "lymphocyte": 45}),
        ({"neutrophil": 0}, {"neutrophil": 5}),
    ]
    found = find_limits_by_type(slides)
    assert list(found) == ["neutrophil", "lymphocyte"]
    assert found["neutrophil"].points == ((60.0, 0.0), (52.5, -5.0))
    assert found["lymphocyte"] == find_limits([40, 50], [40, 45])


def test_the_plot_says_what_it_shows() -> None:
    svg = draw_bland_altman(find_limits(WRIGHT, MINI), "Peak flow", "l/min")
    assert "<title>Peak flow</title>" in svg
    assert "17 slides: bias -2.1l/min" in svg
    assert "style" not in svg
    assert "currentColor" in svg


@pytest.mark.parametrize(
    ("first", "second", "named"),
    [([1.0], [2.0], "two at least"), ([1.0, 2.0], [1.0], "2 and 1"),
     ([1.0, float("nan")], [1.0, 2.0], "not a number")],
)  # fmt: skip
def test_what_has_no_limits_is_said(first: list[float], second: list[float], named: str) -> None:
    with pytest.raises(DataError, match=named):
        find_limits(first, second)
