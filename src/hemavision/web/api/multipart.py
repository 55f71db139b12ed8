"""Reads ``multipart/form-data`` with Werkzeug's decoder, forgiving what its own reader is not.

Werkzeug drops the *whole* form when one part's header is not UTF-8 or the body is cut off.
Here an odd file name costs nothing but itself, and a damaged body is said to be damaged.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask import Request, current_app
from werkzeug.datastructures import Headers
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder, NeedData

from hemavision.web.errors import Problem

CHUNK_BYTES = 2**16


@dataclass(frozen=True)
class Part:
    """One part of a form; a part without a file name is text."""

    name: str
    filename: str | None
    content: bytes


class _Decoder(MultipartDecoder):
    """Replaces bytes of a header that are not UTF-8 instead of giving up."""

    def _parse_headers(self, data: bytes | bytearray) -> Headers:
        return super()._parse_headers(bytes(data).decode("utf-8", "replace").encode())


def read_parts(request: Request) -> list[Part]:
    """Return a request's parts, in order.

    Raises:
        Problem: the body is not sound multipart.
        RequestEntityTooLarge: it has more bytes or parts than the application takes.
    """
    boundary = request.mimetype_params.get("boundary", "")
    if not boundary or not boundary.isascii():
        raise Problem("bad-request", "The Content-Type names no usable multipart boundary.")
    limit = current_app.config["MAX_FORM_PARTS"]
    decoder = _Decoder(boundary.encode("ascii"), max_parts=limit)
    try:
        return _decode(decoder, request)
    except ValueError as error:
        detail = f"The multipart body is damaged or ends early ({error}). Send it again."
        raise Problem("bad-request", detail) from error


def _decode(decoder: MultipartDecoder, request: Request) -> list[Part]:
    parts: list[Part] = []
    head: Field | File | None = None
    content: list[bytes] = []
    while True:
        event = decoder.next_event()
        if isinstance(event, NeedData):
            # None tells the decoder that there is no more: it then refuses what is unfinished.
            decoder.receive_data(request.stream.read(CHUNK_BYTES) or None)
        elif isinstance(event, (Field, File)):
            head, content = event, []
        elif isinstance(event, Data):
            content.append(event.data)
            if head is not None and not event.more_data:
                filename = head.filename if isinstance(head, File) else None
                parts.append(Part(head.name, filename, b"".join(content)))
        elif isinstance(event, Epilogue):
            return parts
