"""A page's script and its style sheet, each joined into one file: the sources stay as they are.

A browser asks once for each and keeps it for ever: the address has the content's digest. A module
becomes a function whose result are its exports, and stands behind all that it imports, in the order
in which a browser would run them: names never meet, and a cycle is refused. So is, with its place,
what of the language the modules do not use: default or renamed exports, the import of a whole
module, or of one only when it is needed, and waiting outside of a function.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import posixpath
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from flask import Blueprint, Flask, Response, abort, request, url_for
from werkzeug.security import safe_join

from hemavision import words

STATIC = Path(__file__).with_name("static")
#: Separates the style sheets of a page in its address.
JOINT = "+"
_MEDIA = {"js": "text/javascript", "css": "text/css"}
_AGE_S = 365 * 24 * 3600
_IMPORT = re.compile(r'^import \{([^{}]*)\} from "(\.{1,2}/[\w./-]+\.js)";$', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async function|function|const|class) (\w+)\b)", re.MULTILINE)
_LEFT = re.compile(
    r"^(?:import|export)\b|\bimport\s*\(|\bimport\.meta\b"
    r"|^(?!.*\basync\b)[^\s/*].*\bawait\b",  # outside of every function
    re.MULTILINE,
)

blueprint = Blueprint("assets", __name__)


class AssetError(ValueError):
    """A module says what joining does not know, or imports itself by a detour."""


@dataclass(frozen=True)
class Asset:
    """A joined file.

    Attributes:
        content: of the file, UTF-8.
        packed: the same by gzip.
        digest: of its content, for its address.
    """

    content: bytes
    packed: bytes
    digest: str


def join_modules(folder: Path, entry: str) -> str:
    """Return a module with all that it imports as one script, to be loaded as a module.

    Args:
        folder: of all modules.
        entry: the module's path in it.

    Raises:
        AssetError: see above.
        OSError: a module is not there.
    """
    order = modules_of(folder, entry)
    number = {name: f"$module{index}" for index, name in enumerate(order)}
    return "\n".join(_wrap(name, text, number) for name, text in order.items())


def modules_of(folder: Path, entry: str) -> dict[str, str]:
    """Return a module with all that it imports, name → text, in the order in which they run.

    Raises:
        AssetError: they import each other.
        OSError: one is not there.
    """
    order: dict[str, str] = {}
    _visit(folder, entry, (), order)
    return order


def say(language: str, entry: str) -> str:
    """Return the statement that gives a page's script its words, or "" in English."""
    if language == words.ENGLISH:
        return ""
    found = words.catalogue(language)
    said = found.words_of(f"web/static/js/{name}" for name in modules_of(STATIC / "js", entry))
    sentences = [(one.looks.replace("(?P<", "(?<"), one.text) for one in found.sentences]
    texts, looks = (
        json.dumps(part, ensure_ascii=False, separators=(",", ":")) for part in (said, sentences)
    )
    return (
        f'globalThis.hemavisionWords = {{ language: "{language}", '
        f"plural: (n) => Number({found.plural}), words: {texts}, sentences: {looks} }};\n"
    )


def _visit(folder: Path, name: str, above: tuple[str, ...], order: dict[str, str]) -> None:
    if name in above:
        raise AssetError(f"Modules import each other: {' → '.join((*above, name))}.")
    if name in order:
        return
    text = (folder / name).read_text(encoding="utf-8")
    for _, address in _IMPORT.findall(text):
        _visit(folder, _beside(name, address), (*above, name), order)
    order[name] = text


def _beside(name: str, address: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(name), address))


def _wrap(name: str, text: str, number: dict[str, str]) -> str:
    def bring(found: re.Match[str]) -> str:
        return f"const {{{found[1].replace(' as ', ': ')}}} = {number[_beside(name, found[2])]};"

    body = _EXPORT.sub("", _IMPORT.sub(bring, text))
    left = _LEFT.search(body)
    if left:
        line = body.count("\n", 0, left.start()) + 1
        raise AssetError(
            f"{name}, line {line}: {body[left.start() :].splitlines()[0]!r}. Write imports as "
            '`import { name } from "./module.js";` and exports as `export` before a function, a '
            "const or a class, and wait within functions only."
        )
    exports = ", ".join(_EXPORT.findall(text))
    return f"// {name}\nconst {number[name]} = (() => {{\n{body}\nreturn {{ {exports} }};\n}})();"


@lru_cache(maxsize=64)
def _asset(kind: str, names: str, language: str = words.ENGLISH) -> Asset:
    """Return a joined file of the package; what was on the disk when it was first asked for."""
    folder = STATIC / kind
    if kind == "js":
        entry = f"{names}.js"
        text = say(language, entry) + join_modules(folder, entry)
    else:
        sheets = [folder / f"{name}.css" for name in names.split(JOINT)]
        text = "\n".join(sheet.read_text(encoding="utf-8") for sheet in sheets)
    content = text.encode()
    return Asset(content, gzip.compress(content, mtime=0), hashlib.sha256(content).hexdigest()[:16])


@blueprint.get("/assets/<digest>/<path:names>.<any(js, css):kind>")
def asset(digest: str, names: str, kind: str) -> Response:
    """Return a page's script, or its style sheet, or 404. `language`: of a script's words."""
    language = request.args.get("language", words.ENGLISH)
    if language not in words.languages():
        abort(404)
    if any(safe_join(str(STATIC), name) is None for name in names.split(JOINT)):
        abort(404)
    try:
        found = _asset(kind, names, language)
    except FileNotFoundError:
        abort(404)
    response = Response(found.content, mimetype=_MEDIA[kind])
    response.vary.add("Accept-Encoding")
    if request.accept_encodings["gzip"]:
        response.set_data(found.packed)
        response.content_encoding = "gzip"
    if digest != found.digest:  # a page of before an update gets what is here now, for once
        response.cache_control.no_cache = True
        return response
    response.cache_control.public = True
    response.cache_control.max_age = _AGE_S
    response.cache_control.immutable = True
    return response


def install(app: Flask) -> None:
    """Let templates name a page's files: ``script_of(name)``, ``styles_of(names)``."""

    def script_of(name: str) -> str:
        language = words.spoken()
        digest = _asset("js", name, language).digest
        # None is left out of an address.
        other = None if language == words.ENGLISH else language
        return url_for("assets.asset", digest=digest, names=name, kind="js", language=other)

    def styles_of(names: list[str]) -> str:
        joined = JOINT.join(names)
        digest = _asset("css", joined).digest
        return url_for("assets.asset", digest=digest, names=joined, kind="css")

    app.jinja_env.globals.update(script_of=script_of, styles_of=styles_of)
