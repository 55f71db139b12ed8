"""Logging in and out, accounts, tokens."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Response, request
from msgspec import UNSET, structs

from hemavision.records.results import Noticed
from hemavision.store import logins, readers
from hemavision.store.logins import Token
from hemavision.store.readers import Reader, Role
from hemavision.web.api import case_requests as requests
from hemavision.web.api.bodies import read_json
from hemavision.web.api.operations import Api, answer, operation
from hemavision.web.identity import (
    Caller,
    asking,
    check_origin,
    cookie_name,
    find_caller,
    the_store,
)

blueprint = Api("accounts", "Accounts")


@dataclass(frozen=True)
class SessionAnswer(Noticed):
    """Who is asking. With ``csrf`` comes a cookie; send it as X-CSRF-Token with every change.

    Attributes:
        accounts: whether a login is needed.
    """

    reader: Reader | None
    accounts: bool
    csrf: str | None


@dataclass(frozen=True)
class ReaderAnswer(Noticed):
    """An account as it is now."""

    reader: Reader


@dataclass(frozen=True)
class Readers(Noticed):
    """Every account, by name."""

    readers: list[Reader]


@dataclass(frozen=True)
class Tokens(Noticed):
    """The tokens of the reader who asks; an administrator sees everybody's."""

    tokens: list[Token]


@dataclass(frozen=True)
class TokenAnswer(Noticed):
    """A new token. Its secret is shown this once."""

    token: Token
    secret: str


@blueprint.get("/session")
@operation(SessionAnswer, 401, 403)
def get_session() -> Response:
    """Who is asking: the reader and, for a browser, the CSRF token; `reader` is null for nobody.

    A server without accounts needs no login: everybody is the reader `local`.
    """
    return _session(find_caller())


@blueprint.post("/session")
@operation(SessionAnswer, 400, 401, 403, 415, 422, 429, body=requests.Login)
def post_session() -> Response:
    """Log in: sets a cookie that scripts cannot read, and gives the CSRF token.

    After five failures for an account, or thirty from an address, within a quarter of an hour
    the answer is 429 until that is over; settings change the two numbers.
    """
    check_origin()
    body = read_json(requests.Login)
    address = request.remote_addr or "unknown"
    session = logins.log_in(the_store(), body.name, body.password, address)
    response = _session(Caller(session.reader, session))
    response.set_cookie(
        cookie_name(),
        session.secret,
        max_age=logins.SESSION_S,
        path="/",
        secure=request.is_secure,
        httponly=True,
        samesite="Strict",
    )
    return response


@blueprint.delete("/session")
@operation(None, 401, 403, status=204)
def delete_session() -> Response:
    """Log out."""
    caller = find_caller()
    if caller and caller.session:
        logins.log_out(the_store(), caller.session.secret)
    response = Response(status=204)
    response.delete_cookie(
        cookie_name(), path="/", secure=request.is_secure, httponly=True, samesite="Strict"
    )
    return response


@blueprint.get("/readers")
@operation(Readers, 401, 403)
def get_readers() -> Response:
    """List the accounts; takes an administrator."""
    asking(Role.ADMIN)
    return answer(Readers(readers.list_readers(the_store())))


@blueprint.post("/readers")
@operation(ReaderAnswer, 400, 401, 403, 409, 415, 422, body=requests.NewReader, status=201)
def post_reader() -> Response:
    """Make an account; takes an administrator. From the first one on, everybody logs in."""
    admin = asking(Role.ADMIN)
    body = read_json(requests.NewReader)
    made = readers.add_reader(the_store(), body.name, body.role, body.password, admin.name)
    return answer(ReaderAnswer(made), 201)


@blueprint.patch("/readers/<name>")
@operation(ReaderAnswer, 400, 401, 403, 404, 409, 415, 422, body=requests.ReaderChange)
def patch_reader(name: str) -> Response:
    """Change an account's role or password, close it or open it; takes an administrator.

    All that the body names is changed, or nothing.
    """
    admin = asking(Role.ADMIN)
    asked = structs.asdict(read_json(requests.ReaderChange))
    changes = {what: value for what, value in asked.items() if value is not UNSET}
    return answer(ReaderAnswer(readers.change_reader(the_store(), name, admin.name, **changes)))


@blueprint.get("/tokens")
@operation(Tokens, 401, 403)
def get_tokens() -> Response:
    """List one's own tokens; an administrator sees everybody's."""
    reader = asking()
    whose = None if reader.role is Role.ADMIN else reader.name
    return answer(Tokens(logins.list_tokens(the_store(), whose)))


@blueprint.post("/tokens")
@operation(TokenAnswer, 400, 401, 403, 404, 409, 415, 422, body=requests.NewToken, status=201)
def post_token() -> Response:
    """Make a token for a program that acts as the reader who asks; its secret is shown once."""
    reader = asking()
    body = read_json(requests.NewToken)
    token, secret = logins.add_token(the_store(), reader.name, body.label, reader.name)
    return answer(TokenAnswer(token, secret), 201)


@blueprint.delete("/tokens/<int:token_id>")
@operation(None, 401, 403, 404, status=204)
def delete_token(token_id: int) -> Response:
    """End a token: one's own; an administrator, anybody's."""
    reader = asking()
    whose = None if reader.role is Role.ADMIN else reader.name
    logins.revoke_token(the_store(), token_id, reader.name, whose)
    return Response(status=204)


def _session(caller: Caller | None) -> Response:
    session = caller.session if caller else None
    return answer(
        SessionAnswer(
            caller.reader if caller else None,
            readers.has_accounts(the_store()),
            session.csrf if session else None,
        )
    )
