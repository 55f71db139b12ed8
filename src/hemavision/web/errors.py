"""The only place that turns errors into HTTP: RFC 9457 ``application/problem+json``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any

from flask import Flask, Response, current_app, request
from msgspec import UNSET, Meta, UnsetType
from werkzeug.exceptions import HTTPException, NotFound, RequestEntityTooLarge

from hemavision.errors import (
    ConflictError,
    ImageError,
    LoginError,
    MissingError,
    RefusedError,
    StoreError,
)
from hemavision.records.json_values import Record
from hemavision.web.gate import FullError
from hemavision.web.services import services
from hemavision.words import _

MEDIA_TYPE = "application/problem+json"
#: Problem → (status, title). A problem's type is the address of its row in the docs page.
PROBLEMS = {
    "bad-request": (400, "The request cannot be understood"),
    "bad-host": (400, "This host name is not answered"),
    "bad-option": (400, "An option cannot be used"),
    "no-image": (400, "No image was sent"),
    "login-needed": (401, "A login is needed"),
    "bad-login": (401, "The login is not right"),
    "forbidden": (403, "This reader may not do this"),
    "cross-site": (403, "The request did not come from this server's own page"),
    "accounts-needed": (403, "This server has no accounts yet"),
    "blind": (403, "A second reading of this case is open"),
    "not-found": (404, "There is nothing at this address"),
    "method-not-allowed": (405, "This address does not take this method"),
    "changed-since": (409, "Somebody else was first"),
    "refused": (409, "This cannot be done as things stand"),
    "too-large": (413, "The request is too large"),
    "too-many-images": (422, "Too many images in one request"),
    "unsupported-media-type": (415, "This kind of body is not taken"),
    "bad-range": (416, "The file has no such part"),
    "bad-image": (422, "The image cannot be read"),
    "bad-smear": (422, "This is no answer about a field"),
    "no-image-readable": (422, "None of the images can be read"),
    "unusable": (422, "A value cannot be used"),
    "too-many-logins": (429, "Too many failed logins"),
    "too-many-requests": (429, "Too many costly requests"),
    "internal": (500, "Something went wrong inside"),
    "busy": (503, "The server is busy"),
    "store-failed": (503, "The store does not answer"),
    "not-ready": (503, "A part does not answer"),
    "no-detector": (503, "There is no detector to find cells with"),
}
_BY_STATUS = {404: "not-found", 405: "method-not-allowed", 415: "unsupported-media-type",
    416: "bad-range"}  # fmt: skip
#: Headers of werkzeug's errors that say what would have been right.
_TELLING = ("Allow", "Content-Range")
#: Codes of refusals that say something about a value, not about how things stand.
_VALUES = {"bad-text", "bad-password", "unknown-type", "unknown-cell", "named-twice", "too-many"}
INTERNAL_DETAIL = "The error has been logged. The server goes on; other requests are not affected."


@dataclass(frozen=True)
class ProblemDetails(Record):
    """RFC 9457.

    Attributes:
        limit: where a limit was passed.
        results: where all images failed: each with its error.
        code: why it was refused, for programs.
        cells: the cells that stand in the way, by number.
        changes: what somebody else changed, and who.
        retry_after_s: seconds to wait.
    """

    type: Annotated[str, Meta(extra_json_schema={"format": "uri-reference"})]
    title: str
    status: Annotated[int, Meta(ge=400, le=599)]
    detail: str
    limit: int | UnsetType = UNSET
    results: list[dict[str, Any]] | UnsetType = UNSET
    code: str | UnsetType = UNSET
    cells: list[int] | UnsetType = UNSET
    changes: list[dict[str, Any]] | UnsetType = UNSET
    retry_after_s: int | UnsetType = UNSET


class Problem(Exception):
    """An error whose HTTP shape is already known to the endpoint that raises it."""

    def __init__(self, name: str, detail: str, **extensions: Any) -> None:
        """Take a key of :data:`PROBLEMS`, a sentence for people, and more members."""
        super().__init__(detail)
        self.name = name
        self.detail = detail
        self.extensions = extensions

    def details(self) -> ProblemDetails:
        """Return the RFC 9457 members and the extensions."""
        status, title = PROBLEMS[self.name]
        return ProblemDetails(f"/docs#{self.name}", title, status, self.detail, **self.extensions)


def install(app: Flask) -> None:
    """Make the application answer every error as a problem."""
    app.register_error_handler(Exception, _answer)


def as_problem(error: Exception) -> Problem:
    """Return the problem for any error; an unexpected one is logged and keeps its secrets."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, ImageError):
        return Problem("bad-image", str(error))
    if isinstance(error, StoreError):
        return _of_store(error)
    if isinstance(error, FullError):
        again = _(
            "{why} Send it again in {seconds} s; nothing of it was done.",
            why=error,
            seconds=error.retry_after_s,
        )
        return Problem("busy", again, retry_after_s=error.retry_after_s)
    if isinstance(error, RequestEntityTooLarge):
        return Problem("too-large", _limits())
    if isinstance(error, HTTPException) and 400 <= (error.code or 500) < 500:
        return Problem(_BY_STATUS.get(error.code or 400, "bad-request"), _http_detail(error))
    current_app.logger.error("%s %s failed", request.method, request.path, exc_info=error)
    return Problem("internal", INTERNAL_DETAIL)


