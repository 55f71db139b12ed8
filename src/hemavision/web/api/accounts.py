"""Logging in and out, accounts, tokens."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response, jsonify, request

from hemavision.records.results import NOTICE
from hemavision.store import logins, readers
from hemavision.store.readers import Role
from hemavision.web.api import case_requests as requests
from hemavision.web.api import trail_schemas as schemas
from hemavision.web.api.bodies import created, read_json, takes
from hemavision.web.api.schemas import problem_responses
from hemavision.web.identity import COOKIE, Caller, asking, check_origin, find_caller, the_store

blueprint = APIBlueprint("accounts", __name__, url_prefix="/api/v1", tag="Accounts")


@blueprint.get("/session")
@blueprint.output(schemas.SessionAnswer)
@blueprint.doc(responses=problem_responses(401, 403))
def get_session() -> Response:
    """Who is asking: the reader and, for a browser, the CSRF token; `reader` is null for nobody.

    A server without accounts needs no login: everybody is the reader `local`.
    """
    return _session(find_caller())


@blueprint.post("/session")
@takes(blueprint, requests.Login)
@blueprint.output(schemas.SessionAnswer)
@blueprint.doc(responses=problem_responses(400, 401, 403, 415, 422, 429))
def post_session() -> Response:
    """Log in: sets a cookie that scripts cannot read, and gives the CSRF token.

    After five failures for an account, or thirty from an address, within a quarter of an hour
    the answer is 429 until that is over.
    """
    check_origin()
    body = read_json(requests.Login)
    address = request.remote_addr or "unknown"
    session = logins.log_in(the_store(), body["name"], body["password"], address)
    response = _session(Caller(session.reader, session))
    response.set_cookie(
        COOKIE,
        session.secret,
        max_age=logins.SESSION_S,
        path="/",
        secure=request.is_secure,
        httponly=True,
        samesite="Strict",
    )
    return response


@blueprint.delete("/session")
@blueprint.output({}, status_code=204)
@blueprint.doc(responses=problem_responses(401, 403))
def delete_session() -> Response:
    """Log out."""
    caller = find_caller()
    if caller and caller.session:
        logins.log_out(the_store(), caller.session.secret)
    return Response(status=204)


@blueprint.get("/readers")
@blueprint.output(schemas.Readers)
@blueprint.doc(responses=problem_responses(401, 403))
def get_readers() -> Response:
    """List the accounts; takes an administrator."""
    asking(Role.ADMIN)
    found = readers.list_readers(the_store())
    return jsonify(readers=[reader.to_json() for reader in found], notice=NOTICE)


@blueprint.post("/readers")
@takes(blueprint, requests.NewReader)
@blueprint.output(schemas.ReaderAnswer, status_code=201)
@blueprint.doc(responses=problem_responses(400, 401, 403, 409, 415, 422))
def post_reader() -> Response:
    """Make an account; takes an administrator. From the first one on, everybody logs in."""
    admin = asking(Role.ADMIN)
    body = read_json(requests.NewReader)
    role = Role(body["role"])
    made = readers.add_reader(the_store(), body["name"], role, body["password"], admin.name)
    return created(reader=made.to_json(), notice=NOTICE)


@blueprint.patch("/readers/<name>")
@takes(blueprint, requests.ReaderChange)
@blueprint.output(schemas.ReaderAnswer)
@blueprint.doc(responses=problem_responses(400, 401, 403, 404, 409, 415, 422))
def patch_reader(name: str) -> Response:
    """Change an account's role or password, close it or open it; takes an administrator.

    All that the body names is changed, or nothing.
    """
    admin = asking(Role.ADMIN)
    body = read_json(requests.ReaderChange)
    if "role" in body:
        body["role"] = Role(body["role"])
    changed = readers.change_reader(the_store(), name, admin.name, **body)
    return jsonify(reader=changed.to_json(), notice=NOTICE)


@blueprint.get("/tokens")
@blueprint.output(schemas.Tokens)
@blueprint.doc(responses=problem_responses(401, 403))
def get_tokens() -> Response:
    """List one's own tokens; an administrator sees everybody's."""
    reader = asking()
    whose = None if reader.role is Role.ADMIN else reader.name
    found = logins.list_tokens(the_store(), whose)
    return jsonify(tokens=[token.to_json() for token in found], notice=NOTICE)


@blueprint.post("/tokens")
@takes(blueprint, requests.NewToken)
@blueprint.output(schemas.TokenAnswer, status_code=201)
@blueprint.doc(responses=problem_responses(400, 401, 403, 404, 409, 415, 422))
def post_token() -> Response:
    """Make a token for a program that acts as the reader who asks; its secret is shown once."""
    reader = asking()
    body = read_json(requests.NewToken)
    token, secret = logins.add_token(the_store(), reader.name, body["label"], reader.name)
    return created(token=token.to_json(), secret=secret, notice=NOTICE)


@blueprint.delete("/tokens/<int:token_id>")
@blueprint.output({}, status_code=204)
@blueprint.doc(responses=problem_responses(401, 403, 404))
def delete_token(token_id: int) -> Response:
    """End a token: one's own; an administrator, anybody's."""
    reader = asking()
    whose = None if reader.role is Role.ADMIN else reader.name
    logins.revoke_token(the_store(), token_id, reader.name, whose)
    return Response(status=204)


def _session(caller: Caller | None) -> Response:
    return jsonify(
        reader=caller.reader.to_json() if caller else None,
        accounts=readers.has_accounts(the_store()),
        csrf=caller.session.csrf if caller and caller.session else None,
        notice=NOTICE,
    )
