"""Who is asking, and whether the request came from where it says.

Three ways: a session's cookie (a browser that logged in; what changes something needs the
session's CSRF token in the header ``X-CSRF-Token``), a token in ``Authorization: Bearer`` (a
program), or nothing at all on a server without accounts, where everybody is the reader ``local``.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, current_app, request

from hemavision.store import Store, open_store
from hemavision.store.logins import Session, find_session, find_token
from hemavision.store.readers import LOCAL, Reader, Role, has_accounts
from hemavision.store.second_readings import is_blind
from hemavision.web.api.bodies import LARGEST, can_be_kept
from hemavision.web.errors import Problem
from hemavision.web.services import services

#: Config key: whether a server without accounts lets everybody in.
OPEN = "OPEN_WITHOUT_ACCOUNTS"
COOKIE = "hemavision_session"
#: Over TLS a browser takes a cookie of such a name from this very host alone, and over TLS.
COOKIE_OVER_TLS = f"__Host-{COOKIE}"
CSRF_HEADER = "X-CSRF-Token"
_SAFE = {"GET", "HEAD", "OPTIONS"}


@dataclass(frozen=True)
class Caller:
    """Who is asking: the reader, and the session where a browser asks."""

    reader: Reader
    session: Session | None = None


def install(app: Flask, *, is_open: bool) -> None:
    """Say who may come in.

    Args:
        app: the application.
        is_open: whether everybody may come in as long as there are no accounts.
    """
    app.config[OPEN] = is_open
    app.url_value_preprocessor(_refuse_impossible)


def _refuse_impossible(endpoint: str | None, values: dict[str, Any] | None) -> None:
    """Answer 404 for numbers and names in an address that no database row can have."""
    for value in (values or {}).values():
        if not can_be_kept(value) or (isinstance(value, int) and value > LARGEST):
            raise Problem("not-found", f"Nothing at {request.path[:200]}.")


def has_store() -> bool:
    """Say whether the application's store is open already."""
    return services().store is not None


def the_store() -> Store:
    """Return the application's store, opened when it is first needed."""
    kept = services()
    if kept.store is None:
        kept.store = open_store()
    return kept.store


def asking(role: Role = Role.READER) -> Reader:
    """Return who is asking.

    Args:
        role: that the reader needs.

    Raises:
        Problem: nobody known, not allowed to, or the request did not come from our own page.
    """
    caller = find_caller()
    if caller is None:
        raise Problem("login-needed", "Log in, or send a token in Authorization: Bearer.")
    if not caller.reader.role.includes(role):
        detail = f"{caller.reader.name} is {caller.reader.role}; this takes a {role}."
        raise Problem("forbidden", detail)
    return caller.reader


def sighted(case_id: int, role: Role = Role.READER) -> Reader:
    """Return who is asking for what was decided in a case.

    Raises:
        Problem: as for :func:`asking`, or the reader is reading the case anew and must not see.
    """
    reader = asking(role)
    if is_blind(the_store(), case_id, reader.name):
        raise Problem(
            "blind",
            f"You are reading case {case_id} a second time. Finish or drop that reading before "
            "you look at what was decided.",
        )
    return reader


def find_caller() -> Caller | None:
    """Return who is asking, None if nobody known.

    Raises:
        Problem: a token is not good, or the request did not come from our own page.
    """
    header = request.headers.get("Authorization", "")
    if header:
        return _by_token(header)
    check_origin()
    secret = request.cookies.get(cookie_name())
    session = find_session(the_store(), secret) if secret else None
    if session is not None:
        _check_csrf(session)
        return Caller(session.reader, session)
    if has_accounts(the_store()):
        return None
    if not current_app.config[OPEN]:
        raise Problem(
            "accounts-needed",
            "Other machines can reach this server, and it has no accounts. Make one: hemavision "
            "cases readers add NAME --role admin.",
        )
    return Caller(LOCAL)


def cookie_name() -> str:
    """Return what a session's cookie is called in this request."""
    return COOKIE_OVER_TLS if request.is_secure else COOKIE


def check_origin() -> None:
    """Refuse what another site's page makes a browser send.

    Raises:
        Problem: the browser says that the request began elsewhere.
    """
    if request.method in _SAFE:
        return
    origin = request.headers.get("Origin")
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    foreign = origin is not None and _host_of(origin) != request.host
    if foreign or site not in ("same-origin", "none"):
        raise Problem("cross-site", "Another site's page sent this; it was not looked at.")


def _host_of(origin: str) -> str:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""


def _by_token(header: str) -> Caller:
    scheme, _, secret = header.partition(" ")
    reader = find_token(the_store(), secret.strip()) if scheme.lower() == "bearer" else None
    if reader is None:
        raise Problem("login-needed", "The token in Authorization: Bearer is not good.")
    return Caller(reader)


def _check_csrf(session: Session) -> None:
    if request.method in _SAFE:
        return
    sent = request.headers.get(CSRF_HEADER, "")
    if not secrets.compare_digest(sent.encode(), session.csrf.encode()):
        raise Problem(
            "cross-site",
            f"The header {CSRF_HEADER} is missing or not this session's; GET /api/v1/session "
            "gives it.",
        )
