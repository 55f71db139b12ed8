"""The reader's workbench: cases, a case under review, agreement, the login. No numbers here."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from hemavision.store.cases import find_case
from hemavision.web.errors import Problem
from hemavision.web.identity import find_caller, the_store
from hemavision.web.pages import shared_words

case_pages = Blueprint("case_pages", __name__)


@case_pages.get("/cases")
def list_page() -> str | Response:
    """Return the list of cases; everything it shows comes from the API."""
    return _to_login() or render_template("cases.html", **shared_words())


@case_pages.get("/cases/<int:case_id>")
def case_page(case_id: int) -> str | Response:
    """Return the page on which a case is read, or 404."""
    to_login = _to_login()
    if to_login:
        return to_login
    find_case(the_store(), case_id)
    return render_template("case.html", case_id=case_id, **shared_words())


@case_pages.get("/agreement")
def agreement_page() -> str | Response:
    """Return the page of the model against the readers over time."""
    return _to_login() or render_template("agreement.html", **shared_words())


@case_pages.get("/login")
def login_page() -> str:
    """Return the form; it leads back to where a reader came from."""
    return render_template("login.html", **shared_words())


def _to_login() -> Response | None:
    """Return the way to the login for a person whom nobody knows.

    A server that other machines reach and that has no accounts lets nobody in: its page says so.
    """
    try:
        known = find_caller() is not None
    except Problem:
        known = True
    path = request.full_path.rstrip("?")
    return None if known else redirect(url_for("case_pages.login_page", next=path))
