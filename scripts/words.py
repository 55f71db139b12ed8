"""Gather the words of pages and reports into the catalogue, and merge them into every language.

    python scripts/words.py          a new word stays empty until somebody translates it
    python scripts/words.py fr       the same, and begin a language

Words are the literals within ``_()`` and ``n_()`` of templates, JavaScript and Python, and the values
of the tables below, which the API gives as English sentences and pages show.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import IO, Any

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from hemavision.reading import reasons
from hemavision.records import cells, classes, reference, results
from hemavision.web import BLUEPRINTS, errors
from hemavision.web.api.operations import Api
from hemavision.words import FOLDER

PACKAGE = FOLDER.parent
TEMPLATE = FOLDER / "hemavision.pot"
#: Every type and class that is shipped.
NAMES = dict.fromkeys(
    name
    for shipped in ("default", "stages")
    for name in classes.load_classes(shipped, cells.EIGHT_TYPES).names(cells.EIGHT_TYPES)
)
#: File → what of it is words without being in a call.
TABLES: dict[str, Any] = {
    "words/__init__.py": "English",  # each language calls itself by its own name
    "reading/reasons.py": reasons.WORDS,
    "records/cells.py": [name.replace("_", " ") for name in NAMES],
    "records/reference.py": [(c.function, c.high, c.low) for c in reference.CONTEXT.values()],
    "records/results.py": results.NOTICE,
    "web/api/document.py": [room.heading for room in BLUEPRINTS if isinstance(room, Api)],
    "web/errors.py": [title for _, title in errors.PROBLEMS.values()],
}
KEYWORDS = {"_": None, "n_": (1, 2)}
_CALL = re.compile(r'\b(_|n_)\(\s*("(?:[^"\\]|\\.)*")(?:\s*,\s*("(?:[^"\\]|\\.)*"))?')
HEADER = """\
# What HemaVision's pages and reports say, in English: the keys of every language.
# `make words` writes this file."""

Found = tuple[int, str, str | tuple[str, str], list[str]]


def said_in_script(file: IO[bytes], *_: object, **__: object) -> Iterator[Found]:
    """Find the words of a script, as Babel's methods do.

    Babel's own reader of JavaScript misses a call within a call, and words within a template.
    """
    text = file.read().decode()
    for found in _CALL.finditer(text):
        one, many = (json.loads(literal) if literal else "" for literal in found.groups()[1:])
        words = (one, many) if found[1] == "n_" else one
        yield text.count("\n", 0, found.start()) + 1, found[1], words, []


METHODS = [
    ("web/templates/**.html", "jinja2"),
    ("report/templates/**.html", "jinja2"),
    ("web/static/js/**.js", said_in_script),
    ("**.py", "python"),
]
OPTIONS = {pattern: {"silent": "false"} for pattern, method in METHODS if method == "jinja2"}


def gather() -> Catalog:
    """Return all words of the package, each with the files where it is said."""
    words = Catalog(project="HemaVision", header_comment=HEADER, fuzzy=False)
    for name, _, message, *_ in extract_from_dir(PACKAGE, METHODS, OPTIONS, KEYWORDS):
        words.add(message, locations=[(name, 0)])
    for name, table in TABLES.items():
        for message in _texts(table):
            words.add(message, locations=[(name, 0)])
    return words


def merged(path: Path, words: Catalog) -> Catalog:
    """Return a language's catalogue with all words and no others; nothing is guessed."""
    with path.open("rb") as file:
        kept = read_po(file)
    kept.update(words, no_fuzzy_matching=True, update_header_comment=False)
    kept.obsolete.clear()
    return kept


def as_text(words: Catalog) -> str:
    """Return a catalogue as its file has it: without moments and line numbers, which only make noise."""
    stream = BytesIO()
    write_po(stream, words, width=100, include_lineno=False, sort_by_file=False)
    noise = ("POT-Creation-Date", "PO-Revision-Date", "Report-Msgid", "Generated-By")
    lines = stream.getvalue().decode().splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith(tuple(f'"{n}' for n in noise)))


def _is_whole(said: str | tuple[str, ...] | None) -> bool:
    return bool(said) and all(said)


def _texts(table: object) -> Iterator[str]:
    if isinstance(table, str):
        yield table
        return
    for part in table.values() if isinstance(table, dict) else table:
        yield from _texts(part)


def main(begin: list[str]) -> None:
    """Write the template and every language."""
    words = gather()
    TEMPLATE.write_text(as_text(words), encoding="utf-8")
    for language in begin:
        path = FOLDER / f"{language}.po"
        path.write_text(as_text(Catalog(locale=language, project="HemaVision", fuzzy=False)))
    for path in sorted(FOLDER.glob("*.po")):
        found = merged(path, words)
        path.write_text(as_text(found), encoding="utf-8")
        empty = sum(bool(message.id) and not _is_whole(message.string) for message in found)
        print(f"{path.name}: {len(found)} words, {empty} without a translation")


if __name__ == "__main__":
    main(sys.argv[1:])
