"""The catalogue: every word in it, German whole, and sentences of the API found again."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import polib
import pytest
import words as gathering
from babel.messages.catalog import Catalog

from hemavision.words import FOLDER, _, catalogue, languages, n_, said, speaking, written

PACKAGE = FOLDER.parent
#: A word in a call, however deep, in any of the three tongues.
CALL = re.compile(r"""(?<![\w.])(?:n?_|marked)\(\s*("(?:[^"\\]|\\.)*")""")
TAGS = re.compile(r"<[^>]*>")
NAMES = re.compile(r"\{\w+\}")


@pytest.fixture(scope="module")
def gathered() -> Catalog:
    return gathering.gather()


def test_the_catalogue_has_every_word_of_the_package(gathered: Catalog) -> None:
    kept = gathering.TEMPLATE.read_text(encoding="utf-8")
    assert gathering.as_text(gathered) == kept, "run `make words` and translate what is new"
    for path in FOLDER.glob("*.po"):
        merged = gathering.as_text(gathering.merged(path, gathered))
        assert merged == path.read_text(encoding="utf-8"), path.name


def test_no_call_is_missed(gathered: Catalog) -> None:
    known = {key for m in gathered for key in ([m.id] if isinstance(m.id, str) else m.id)}
    paths = [p for p in PACKAGE.rglob("*") if p.suffix in (".py", ".js", ".html", ".css")]
    calls = 0
    for path in paths:
        if path.is_relative_to(FOLDER):
            continue
        for literal in CALL.findall(path.read_text(encoding="utf-8")):
            calls += 1
            start = re.sub(r"\\(.)", r"\1", literal[1:-1])
            assert any(word.startswith(start) for word in known), (path, literal)
    assert calls > 900


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.po")), ids=lambda path: path.stem)
def test_a_language_is_whole(path: Path) -> None:
    entries = polib.pofile(str(path))
    assert len(entries) > 1100
    for entry in entries:
        assert not entry.fuzzy, entry.msgid
        forms = entry.msgstr_plural or {0: entry.msgstr}
        english = {0: entry.msgid, 1: entry.msgid_plural or entry.msgid}
        for number, text in forms.items():
            assert text, entry.msgid
            names, said_names = NAMES.findall(english[number]), NAMES.findall(text)
            assert Counter(names) == Counter(said_names), entry.msgid
            assert sorted(TAGS.findall(english[number])) == sorted(TAGS.findall(text)), entry.msgid
            assert text.startswith(" ") == english[number].startswith(" "), entry.msgid


def test_words_are_spoken_in_a_language_for_as_long_as_it_is_asked_for() -> None:
    assert languages() == {"en": "English", "de": "Deutsch"}
    assert _("Differential") == "Differential"
    with speaking("de"):
        assert _("Differential") == "Differenzialblutbild"
        assert n_("{n} cell", "{n} cells", 1) == "1 Zelle"
        assert n_("{n} cell", "{n} cells", 1204) == "1.204 Zellen"
        assert written("1,234.56") == "1.234,56"
        with speaking("en"):
            assert written("1,234.56") == "1,234.56"
    assert n_("{n} cell", "{n} cells", 1204) == "1,204 cells"
    with pytest.raises(KeyError, match="there are en, de"), speaking("xx"):
        pass


@pytest.mark.parametrize(
    ("english", "german"),
    [
        ("Neutrophil", "Neutrophiler Granulozyt"),
        ("bilobed nucleus, coarse red granules", "zweilappiger Kern, grobe rote Granula"),
        ("There is no case 7.", "Einen Fall 7 gibt es nicht."),
        (
            "3 cells that nobody has decided on are not counted.",
            "3 Zellen, über die niemand entschieden hat, sind nicht gezählt.",
        ),
        (
            "Changed since version 1: 1 cell from blast to neutrophil (4); entered anew: comment.",
            "Geändert seit Version 1: 1 Zelle von Blast zu neutrophiler Granulozyt (4); "
            "neu eingetragen: Bemerkung.",
        ),
        ("Of what nobody foresaw (x).", "Of what nobody foresaw (x)."),
    ],
)
def test_a_sentence_of_the_api_is_found_again(english: str, german: str) -> None:
    assert said(english) == english
    with speaking("de"):
        assert said(english) == german


def test_a_script_gets_the_words_that_it_says_and_no_others() -> None:
    german = catalogue("de").words_of(["web/static/js/live/words.js"])
    assert german["Camera {number}"] == "Kamera {number}"
    assert german["{n} red cell"] == ["{n} Erythrozyt", "{n} Erythrozyten"]
    assert german["There is no case {number}."]  # Python says it: any script may show it
    assert "Take the image out" not in german
