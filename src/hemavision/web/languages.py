"""In which language a page speaks: its reader's choice, or what the browser asks for."""

from __future__ import annotations

from flask import Blueprint, Flask, Response, abort, g, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from hemavision import words
from hemavision.records.reference import type_words

COOKIE = "language"
_AGE_S = 365 * 24 * 3600
#: Whose answers are for people; every other one, the API's above all, speaks English.
_SPEAKING = frozenset({"pages", "docs"})

blueprint = Blueprint("languages", __name__)


@blueprint.get("/language/<code>")
def choose(code: str) -> AnyResponse:
    """Keep a reader's choice for a year, and go back to `next`, a page of this site; or 404."""
    if code not in words.languages():
        abort(404)
    back = request.args.get("next", "/")
    if not back.startswith("/") or back[1:2] in ("/", "\\") or not back.isprintable():
        back = "/"
    response = redirect(back)
    response.set_cookie(
        COOKIE, code, max_age=_AGE_S, secure=request.is_secure, httponly=True, samesite="Lax"
    )
    return response


def asked() -> str:
    """Return the language that a request asks for, of those that there are."""
    known = words.languages()
    chosen = request.cookies.get(COOKIE)
    if chosen in known:
        return chosen
    return request.accept_languages.best_match(known, words.ENGLISH) or words.ENGLISH


def install(app: Flask) -> None:
    """Let pages speak their reader's language; templates get ``_`` and what a switch needs."""
    app.before_request(_begin)
    app.teardown_request(_end)
    app.after_request(_say_on_what_it_depends)
    app.jinja_env.globals.update(
        _=words.marked, language=words.spoken, others=_others, written=words.written
    )
    app.jinja_env.filters.update(type_words=type_words, said=words.said)


def _others() -> list[tuple[str, str, str]]:
    """Return each language that is not spoken: its code, its name, and the way to it."""
    here = request.full_path.rstrip("?")
    return [
        (code, name, url_for("languages.choose", code=code, next=here))
        for code, name in words.languages().items()
        if code != words.spoken()
    ]


def _begin() -> None:
    if request.blueprint in _SPEAKING:
        g.speaking = words.speaking(asked())
        g.speaking.__enter__()


def _end(_error: BaseException | None) -> None:
    speaking = g.pop("speaking", None)
    if speaking:
        speaking.__exit__(None, None, None)


def _say_on_what_it_depends(response: Response) -> Response:
    if request.blueprint in _SPEAKING and response.mimetype == "text/html":
        response.vary.update(("Accept-Language", "Cookie"))
        response.content_language.add(words.spoken())
    return response
