"""What pages and reports say, in the reader's language: one catalogue, its keys the English words.

A language is a file here, ``de.po``. Code writes ``_("Count {n} cells", n=n)``; who answers a
person says in which language by :func:`speaking`, and without that every word stays English, as the
API's do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

import polib

FOLDER = Path(__file__).parent
ENGLISH = "en"
#: How English counts: which form of a plural, of n.
_ONE_OR_MANY = "n != 1"

_spoken: ContextVar[str] = ContextVar("spoken", default=ENGLISH)


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

    def words_of(self, places: Iterable[str]) -> dict[str, str | list[str]]:
        """Return what is said in some files, and whatever Python says: English → its words.

        Args:
            places: files of the package, relative to it.
        """
        wanted = set(places)
        return {
            entry.msgid: list(entry.msgstr_plural.values()) or entry.msgstr
            for entry in self.entries
            if any(place in wanted or place.endswith(".py") for place, _ in entry.occurrences)
        }


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


def n_(one: str, many: str, n: int, **values: object) -> str:
    """Return the form of the words that ``n`` things take; ``{n}`` is their number."""
    text = catalogue(spoken()).translations.ngettext(one, many, n)
    return text.format(**{"n": written(f"{n:,}")} | values)


def written(number: str) -> str:
    """Return a number that Python wrote ("1,234.5") with the language's signs ("1.234,5")."""
    sample = _("1,234.5")
    return number.translate(str.maketrans({",": sample[1], ".": sample[-2]}))
