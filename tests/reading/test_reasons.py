"""What was seen is said in words, weighed between two types, and contradictions are named."""

from __future__ import annotations

import math

import pytest

from hemavision.datasets.samples import ATTRIBUTES, read_pbc
from hemavision.reading.reasons import WORDS, give_reasons

SEEN = {
    "nucleus_shape": {"segmented-bilobed": 0.95, "unsegmented-round": 0.05},
    "granule_type": {"round": 0.93, "small": 0.07},
    "granule_colour": {"red": 0.97, "pink": 0.03},
    "cytoplasm_colour": {"light blue": 0.8, "blue": 0.2},
}
LOOKS = {
    "eosinophil": {
        "nucleus_shape": {"segmented-bilobed": 0.9, "unsegmented-round": 0.1},
        "granule_type": {"round": 0.99, "small": 0.01},
        "granule_colour": {"red": 0.99, "pink": 0.01},
        "cytoplasm_colour": {"light blue": 0.9, "blue": 0.1},
    },
    "neutrophil": {
        "nucleus_shape": {"segmented-bilobed": 0.3, "unsegmented-round": 0.0},
        "granule_type": {"round": 0.01, "small": 0.99},
        "granule_colour": {"red": 0.0, "pink": 1.0},
        "cytoplasm_colour": {"light blue": 0.9, "blue": 0.1},
    },
}
EOSINOPHIL = {"eosinophil": 0.8, "erythroblast": 0.15, "neutrophil": 0.05}


def test_every_value_of_the_image_set_has_its_words(data):
    samples = read_pbc(data / "pbc", "train", "val", "test")
    for attribute in ATTRIBUTES:
        values = {s.answers[attribute] for s in samples if attribute in s.answers}
        assert values == set(WORDS[attribute]), attribute


def test_a_line_says_nucleus_granules_and_cytoplasm():
    reasons = give_reasons(SEEN, EOSINOPHIL, LOOKS)
    assert reasons.seen == "bilobed nucleus, round red granules, light blue cytoplasm"


def test_a_cell_without_granules_has_none():
    without = SEEN | {"granule_type": {"nil": 0.9, "round": 0.1}}
    assert "no granules" in give_reasons(without, EOSINOPHIL, LOOKS).seen


def test_weights_are_expected_log_ratios_of_the_two_types():
    reasons = give_reasons(SEEN, EOSINOPHIL, LOOKS)
    # The erythroblast is more probable, but how its cells look is not known.
    assert reasons.compared_with == "neutrophil"
    weights = {reason.attribute: reason.weight for reason in reasons.attributes}
    assert weights["cytoplasm_colour"] == 0
    expected = 0.93 * math.log(0.99 / 0.01) + 0.07 * math.log(0.01 / 0.99)
    assert weights["granule_type"] == pytest.approx(expected)
    sizes = [abs(reason.weight) for reason in reasons.attributes]
    assert sizes == sorted(sizes, reverse=True)


def test_what_the_named_type_never_shows_is_a_contradiction():
    assert give_reasons(SEEN, EOSINOPHIL, LOOKS).contradictions == ()
    neutrophil = {"neutrophil": 0.9, "eosinophil": 0.1}
    found = give_reasons(SEEN, neutrophil, LOOKS)
    assert set(found.contradictions) == {"round granules", "red granules"}
    assert all(reason.weight <= 0 for reason in found.attributes)


def test_a_type_whose_looks_are_unknown_is_compared_with_none():
    reasons = give_reasons(SEEN, {"platelet": 0.9, "eosinophil": 0.1}, LOOKS)
    assert reasons.compared_with is None
    assert reasons.seen == "", "what was never taught is no finding"
    assert {reason.weight for reason in reasons.attributes} == {0.0}
    assert reasons.contradictions == ()
