"""Who trains on what: a withheld laboratory is withheld, and test cells are nobody's training."""

from __future__ import annotations

import pytest

from hemavision.cells import EIGHT_TYPES, FOUR_TYPES
from hemavision.training.recipes import EIGHT, HEMAVISION
from hemavision.training.splits import PROTOCOLS, restrict


@pytest.fixture(scope="module")
def splits(data):
    names = (
        "unseen-cells",
        "pbc",
        "all-laboratories",
        "lab-out:bccd",
        "lab-out:jtsc",
        "lab-out:pbc",
    )
    return {name: PROTOCOLS[name](data) for name in names}


def sources(samples):
    return {sample.source for sample in samples}


@pytest.mark.parametrize(
    ("name", "withheld"),
    [
        ("lab-out:bccd", {"bccd", "kaggle_wbc"}),
        ("lab-out:jtsc", {"jtsc"}),
        ("lab-out:pbc", {"pbc"}),
    ],
)
def test_a_withheld_laboratory_is_in_no_training(splits, name, withheld):
    split = splits[name]
    assert not sources(split.train + split.validation) & withheld
    assert sources(split.test) <= withheld
    assert {s.cell_type for s in split.test} == set(FOUR_TYPES)


def test_all_laboratories_leave_every_test_cell_alone(splits):
    split = splits["all-laboratories"]
    assert sources(split.train) == {"kaggle_wbc", "bccd", "pbc", "jtsc"}
    seen = {s.original for s in split.train + split.validation}
    for name in ("unseen-cells", "pbc"):
        assert not seen & {s.original for s in splits[name].test}, name
    assert {s.cell_type for s in split.train} == set(EIGHT_TYPES)


def test_the_first_network_is_given_its_four_types(splits):
    split = splits["all-laboratories"]
    silent = restrict(split, HEMAVISION.cell_types, ask=False)
    assert {s.cell_type for s in silent.train + silent.validation} == set(FOUR_TYPES)
    # Cells of other types teach what is asked beside the type, and are never named.
    asked = restrict(split, HEMAVISION.cell_types, ask=True)
    assert {s.cell_type for s in asked.train} == set(EIGHT_TYPES)
    assert {s.cell_type for s in asked.validation} == set(FOUR_TYPES)


def test_without_pbc_the_eight_types_are_four(splits):
    assert set(restrict(splits["lab-out:pbc"], EIGHT.cell_types, ask=True).cell_types) == set(
        FOUR_TYPES
    )
    assert restrict(splits["pbc"], EIGHT.cell_types, ask=True).cell_types == EIGHT_TYPES
