"""Reference ranges: the shipped profiles, and a laboratory's own file."""

from __future__ import annotations

from pathlib import Path

import pytest

from hemavision.errors import SettingsError
from hemavision.records.cells import FOUR_TYPES
from hemavision.records.reference import CONTEXT, load_profile, shipped_profiles

SOUND = """
name = "ours"
title = "Our laboratory"
source = "Our validation study"
[cell_types.neutrophil]
percent = [45, 75]
absolute = [1.8, 7.5]
"""


def ranges(name: str) -> dict[str, tuple[tuple[float, float], tuple[float, float] | None]]:
    return {cell.name: (cell.percent, cell.absolute) for cell in load_profile(name).cell_types}


def test_default_profile_has_the_textbook_percentages() -> None:
    assert ranges("default") == {
        "eosinophil": ((1, 4), None),
        "lymphocyte": ((20, 40), None),
        "monocyte": ((2, 8), None),
        "neutrophil": ((55, 70), None),
    }


def test_adult_uk_profile_has_percentages_and_counts() -> None:
    assert ranges("adult-uk") == {
        "basophil": ((0, 2), (0.02, 0.1)),
        "eosinophil": ((1, 6), (0.02, 0.5)),
        "lymphocyte": ((20, 40), (1.0, 3.0)),
        "monocyte": ((2, 10), (0.2, 1.0)),
        "neutrophil": ((40, 80), (2.0, 7.0)),
    }


def test_adult_uk_names_its_source() -> None:
    assert "University Hospitals Dorset" in load_profile("adult-uk").source


@pytest.mark.parametrize("name", shipped_profiles())
def test_every_shipped_entry_says_what_it_is_and_where_it_comes_from(name: str) -> None:
    profile = load_profile(name)
    assert profile.name == name
    assert set(FOUR_TYPES) <= {cell.name for cell in profile.cell_types}
    for cell in profile.cell_types:
        json = cell.described().to_json()
        assert profile.source in json["source"]
        assert cell.context.source in json["source"]
        assert json["significance"]["high"]
        assert json["significance"]["low"]
        assert json["function"]


def test_every_type_of_the_network_has_its_context() -> None:
    assert set(FOUR_TYPES) <= set(CONTEXT)


def test_a_laboratory_can_use_its_own_file(tmp_path: Path) -> None:
    file = tmp_path / "ours.toml"
    file.write_text(SOUND)
    profile = load_profile(file)
    assert profile.title == "Our laboratory"
    (neutrophil,) = profile.cell_types
    assert (neutrophil.percent, neutrophil.absolute) == ((45.0, 75.0), (1.8, 7.5))
    assert "Our validation study" in neutrophil.described().source


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("[45, 75]", "[75, 45]", "cell_types.neutrophil.percent is [75, 45]"),
        ("[45, 75]", "[45, 101]", "high ≤ 100"),
        ("[45, 75]", "[45]", "must be [low, high]"),
        ("[45, 75]", "[45, nan]", "must be [low, high]"),
        ("[45, 75]", '"45-75"', "must be [low, high]"),
        ("[45, 75]", "[false, true]", "must be [low, high]"),
        ("[1.8, 7.5]", "[-1, 7.5]", "cell_types.neutrophil.absolute"),
        ("absolute", "absolut", "unknown keys: absolut"),
        ("percent = [45, 75]", "", "must be a table with percent"),
        ("neutrophil", "neutrofil", "not a known cell type"),
        ('name = "ours"', "", 'must say name = "…"'),
        ('source = "Our validation study"', 'source = ""', 'must say source = "…"'),
        ("[cell_types.neutrophil]", "[cells.neutrophil]", "unknown keys: cells"),
        ('name = "ours"', "name = ours", "not readable TOML"),
    ],
)
def test_a_bad_file_is_refused_with_the_reason(
    tmp_path: Path, old: str, new: str, says: str
) -> None:
    file = tmp_path / "bad.toml"
    assert old in SOUND
    file.write_text(SOUND.replace(old, new))
    with pytest.raises(SettingsError) as caught:
        load_profile(file)
    assert says in str(caught.value)
    assert str(file) in str(caught.value)


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "photo.toml"
    file.write_bytes(b"\xff\xd8\xff\xe0" * 10)
    with pytest.raises(SettingsError, match="not readable TOML"):
        load_profile(file)


def test_an_unknown_profile_is_refused_with_the_known_ones() -> None:
    with pytest.raises(SettingsError, match=r"'mars'.*adult-uk, default"):
        load_profile("mars")


def test_a_name_is_not_a_way_into_other_folders() -> None:
    with pytest.raises(SettingsError, match="No reference profile"):
        load_profile("../profiles/default")
