"""The images of a request, whichever way they came. File names are echoed, never used."""

from __future__ import annotations

import base64
import binascii
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Request, current_app
from werkzeug.datastructures import MultiDict

from hemavision.errors import ImageError
from hemavision.web.api.multipart import Part, read_parts
from hemavision.web.api.operations import JSON
from hemavision.web.api.options import query_values, text_options
from hemavision.web.errors import Problem

FIELDS = ("images", "image", "file")
MULTIPART = "multipart/form-data"
MAX_NAME = 255
EXPECTED = (
    f"Send {MULTIPART} with the images as files named 'images' ('image' and 'file' are taken "
    "too); /docs shows it, and the way to send JSON."
)


@dataclass(frozen=True)
class Upload:
    """One image: its name as the caller gave it, and how to get its bytes.

    ``read`` raises ImageError, so that one bad image does not stop the others.
    """

    filename: str
    read: Callable[[], bytes]


@dataclass(frozen=True)
class Received:
    """What a request brought.

    Attributes:
        uploads: its images.
        query: option values of the address, with JSON's types.
        body: option values of the body, with JSON's types.
    """

    uploads: list[Upload]
    query: dict[str, Any]
    body: dict[str, Any]


def read_request(request: Request, options: tuple[str, ...]) -> Received:
    """Return the images and the values of the named options.

    Raises:
        Problem: there is no image, there are too many, or the body is of the wrong shape.
    """
    query = text_options(query_values(request.args, options))
    if request.mimetype == JSON:
        uploads, body = _from_json(request, options)
    elif request.mimetype == MULTIPART:
        uploads, body = _from_form(request, options)
    elif not request.mimetype and not request.content_length:
        raise Problem("no-image", f"The request has no body. {EXPECTED}")
    else:
        kind = request.mimetype or "a body without Content-Type"
        raise Problem("unsupported-media-type", f"Received {clean_name(kind)}. {EXPECTED}")
    limit = current_app.config["MAX_IMAGES"]
    if len(uploads) > limit:
        detail = (
            f"Received {len(uploads)} images; one request may have {limit}. Send them in parts."
        )
        raise Problem("too-many-images", detail, limit=limit)
    return Received(uploads, query, body)


def clean_name(name: str | None) -> str:
    """Return a name that is safe to echo: valid Unicode, no control characters, not too long."""
    valid = (name or "").encode("utf-8", "replace").decode("utf-8")
    visible = ("\ufffd" if unicodedata.category(c).startswith("C") else c for c in valid)
    return "".join(visible)[:MAX_NAME]


def _from_form(request: Request, options: tuple[str, ...]) -> tuple[list[Upload], dict[str, Any]]:
    parts = read_parts(request)
    texts = MultiDict(
        (part.name, part.content.decode("utf-8", "replace"))
        for part in parts
        if part.filename is None
    )
    text = [name for name in texts if name in FIELDS]
    if text:
        detail = f"{text[0]!r} came as text without a file name; send it as a file."
        raise Problem("no-image", f"{detail} {EXPECTED}")
    files = [part for part in parts if part.filename is not None]
    foreign = [part.name for part in files if part.name not in FIELDS]
    foreign += [name for name in texts if name not in options]
    uploads = [_from_part(part) for part in files if part.name in FIELDS]
    if foreign or not uploads:
        detail = f"Received {_named(foreign) or 'no file'}. {EXPECTED}"
        raise Problem("bad-option" if uploads else "no-image", detail)
    return uploads, text_options(query_values(texts, options))


def _from_part(part: Part) -> Upload:
    return Upload(clean_name(part.filename), lambda: part.content)


def _from_json(request: Request, options: tuple[str, ...]) -> tuple[list[Upload], dict[str, Any]]:
    try:
        body = request.get_json()
    except RecursionError:
        raise Problem("bad-request", "The JSON is nested too deeply.") from None
    if not isinstance(body, dict):
        raise Problem("bad-request", f"The JSON must be an object. {EXPECTED}")
    images = body.pop("images", None)
    foreign = [name for name in body if name not in options]
    if not isinstance(images, list) or not images:
        also = f" Received {_named(foreign)}." if foreign else ""
        raise Problem("no-image", f"'images' must be a list of at least one.{also} {EXPECTED}")
    if foreign:
        raise Problem("bad-option", f"Received {_named(foreign)}. {EXPECTED}")
    return [_from_entry(entry, index) for index, entry in enumerate(images)], body


def _named(names: list[str]) -> str:
    return ", ".join(repr(clean_name(name)) for name in names[:10])


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
