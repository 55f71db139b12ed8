"""What people and analysers call cells is understood, or refused with what was probably meant."""

from __future__ import annotations

import pytest

from hemavision.differential.names import NAMES, PARTS, add_up, type_named
from hemavision.errors import SettingsError
from hemavision.records.cells import BEYOND_MODELS, EIGHT_TYPES


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("NEUT", "neutrophil"), ("Neutrophils", "neutrophil"), ("NEUT%", "neutrophil"),
        ("lymphs", "lymphocyte"), ("LYMPH#", "lymphocyte"), ("MONO", "monocyte"),
        ("EO", "eosinophil"), ("eos", "eosinophil"), ("BASO", "basophil"),
        ("IG", "immature_granulocyte"), ("Immature granulocytes", "immature_granulocyte"),
        ("nrbc", "erythroblast"), ("NRBCs", "erythroblast"), ("platelets", "platelet"),
        ("PLT", "platelet"), ("red-cells", "red_cell"), ("smudge_cell", "smudge_cell"),
        ("segs", "neutrophil"), ("Band", "neutrophil"), ("metamyelocyte", "immature_granulocyte"),
    ],
)  # fmt: skip
def test_usual_names_are_understood(said: str, meant: str) -> None:
    assert type_named(said) == meant


def test_every_type_has_names_and_no_name_means_two() -> None:
    types = {*EIGHT_TYPES, *BEYOND_MODELS}
    assert set(NAMES) == types
    assert set(PARTS.values()) <= types
    names = [name for own in NAMES.values() for name in own] + list(PARTS)
    assert len(names) == len(set(names))
    assert all(type_named(name) == meant for meant, own in NAMES.items() for name in own)


def test_a_model_s_own_types_come_first() -> None:
    assert type_named("band", ["band"]) == "band"
    assert type_named("Hairy cells", ["hairy_cell"]) == "hairy_cell"


@pytest.mark.parametrize(("said", "near"), [("lymfocyte", "lymphocyte"), ("netrophil", "neutro")])
def test_an_unknown_name_is_refused_with_the_nearest(said: str, near: str) -> None:
    with pytest.raises(SettingsError, match=f"'{said}' is no cell type here: did you mean {near}"):
        type_named(said)
    with pytest.raises(SettingsError, match="there are neutrophil, eosinophil"):
        type_named("xyz")


def test_parts_are_added_up_and_nothing_is_counted_twice() -> None:
    typed = [("segs", 50), ("bands", 8), ("MONO", 6), ("myelocytes", 1), ("meta", 2)]
    found = {"neutrophil": 58, "monocyte": 6, "immature_granulocyte": 3}
    assert add_up(typed) == found
    for again, message in (
        ([("segs", 50), ("neutrophil", 58)], "both neutrophil"),
        ([("neut", 50), ("bands", 8)], "both neutrophil"),
        ([("neut", 50), ("neutrophils", 50)], "both neutrophil"),
        ([("seg", 50), ("Segs", 50)], "twice"),
    ):
        with pytest.raises(SettingsError, match=message):
            add_up(again)
