"""Text that is asked for goes out compressed, where the browser takes it so."""

from __future__ import annotations

import gzip

from flask import Flask, Response, request

#: Less than this is not worth a header.
LEAST_BYTES = 1024
LEVEL = 6
_TEXTS = ("text/", "application/json", "application/javascript", "image/svg+xml")


def install(app: Flask) -> None:
    """Compress what the application's pages and lists send."""
    app.after_request(_compress)


def _compress(response: Response) -> Response:
    if not (response.mimetype or "").startswith(_TEXTS) or request.method != "GET":
        # Answers about images are made for speed, and asked for by programs beside the server.
        return response
    response.vary.add("Accept-Encoding")
    if response.status_code != 200 or not request.accept_encodings["gzip"]:
        return response
    response.direct_passthrough = False
    content = response.get_data()
    if len(content) < LEAST_BYTES or response.content_encoding:
        return response
    response.set_data(gzip.compress(content, LEVEL, mtime=0))
    response.content_encoding = "gzip"
    tag, _ = response.get_etag()
    if tag:  # the same file, in other bytes
        response.set_etag(tag, weak=True)
    return response
