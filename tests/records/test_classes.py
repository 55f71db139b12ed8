"""What readers may call a cell: the shipped lists, and what of a laboratory's own is refused."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hemavision.errors import SettingsError
from hemavision.records import classes as room
from hemavision.records.cells import BEYOND_MODELS, COUNTED_APART, CUT, EIGHT_TYPES
from hemavision.records.classes import ClassList, load_classes
from hemavision.records.critical import CriticalRule, find_critical
from hemavision.records.laboratory_files import shipped_names
from hemavision.records.reference import load_profile

SCRIPT = Path(room.__file__).parents[1] / "web/static/js/workbench/hotkeys.js"
OWN = """
name = "own"
title = "Ours"
[classes.neutrophil]
counted = true
[classes.band]
counted = true
parent = "neutrophil"
key = "b"
[classes.smudge_cell]
counted = true
"""


def own(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "classes.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_default_is_the_models_types_and_what_they_cannot_name() -> None:
    found = load_classes()
    assert found.names(EIGHT_TYPES) == (*EIGHT_TYPES, *BEYOND_MODELS)
    assert {name for name in found.names() if not found.counts(name)} == COUNTED_APART - {CUT}
    assert "".join(one.key or "?" for one in found.with_types()) == "1234567890rspuea"
    assert not any(one.parent for one in found.classes)


@pytest.mark.parametrize("name", shipped_names(room.SHIPPED))
def test_every_shipped_list_is_kept_and_read_back_whole(name: str) -> None:
    found = load_classes(name)
    assert ClassList.of(found.to_json()) == found
    assert len({one.key for one in found.with_types(EIGHT_TYPES)}) == len(found.classes)
    assert all(one.parent in (None, *EIGHT_TYPES) for one in found.classes)


def test_no_class_takes_the_key_of_a_command() -> None:
    (commands,) = re.findall(r"COMMANDS = .*?\{(.*?)\}", SCRIPT.read_text(), re.DOTALL)
    assert set(re.findall(r"(\w): ", commands)) <= room.COMMAND_KEYS


def test_a_list_of_its_own_orders_the_bins_and_says_what_is_counted(tmp_path: Path) -> None:
    found = load_classes(own(tmp_path, OWN), ("lymphocyte", "neutrophil"))
    # What the model can say and the list leaves out can be committed all the same.
    assert found.names(("lymphocyte", "neutrophil")) == (
        "neutrophil", "band", "smudge_cell", "lymphocyte",
    )  # fmt: skip
    assert [one.key for one in found.with_types(("lymphocyte",))] == ["1", "b", "2", "3"]
    assert found.counts("smudge_cell")
    assert not found.counts("platelet")
    assert (found.type_of("band"), found.type_of("monocyte")) == ("neutrophil", "monocyte")


def test_more_classes_than_keys_leave_some_without(tmp_path: Path) -> None:
    many = "".join(f"[classes.kind_{n}]\ncounted = true\n" for n in range(40))
    keys = [
        one.key for one in load_classes(own(tmp_path, f'name="a"\ntitle="b"\n{many}')).with_types()
    ]
    given = [key for key in keys if key]
    assert len(given) == len(set(given)) == len(set(room.KEYS) - room.COMMAND_KEYS)
    assert keys[-1] is None


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (
            '[classes.clot]\ncounted = true\nkey = "b"',
            "classes.clot.key is 'b', which classes.band has",
        ),
        (
            '[classes.clot]\ncounted = true\nkey = "n"',
            "classes.clot.key is 'n', which is a command",
        ),
        ('[classes.clot]\ncounted = true\nkey = "É"', "it must be one digit or small letter"),
        ('[classes.clot]\ncounted = true\nkey = "12"', "it must be one digit or small letter"),
        (
            '[classes.clot]\ncounted = true\nparent = "granulocyte"',
            "parent is 'granulocyte', which is no",
        ),
        ('[classes.eosinophil]\ncounted = true\nparent = "neutrophil"', "it has no parent"),
        (
            '[classes.clump]\ncounted = true\nparent = "platelet"',
            "say counted = false, or name another",
        ),
        ("[classes.platelet]\ncounted = true", "keep their place: say counted = false"),
        ("[classes.clot]", "must say counted = true"),
        ('[classes.clot]\ncounted = "yes"', "it says 'yes'"),
        ("[classes.Clot]\ncounted = true", "classes.Clot is no name for a class"),
        ("[classes.unfamiliar]\ncounted = true", "a bin of HemaVision's own"),
        (
            '[classes.clot]\ncounted = true\nloinc = "764-2"',
            "loinc is '764-2', which is no LOINC code",
        ),
        ('[classes.clot]\ncounted = true\nloinc_name = "x"', "loinc_name and no code"),
        ("[classes.clot]\ncounted = true\nkeys = 1", "unknown keys: keys"),
        ("[classes.band]\ncounted = true", "is not readable TOML"),
    ],
)
def test_what_cannot_be_used_is_named_with_file_and_entry(
    tmp_path: Path, more: str, says: str
) -> None:
    path = own(tmp_path, OWN + more)
    with pytest.raises(SettingsError, match=re.escape(says)) as refusal:
        load_classes(path)
    assert str(path) in str(refusal.value)


def test_a_list_that_is_not_there_names_those_that_ship() -> None:
    with pytest.raises(SettingsError, match=r"No class list 'mars'.*\(default, stages\)"):
        load_classes("mars")


def test_a_class_without_a_rule_falls_under_its_parents(tmp_path: Path) -> None:
    rules = (CriticalRule("immature_granulocyte", 2, "a"), CriticalRule("promyelocyte", 0, "b"))
    counts = {"neutrophil": 96, "myelocyte": 2, "metamyelocyte": 1, "promyelocyte": 1}
    found = find_critical(counts, rules, load_classes("stages"))
    assert [(one.cell_type, one.count) for one in found] == [
        ("immature_granulocyte", 3), ("promyelocyte", 1),
    ]  # fmt: skip
    assert found[0].types == ("immature_granulocyte", "metamyelocyte", "myelocyte")
    assert [one.cell_type for one in find_critical(counts, rules)] == ["promyelocyte"]


def test_a_profile_may_have_ranges_and_rules_for_them(tmp_path: Path) -> None:
    text = 'name="a"\ntitle="b"\nsource="c"\n[cell_types.band]\npercent = [0, 5]\n'
    path = own(tmp_path, text + '[critical.promyelocyte]\nsource = "SOP 7"\n')
    profile = load_profile(path, load_classes("stages").names())
    assert (profile.cell_types[0].percent, profile.critical[0].name) == ((0.0, 5.0), "promyelocyte")
    with pytest.raises(SettingsError, match="is not a known cell type"):
        load_profile(path)
