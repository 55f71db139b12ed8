"""Gather the words of pages and reports into the catalogue, and merge them into every language.

    python scripts/words.py          a new word stays empty until somebody translates it
    python scripts/words.py fr       the same, and begin a language

Words are the literals within ``_()``, ``n_()`` and ``marked()`` of templates, JavaScript and
Python; the values of the tables below, which the API gives as English sentences and pages show; and
what errors say that a page can meet, with a name for whatever is filled in.
"""

from __future__ import annotations

import ast
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

from hemavision.differential import comparison, correction, flags
from hemavision.images import dicom
from hemavision.reading import reasons
from hemavision.records import cells, classes, reference, results
from hemavision.report import as_html, findings
from hemavision.store import second_readings
from hemavision.web import BLUEPRINTS, errors
from hemavision.web.api.operations import Api
from hemavision.words import FOLDER

PACKAGE = FOLDER.parent
TEMPLATE = FOLDER / "hemavision.pot"
SHIPPED = [classes.load_classes(name, cells.EIGHT_TYPES) for name in ("default", "stages")]
PROFILES = [reference.load_profile(name) for name in reference.shipped_profiles()]
#: Every type and class that is shipped.
NAMES = sorted(
    {name.replace("_", " ") for found in SHIPPED for name in found.names(cells.EIGHT_TYPES)}
)
LOOKS = reasons.WORDS
GRANULES = [
    f"{kind} {colour} granules"
    for kind in LOOKS["granule_type"]
    for colour in LOOKS["granule_colour"]
    if "nil" not in (kind, colour)
]
#: File → what of it is words without being in a call.
TABLES: dict[str, Any] = {
    "words/__init__.py": "English",  # each language calls itself by its own name
    "reading/reasons.py": [LOOKS, GRANULES],
    "images/dicom.py": dicom._EXPORT,
    "records/cells.py": [
        [NAMES, [f"{name}s" for name in NAMES], cells.UNNAMED],
        cells.NOT_COUNTED.replace("_", " "),
    ],
    "records/classes.py": [found.title for found in SHIPPED],
    "records/reference.py": [
        [(c.function, c.high, c.low) for c in reference.CONTEXT.values()],
        [(p.title, p.source, [rule.source for rule in p.critical]) for p in PROFILES],
    ],
    "records/results.py": [results.NOTICE, list(results.Status)],
    "differential/flags.py": [flag.words for flag in flags.Flag if flag.words],
    "differential/comparison.py": [comparison._AGAINST_SHARE, comparison._AGAINST_CELLS],
    "differential/correction.py": correction.METHOD.replace(":,", ""),
    "store/second_readings.py": list(second_readings.ReadState),
    "report/findings.py": [findings.PROVISIONAL, findings.EXACT],
    "report/as_html.py": [list(as_html.STATUS_WORDS.values()), as_html.KAPPA],
    "casework/reporting.py": ["signed", "second reader, blind"],
    "web/api/document.py": [room.heading for room in BLUEPRINTS if isinstance(room, Api)],
    "web/errors.py": [title for _, title in errors.PROBLEMS.values()],
}
#: Where errors arise that a page can meet, and not programs alone.
ERRORS_IN = ("images", "store", "casework", "differential", "web")
NOT_IN = re.compile(
    r"web/(logs|api/(bodies|classify|live|models|multipart|options|smear_export|uploads))\.py"
    r"|casework/export\.py|differential/correction\.py|store/bucket\.py"
)
ERRORS = re.compile(
    r"(Image|Archive|Settings|Missing|Refused|Conflict|Login|Full)Error|Problem|Caution"
)
KEYWORDS = {"_": None, "n_": (1, 2), "marked": None}
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
    ("report/templates/**.*", "jinja2"),
    ("web/static/js/**.js", said_in_script),
    ("**.py", "python"),
]
OPTIONS = {pattern: {"silent": "false"} for pattern, method in METHODS if method == "jinja2"}


def gather() -> Catalog:
    """Return all words of the package, each with the files where it is said."""
    words = Catalog(project="HemaVision", header_comment=HEADER, fuzzy=False)
    for name, _, message, *_ in extract_from_dir(PACKAGE, METHODS, OPTIONS, KEYWORDS):
        words.add(message, locations=[(name, 0)])
    of_tables = ((name, text) for name, table in TABLES.items() for text in _texts(table))
    for name, text in (*of_tables, *errors_say()):
        words.add(text, locations=[(name, 0)])
    return words


def errors_say() -> Iterator[tuple[str, str]]:
    """Yield the sentences of errors, each with its file."""
    for path in sorted(path for room in ERRORS_IN for path in (PACKAGE / room).rglob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        if NOT_IN.fullmatch(name):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ERRORS.fullmatch(ast.unparse(node.func)):
                for text in filter(None, map(_sentence, node.args)):
                    yield name, text


def _sentence(node: ast.expr) -> str:
    """Return what a literal says, with a name for what is filled in; "" where it is no words."""
    parts = node.values if isinstance(node, ast.JoinedStr) else [node]
    names: list[str] = []
    text = ""
    for part in parts:
        if isinstance(part, ast.FormattedValue):
            name = re.sub(r".*\.", "", ast.unparse(part.value))
            name = name if name.isidentifier() else "value"
            names.append(name + "_" * names.count(name))
            text += f"{{{names[-1]}}}"
        elif isinstance(part, ast.Constant) and isinstance(part.value, str):
            text += part.value
    return text if len(re.sub(r"\{\w+\}", "", text).split()) > 1 else ""


def merged(path: Path, words: Catalog) -> Catalog:
    """Return a language's catalogue with all words and no others; nothing is guessed."""
    with path.open("rb") as file:
        kept = read_po(file)
    kept.update(words, no_fuzzy_matching=True, update_header_comment=False)
    kept.obsolete.clear()
    return kept


def as_text(words: Catalog) -> str:
    """Return a catalogue as its file has it: without times and line numbers, which change daily."""
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
