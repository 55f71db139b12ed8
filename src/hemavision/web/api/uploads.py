"""The images of a request, whichever way they came. File names are echoed, never used."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Request, current_app
from werkzeug.datastructures import FileStorage

from hemavision.errors import ImageError
from hemavision.web.api.options import query_values, text_options
from hemavision.web.errors import Problem

FIELDS = ("images", "image", "file")
MULTIPART = "multipart/form-data"
JSON = "application/json"
MAX_NAME = 255


@dataclass(frozen=True)
class Upload:
    """One image: its name as the caller gave it, and how to get its bytes.

    ``read`` raises ImageError, so that one bad image does not stop the others.
    """

    filename: str
    read: Callable[[], bytes]


def read_request(request: Request, options: tuple[str, ...]) -> tuple[list[Upload], dict[str, Any]]:
    """Return the images and the option values (of JSON types) of a request.

    Raises:
        Problem: there is no image, there are too many, or the body is of the wrong shape.
    """
    values = text_options(query_values(request.args, options))
    if request.mimetype == JSON:
        uploads, more = _from_json(request, options)
    elif request.mimetype == MULTIPART:
        uploads, more = _from_form(request, options)
    elif not request.mimetype and not request.content_length:
        raise Problem("no-image", f"The request has no body. {_expected()}")
    else:
        kind = request.mimetype or "a body without Content-Type"
        raise Problem("unsupported-media-type", f"Received {clean_name(kind)}. {_expected()}")
    limit = current_app.config["MAX_IMAGES"]
    if len(uploads) > limit:
        raise Problem(
            "too-many-images",
            f"Received {len(uploads)} images; one request may have {limit}. Send them in parts.",
            limit=limit,
        )
    return uploads, values | more


def clean_name(name: str | None) -> str:
    """Return a name that is safe to echo: printable, valid Unicode, not too long."""
    valid = (name or "").encode("utf-8", "replace").decode("utf-8")
    return "".join(c if c.isprintable() else "\ufffd" for c in valid)[:MAX_NAME]


def _from_form(request: Request, options: tuple[str, ...]) -> tuple[list[Upload], dict[str, Any]]:
    received = [*request.files, *request.form]
    foreign = [name for name in received if name not in (*FIELDS, *options)]
    files = [file for field, file in request.files.items(multi=True) if field in FIELDS]
    if not files or foreign:
        raise Problem("no-image" if not files else "bad-option", _field_detail(request, foreign))
    text = [name for name in request.form if name in FIELDS]
    if text:
        raise Problem("no-image", _as_text(text))
    values = text_options(query_values(request.form, options))
    return [_from_file(file) for file in files], values


def _field_detail(request: Request, foreign: list[str]) -> str:
    text = [name for name in request.form if name in FIELDS]
    if text:
        return _as_text(text)
    named = ", ".join(repr(clean_name(name)) for name in foreign[:10]) or "no file"
    return f"Received {named}. {_expected()}"


def _as_text(names: list[str]) -> str:
    return f"{names[0]!r} came as text without a file name; send it as a file. {_expected()}"


def _from_file(file: FileStorage) -> Upload:
    return Upload(clean_name(file.filename), file.stream.read)


def _from_json(request: Request, options: tuple[str, ...]) -> tuple[list[Upload], dict[str, Any]]:
    try:
        body = request.get_json()
    except RecursionError:
        raise Problem("bad-request", "The JSON is nested too deeply.") from None
    if not isinstance(body, dict):
        raise Problem("bad-request", f"The JSON must be an object. {_expected()}")
    unknown = [name for name in body if name not in ("images", *options)]
    if unknown or "images" not in body:
        named = ", ".join(repr(clean_name(name)) for name in list(body)[:10]) or "nothing"
        problem = "bad-option" if "images" in body else "no-image"
        raise Problem(problem, f"The JSON object has {named}. {_expected()}")
    images = body.pop("images")
    if not isinstance(images, list) or not images:
        raise Problem("no-image", f"'images' must be a list of at least one. {_expected()}")
    return [_from_entry(entry, index) for index, entry in enumerate(images)], body


def _from_entry(entry: object, index: int) -> Upload:
    if isinstance(entry, str):
        entry = {"data": entry}
    if not isinstance(entry, dict) or not set(entry) <= {"filename", "data"}:
        raise Problem("bad-request", _entry_detail(index))
    name, data = entry.get("filename", f"image-{index + 1}"), entry.get("data")
    if not isinstance(name, str) or not isinstance(data, str):
        raise Problem("bad-request", _entry_detail(index))
    return Upload(clean_name(name), lambda: _decode(data))


def _entry_detail(index: int) -> str:
    return (
        f"images[{index}] must be base64 text or an object with 'data' (base64 text) and, if "
        "wanted, 'filename' (text)."
    )


def _decode(data: str) -> bytes:
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ImageError(f"The image is not sound base64: {error}.") from error


def _expected() -> str:
    return (
        f"Send {MULTIPART} with one or many files named 'images' ('image' and 'file' are "
        f"taken too), or {JSON} with 'images': a list of base64 texts."
    )