def _answer(error: Exception) -> Response | HTTPException:
    if isinstance(error, HTTPException) and (error.code or 500) < 400:
        return error
    problem = as_problem(error)
    services().metrics.errors.labels(problem.name).inc()
    body = problem.details().to_json()
    response = Response(json.dumps(body), status=body["status"], mimetype=MEDIA_TYPE)
    if response.status_code == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="HemaVision"'
    if "retry_after_s" in body:
        response.headers["Retry-After"] = str(body["retry_after_s"])
    if isinstance(error, HTTPException):
        told = dict(error.get_headers())
        response.headers.update({name: told[name] for name in _TELLING if name in told})
    return response


def _of_store(error: StoreError) -> Problem:
    detail = str(error)
    if isinstance(error, MissingError):
        return Problem("not-found", detail)
    if isinstance(error, ConflictError):
        return Problem("changed-since", detail, changes=list(error.changes))
    if isinstance(error, RefusedError):
        name = "unusable" if error.code in _VALUES else "refused"
        return Problem(name, detail, code=error.code, cells=list(error.cells))
    if isinstance(error, LoginError) and error.retry_after_s:
        return Problem("too-many-logins", detail, retry_after_s=error.retry_after_s)
    if isinstance(error, LoginError):
        return Problem("bad-login", detail)
    current_app.logger.error("%s %s: %s", request.method, request.path, detail)
    # The message names files, servers and statements: for the log, not for callers.
    told = _("The store of cases gave an error. It has been logged. {advice}", advice=error.advice)
    return Problem("store-failed", told.rstrip())


def _http_detail(error: HTTPException) -> str:
    if error.code == 404 and error.description == NotFound.description:
        return _("Nothing at {path}. The addresses are listed at /docs.", path=request.path)
    if error.code == 405:
        allowed = dict(error.get_headers()).get("Allow", "another method")
        return f"{request.path} takes {allowed}, not {request.method}."
    return error.description or HTTPStatus(error.code or 500).phrase


def _limits() -> str:
    config = current_app.config
    body, parts = config["MAX_CONTENT_LENGTH"], config["MAX_FORM_PARTS"]
    most = _(
        "A request may have {size} MiB in all, {images} images and {parts} form parts.",
        size=format(body / 2**20, "g"),
        images=config["MAX_IMAGES"],
        parts=parts,
    )
    sent = request.content_length
    return most + " " + _("This one has {size} bytes.", size=sent) if sent else most
