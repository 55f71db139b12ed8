"""Cells that must not be overlooked."""

from __future__ import annotations

from pathlib import Path

import pytest

from hemavision.errors import SettingsError
from hemavision.records.critical import CriticalRule, find_critical
from hemavision.records.reference import Profile, load_profile, shipped_profiles

RULES = (CriticalRule("blast", 0, "a"), CriticalRule("erythroblast", 2, "b"))


def names(counts: dict[str, int]) -> list[str]:
    return [one.rule.name for one in find_critical(counts, RULES)]


def test_any_is_critical_above_nothing_and_others_above_their_share() -> None:
    assert names({"neutrophil": 99, "blast": 1}) == ["blast"]
    assert names({"neutrophil": 100, "erythroblast": 2}) == []
    assert names({"neutrophil": 100, "erythroblast": 3, "blast": 0}) == ["erythroblast"]
    (found,) = find_critical({"neutrophil": 50, "erythroblast": 3, "platelet": 40}, RULES)
    assert found.per_100 == 6  # neither platelets nor they themselves are white cells


def test_without_a_white_cell_they_count_all_the_same() -> None:
    (found,) = find_critical({"erythroblast": 1}, RULES)
    assert found.per_100 is None


@pytest.mark.parametrize("name", shipped_profiles())
def test_every_shipped_profile_names_blasts_first(name: str) -> None:
    rules = load_profile(name).critical
    assert rules[0].name == "blast"
    assert all(rule.source for rule in rules)


def own(tmp_path: Path, critical: str) -> Profile:
    path = tmp_path / "own.toml"
    head = 'name = "own"\ntitle = "Own"\nsource = "Ours"\n'
    path.write_text(head + "[cell_types.neutrophil]\npercent = [45, 75]\n" + critical)
    return load_profile(path)


def test_a_laboratory_has_its_own_or_none_or_those_of_the_default(tmp_path: Path) -> None:
    assert own(tmp_path, "").critical == load_profile("default").critical
    assert own(tmp_path, "[critical]\n").critical == ()
    rules = own(tmp_path, '[critical.blast]\nabove = 5\nsource = "SOP 7"\n').critical
    assert rules == (CriticalRule("blast", 5.0, "SOP 7"),)


@pytest.mark.parametrize(
    ("critical", "says"),
    [
        ('[critical.blats]\nsource = "x"', "critical.blats is not a known cell type"),
        ("[critical.blast]\nabove = 5", "must say source"),
        ('[critical.blast]\nabove = nan\nsource = "x"', "above is nan; it must be a number"),
        ('[critical.blast]\nabove = -1\nsource = "x"', "above is -1"),
        ('[critical.blast]\nbelow = 1\nsource = "x"', "unknown keys: below"),
        ("[critical]\nblast = 2", "critical.blast must be a table"),
    ],
)
def test_what_cannot_be_used_is_said(tmp_path: Path, critical: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        own(tmp_path, critical)


def test_what_was_signed_is_what_is_read(tmp_path: Path) -> None:
    profile = load_profile("default")
    assert Profile.from_json(profile.to_json()) == profile
    before = profile.to_json()
    del before["critical"]
    assert Profile.from_json(before).critical == ()
