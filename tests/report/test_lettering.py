"""Which font is embedded, and what stands for the letters that it lacks."""

from __future__ import annotations

from pathlib import Path

import pytest

from hemavision.report import lettering
from hemavision.report.lettering import FACES, STAND_INS, Face, Lettering, find_face


@pytest.fixture
def faces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Face]:
    """Fonts of a machine by the letters that each of them has; and none that is not there."""
    asked: list[str] = []

    def letters_of(font: Path) -> frozenset[int]:
        asked.append(font.stem)
        return frozenset(map(ord, font.stem))

    monkeypatch.setattr(lettering, "letters_of", letters_of)
    made = {}
    for letters in ("ab", "ac", "abc", "abcd", "abcde"):
        files = [tmp_path / f"{letters}{kind}.ttf" for kind in ("", "-bold", "-serif")]
        for file in files:
            file.touch()
        made[letters] = Face(*map(str, files))
    made["asked"] = asked  # type: ignore[assignment]
    return made


def test_the_font_with_most_of_the_letters_is_taken(faces: dict[str, Face]) -> None:
    in_order = [faces[name] for name in ("ab", "ac", "abc")]
    assert find_face("abcx", in_order) is faces["abc"]
    assert find_face("abx", in_order) is faces["ab"]
    assert find_face("acx", in_order) is faces["ac"]
    assert find_face("bcx", in_order[:2]) is faces["ab"], "of two as good, the preferred"
    assert find_face("xyz", in_order) is faces["ab"], "any is better than none"


def test_no_font_is_looked_into_once_one_has_every_letter(faces: dict[str, Face]) -> None:
    in_order = [faces[name] for name in ("ac", "ab", "abc", "abcd")]
    assert find_face("ab\nba\t", in_order) is faces["ab"]
    assert faces["asked"] == ["ac", "ab"]


def test_a_font_without_its_bold_or_its_serif_is_not_taken(faces: dict[str, Face]) -> None:
    for file in (faces["abcd"].regular, faces["abc"].bold, faces["abcde"].serif):
        Path(file).unlink()
    assert find_face("abcd", [faces[name] for name in ("abcd", "abc", "abcde")]) is None
    assert (
        find_face("abcd", [faces[name] for name in ("abcd", "abc", "abcde", "ab")]) is faces["ab"]
    )


def test_accents_are_composed_before_a_font_is_looked_for(faces: dict[str, Face]) -> None:
    assert find_face("a\u0301", [faces["ab"]]) is faces["ab"]
    assert {letter for face in FACES for letter in (face.regular[-4:], face.bold[-4:])} == {".ttf"}


def test_a_letter_that_a_font_lacks_is_written_as_near_as_it_gets() -> None:
    font = Lettering(frozenset(map(ord, "abceor ^9-<>~ld?")))
    assert font.fit("açb") == "acb"
    assert font.fit("10⁹") == "??^9"
    assert font.missing == {"1", "0"}
    assert font.fit("ře\u0301") == "re"
    assert font.fit("a\u200db\u0301\u2011\u2009c") == "ab- c"
    assert font.fit("Łł") == "Ll"
    assert font.fit("a\nb\x07c") == "a\nb?c"
    assert font.missing == {"1", "0", "\x07"}


def test_an_accent_goes_only_where_the_bare_letter_is_there() -> None:
    font = Lettering(frozenset(map(ord, "a")))
    assert font.fit("áé") == "a?"
    assert font.missing == {"é"}


def test_what_stands_for_a_letter_can_always_be_written() -> None:
    core = Lettering()
    assert all(core.has(letter) for words in STAND_INS.values() for letter in words)
    assert core.fit("".join(STAND_INS)) == "".join(STAND_INS.values())
    assert not core.has("⁹")
    assert not core.has("\x07")
    assert core.has("\n")
