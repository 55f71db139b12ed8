"""Who trains on what: a withheld laboratory is withheld, and test cells are nobody's training."""

from __future__ import annotations

from collections import Counter

import pytest

from hemavision.datasets.protocols import PROTOCOLS
from hemavision.datasets.splits import restrict
from hemavision.records.cells import EIGHT_TYPES, FIVE_TYPES, FOUR_TYPES
from hemavision.training.recipes import RECIPES


@pytest.fixture(scope="module")
def splits(data):
    names = (
        "unseen-cells",
        "pbc",
        "all-laboratories",
        "lab-out:bccd",
        "lab-out:jtsc",
        "lab-out:pbc",
        "lab-out:bcisc",
        "lab-out:lisc",
    )
    return {name: PROTOCOLS[name].split(data) for name in names}


def sources(samples):
    return {sample.source for sample in samples}


@pytest.mark.parametrize(
    ("name", "withheld", "tested"),
    [
        ("lab-out:bccd", {"bccd", "kaggle_wbc"}, FOUR_TYPES),
        ("lab-out:jtsc", {"jtsc"}, FOUR_TYPES),
        ("lab-out:pbc", {"pbc"}, FIVE_TYPES),
        ("lab-out:bcisc", {"bcisc"}, FIVE_TYPES),
        ("lab-out:lisc", {"lisc"}, FIVE_TYPES),
    ],
)
def test_a_withheld_laboratory_is_in_no_training(splits, name, withheld, tested):
    split = splits[name]
    assert not sources(split.train + split.validation) & withheld
    assert sources(split.test) <= withheld
    assert {s.cell_type for s in split.test} == set(tested)
    others = {"kaggle_wbc", "pbc", "jtsc", "bcisc", "lisc"} - withheld
    # Each that is left teaches, and each has cells to calibrate by.
    assert others <= sources(split.train)
    assert others <= sources(split.validation)


def test_cells_of_one_slide_stand_on_one_side(splits):
    split = splits["all-laboratories"]
    kept = {s.original for s in split.validation if s.source == "bcisc"}
    groups = Counter(s.original for s in split.train if s.source == "bcisc")
    assert not kept & groups.keys()
    assert max(groups.values()) > 1


def test_all_laboratories_leave_every_test_cell_alone(splits):
    split = splits["all-laboratories"]
    assert sources(split.train) == {"kaggle_wbc", "bccd", "pbc", "jtsc", "bcisc", "lisc"}
    seen = {s.original for s in split.train + split.validation}
    for name in ("unseen-cells", "pbc"):
        assert not seen & {s.original for s in splits[name].test}, name
    assert {s.cell_type for s in split.train} == set(EIGHT_TYPES)


def test_the_first_network_is_given_its_four_types(splits):
    split = splits["all-laboratories"]
    silent = restrict(split, RECIPES["hemavision"].cell_types, ask=False)
    assert {s.cell_type for s in silent.train + silent.validation} == set(FOUR_TYPES)
    # Cells of other types teach what is asked beside the type, and are never named.
    asked = restrict(split, RECIPES["hemavision"].cell_types, ask=True)
    assert {s.cell_type for s in asked.train} == set(EIGHT_TYPES)
    assert {s.cell_type for s in asked.validation} == set(FOUR_TYPES)


def test_without_pbc_the_eight_types_are_five(splits):
    assert set(
        restrict(splits["lab-out:pbc"], RECIPES["eight-types"].cell_types, ask=True).cell_types
    ) == set(FIVE_TYPES)
    assert (
        restrict(splits["pbc"], RECIPES["eight-types"].cell_types, ask=True).cell_types
        == EIGHT_TYPES
    )
