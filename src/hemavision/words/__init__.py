"""What pages and reports say, in the reader's language: one catalogue, its keys the English words.

A language is a file here, ``de.po``. Code writes ``_("Count {n} cells", n=n)``; who answers a
person says in which language by :func:`speaking`, and without that every word stays English, as the
API's do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache, cached_property
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

import polib
from markupsafe import Markup

FOLDER = Path(__file__).parent
ENGLISH = "en"
#: How English counts: which form of a plural, of n.
_ONE_OR_MANY = "n != 1"
#: A sentence with fewer letters of its own could be anything.
_LEAST_LETTERS = 5

_spoken: ContextVar[str] = ContextVar("spoken", default=ENGLISH)


_NUMBER = re.compile(r"[+−-]?[\d,]+(\.\d+)?%?")
_FILLED = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Sentence:
    """What Python says with something filled in.

    Attributes:
        looks: of the English sentence, a regular expression of Python and, but for the ``P`` of its
            groups' names, of JavaScript.
        text: in the language.
    """

    looks: str
    text: str

    @classmethod
    def of(cls, message: str, text: str) -> Sentence:
        """Take what it looks like from a message."""
        parts = _FILLED.split(message)
        looks = "".join(
            f"(?P<{part}>.+?)" if index % 2 else _fixed(part) for index, part in enumerate(parts)
        )
        return cls(looks, text)

    def values(self, sentence: str) -> dict[str, str] | None:
        """Return what is filled in; None if it is another sentence."""
        found = re.fullmatch(self.looks, sentence, re.DOTALL)
        return found.groupdict() if found else None

    def filled(self, values: Mapping[str, str]) -> str:
        """Return it with its values."""
        return self.text.format(**values)


@dataclass(frozen=True)
class Catalogue:
    """A language's words.

    Attributes:
        translations: for Python.
        entries: of the file, with the places where each is said.
        plural: which form n takes, an expression of C and of JavaScript.
    """

    translations: NullTranslations
    entries: tuple[polib.POEntry, ...] = ()
    plural: str = _ONE_OR_MANY

    @cached_property
    def sentences(self) -> tuple[Sentence, ...]:
        """What Python says with something filled in, the longest first."""
        pairs = [pair for entry in self.entries if _is_python(entry) for pair in _forms(entry)]
        pairs = [pair for pair in pairs if _is_telling(pair[0])]
        return tuple(Sentence.of(*pair) for pair in sorted(pairs, key=lambda pair: -len(pair[0])))

    def words_of(self, places: Iterable[str]) -> dict[str, str | list[str]]:
        """Return what is said in some files, and whatever Python says: English → its words.

        Args:
            places: files of the package, relative to it.
        """
        wanted = set(places)
        return {
            entry.msgid: list(entry.msgstr_plural.values()) or entry.msgstr
            for entry in self.entries
            if _is_python(entry) or any(place in wanted for place, _ in entry.occurrences)
        }


def _is_python(entry: polib.POEntry) -> bool:
    return any(place.endswith(".py") for place, _ in entry.occurrences)


def _fixed(text: str) -> str:
    """Return text as a regular expression in either language."""
    return re.sub(r"[.*+?^${}()|\[\]\\]", r"\\\g<0>", text)


def _is_telling(message: str) -> bool:
    """Whether a message has something filled in, and enough words to be known by them."""
    return "{" in message and len(_FILLED.sub("", message)) > _LEAST_LETTERS


def _forms(entry: polib.POEntry) -> list[tuple[str, str]]:
    """Return an entry's English forms, each with its translation."""
    if not entry.msgid_plural:
        return [(entry.msgid, entry.msgstr)]
    forms = entry.msgstr_plural
    return [(entry.msgid, forms[0]), (entry.msgid_plural, forms[max(forms)])]


@cache
def catalogue(language: str) -> Catalogue:
    """Return a language's words; English has none, as they are the keys.

    Raises:
        OSError: there is no such language.
    """
    if language == ENGLISH:
        return Catalogue(NullTranslations())
    found = polib.pofile(str(FOLDER / f"{language}.po"))
    plural = found.metadata["Plural-Forms"].partition("plural=")[2].strip(" ;")
    return Catalogue(GNUTranslations(BytesIO(found.to_binary())), tuple(found), plural)


@cache
def languages() -> dict[str, str]:
    """Return every language's code and its name in itself; English first."""
    codes = (ENGLISH, *sorted(path.stem for path in FOLDER.glob("*.po")))
    return {code: catalogue(code).translations.gettext("English") for code in codes}


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Say everything inside in a language.

    Raises:
        KeyError: it is none of :func:`languages`.
    """
    if language not in languages():
        raise KeyError(f"No language {language!r}; there are {', '.join(languages())}.")
    token = _spoken.set(language)
    try:
        yield
    finally:
        _spoken.reset(token)


def spoken() -> str:
    """Return the code of the language that is spoken here and now."""
    return _spoken.get()


def _(message: str, **values: object) -> str:
    """Return words in the spoken language, each ``{name}`` filled in if there are values."""
    text = catalogue(spoken()).translations.gettext(message) if message else ""
    return text.format(**values) if values else text


def marked(message: str, **values: object) -> Markup:
    """Return words as markup: theirs is kept, that of values is escaped."""
    text = Markup(_(message))
    return text.format(**values) if values else text


def n_(one: str, many: str, n: int, **values: object) -> str:
    """Return the form of the words that ``n`` things take; ``{n}`` is their number."""
    text = catalogue(spoken()).translations.ngettext(one, many, n)
    return text.format(**{"n": written(f"{n:,}")} | values)


def said(text: str) -> str:
    """Return an English sentence that was made or kept elsewhere, in the spoken language.

    It is found as it stands, or without its capital, or as a sentence of the catalogue with
    something filled in, which is looked up in its turn; a list is taken apart. What is not known
    stays as it is.
    """
    found = catalogue(spoken())
    if not found.entries or not text:
        return text
    small = text[:1].lower() + text[1:]
    for words in (text, small):
        if _(words) != words:
            return _(words) if words == text else _(words)[:1].upper() + _(words)[1:]
    for sentence in found.sentences:
        if values := sentence.values(text):
            return sentence.filled({name: said(value) for name, value in values.items()})
    for joint in ("; ", ", "):
        if joint in text:
            return joint.join(map(said, text.split(joint)))
    return written(text) if _NUMBER.fullmatch(text) else text


def written(number: str) -> str:
    """Return a number that Python wrote ("1,234.5") with the language's signs ("1.234,5")."""
    sample = _("1,234.5")
    return number.translate(str.maketrans(",.", sample[1] + sample[-2]))
