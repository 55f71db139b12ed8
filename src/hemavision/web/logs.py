"""A name for every request, and what became of it as a JSON object a line.

Lines of the level INFO say nothing of what an image shows, how its file is called or who asked: the
address stands there as its rule (``/api/v1/cases/<int:case_id>``), not as it was sent.
"""

from __future__ import annotations

import json
import logging
import re
import uuid
from datetime import UTC, datetime

from flask import Flask, Response, g, has_request_context, request

from hemavision import settings
from hemavision.errors import SettingsError
from hemavision.web import metrics

HEADER = "X-Request-ID"
#: Loggers of this package are heard from INFO on, all others from WARNING on.
_OURS = "hemavision"
_requests = logging.getLogger(f"{_OURS}.requests")
#: What a caller, or a proxy in front, may call a request: nothing that could be a line of its own.
_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)


class JsonLines(logging.Formatter):
    """Writes a record as one line of JSON, with the name of the request that it is about."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if has_request_context():
            line["request_id"] = _request_id()
        line |= getattr(record, "told", {})
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def write_lines() -> None:
    """Make this process log as the setting says: JSON lines on stderr, or Python's own words.

    Raises:
        SettingsError: the setting is neither.
    """
    wanted = settings.text("log")
    if wanted not in ("words", "json"):
        raise SettingsError(f"HEMAVISION_LOG is {wanted!r}; it is `words` or `json`.")
    if wanted == "json":
        handler = logging.StreamHandler()
        handler.setFormatter(JsonLines())
        logging.getLogger().addHandler(handler)
        logging.getLogger(_OURS).setLevel(logging.INFO)


def install(app: Flask) -> None:
    """Name every request of an application, and tell what became of it; goes before other parts."""
    app.after_request(_tell)


def _request_id() -> str:
    if "request_id" not in g:
        sent = request.headers.get(HEADER, "")
        g.request_id = sent if _NAME.fullmatch(sent) else uuid.uuid4().hex
    return str(g.request_id)


def _tell(response: Response) -> Response:
    response.headers[HEADER] = _request_id()
    if _requests.isEnabledFor(logging.INFO):
        told = {
            "method": metrics.method(),
            "rule": request.url_rule.rule if request.url_rule else None,
            "status": response.status_code,
            "milliseconds": round(metrics.seconds_spent() * 1000, 1),
            "bytes_received": request.content_length or 0,
            "bytes_sent": response.content_length,
        }
        _requests.info("answered", extra={"told": told})
    return response
