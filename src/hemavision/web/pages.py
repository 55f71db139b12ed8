"""Every page and the synthetic samples that they offer. No numbers are made here."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from flask import (
    Blueprint,
    Response,
    abort,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from werkzeug.wrappers import Response as AnyResponse

from hemavision import __version__, settings
from hemavision.differential.counting import TARGETS
from hemavision.records.cells import EIGHT_TYPES, FOUR_TYPES
from hemavision.records.reference import display_name, type_words
from hemavision.report import notice
from hemavision.store.cases import find_case
from hemavision.store.second_readings import is_blind
from hemavision.web.api.models import describe_models
from hemavision.web.errors import Problem
from hemavision.web.identity import find_caller, the_store
from hemavision.web.services import services
from hemavision.words import _

FOLDER = Path(__file__).with_name("static") / "samples"
#: Every sample's name starts so, in the page, in its address and in a saved file.
PREFIX = "synthetic-"
#: Fields of one white cell, by its type, in the page's order.
CELL_SAMPLES = {PREFIX + cell_type: cell_type for cell_type in FOUR_TYPES}
#: A field of many, and where its cells were drawn.
SMEAR = PREFIX + "smear"
PLACES = FOLDER / f"{SMEAR}.json"
NAMES = (*CELL_SAMPLES, SMEAR)


@cache
def smear_places() -> dict[str, Any]:
    """Return the field's width and height, and its cells: type, x, y and radius, in pixels."""
    places: dict[str, Any] = json.loads(PLACES.read_text(encoding="utf-8"))
    return places


@cache
def sample_png(name: str) -> bytes:
    """Return a sample as a PNG file, whose metadata say that it is synthetic.

    Raises:
        KeyError: there is no such sample.
    """
    if name not in NAMES:
        raise KeyError(f"No sample {name!r}; there are {', '.join(NAMES)}.")
    return (FOLDER / f"{name}.png").read_bytes()


pages = Blueprint("pages", __name__)

_SAMPLE_AGE_S = 3600


@pages.get("/")
def index() -> str:
    """Return the page; everything it shows afterwards comes from the API."""
    of_model = services().model.manifest.cell_types
    names = services().classes.names(of_model)
    beyond = [(name, display_name(name)) for name in names if name not in of_model]
    return render_template(
        "index.html",
        samples=[(sample, display_name(name)) for sample, name in CELL_SAMPLES.items()],
        beyond=beyond,
        **shared_words(),
    )


@pages.get("/smear")
def smear_page() -> str:
    """Return the page for whole fields: every cell boxed and named."""
    return render_template(
        "smear.html",
        sample_name=f"{SMEAR}.png",
        drawn=smear_places(),
        named=display_name,
        **shared_words(),
    )


@pages.get("/live")
def live_page() -> str:
    """Return the page for a microscope's camera; the rest comes from it and the API."""
    return render_template("live.html", **shared_words())


@pages.get("/cases")
def list_page() -> str | AnyResponse:
    """Return the list of cases; everything it shows comes from the API."""
    return _to_login() or render_template("cases.html", **shared_words())


@pages.get("/cases/<int:case_id>")
def case_page(case_id: int) -> str | AnyResponse:
    """Return the page on which a case is read, or 404."""
    to_login = _to_login()
    if to_login:
        return to_login
    find_case(the_store(), case_id)
    caller = find_caller()
    # A page that may see the decisions asks for them at once.
    blind = caller is not None and is_blind(the_store(), case_id, caller.reader.name)
    return render_template("case.html", case_id=case_id, blind=blind, **shared_words())


@pages.get("/agreement")
def agreement_page() -> str | AnyResponse:
    """Return the page of the model against the readers over time."""
    return _to_login() or render_template("agreement.html", **shared_words())


@pages.get("/figures")
def figures_page() -> str:
    """Return the models' figures with their protocols; all of them stand in the page itself."""
    return render_template(
        "figures.html", models=describe_models(), named=display_name, **shared_words()
    )


@pages.get("/settings")
def settings_page() -> str:
    """Return what this server reads smears with and against; nothing that is secret."""
    kept = services()
    limits = ("max_megapixels", "max_images", "max_body_mb")
    return render_template(
        "settings.html",
        model=kept.model,
        detector=kept.detector,
        classes=kept.classes,
        profiles=kept.profiles,
        limits={name: settings.whole_number(name) for name in limits},
        targets=TARGETS,
        named=display_name,
        **shared_words(),
    )


@pages.get("/login")
def login_page() -> str:
    """Return the form; it leads back to where a reader came from."""
    return render_template("login.html", **shared_words())


@pages.get("/samples/<name>.png")
def sample(name: str) -> Response:
    """Return a synthetic sample as a PNG file, or 404."""
    try:
        return _png(sample_png(name), name)
    except KeyError as error:
        abort(404, description=str(error.args[0]))


def shared_words() -> dict[str, Any]:
    """Return what the frame of every page says: the model's types, the notice, the version."""
    types = services().model.manifest.cell_types
    return {
        "cell_types": [(name, display_name(name)) for name in types],
        "outside": [
            *(type_words(name) for name in EIGHT_TYPES if name not in types),
            _("blasts"),
            _("smudge cells and whatever else there is"),
        ],
        "max_body_mb": settings.whole_number("max_body_mb"),
        "notice": notice(),
        "version": __version__,
    }


def _png(png: bytes, name: str) -> Response:
    """Return a drawing under its name, to be kept by the browser for a while."""
    response = make_response(png)
    response.content_type = "image/png"
    response.headers["Content-Disposition"] = f'inline; filename="{name}.png"'
    response.cache_control.public = True
    response.cache_control.max_age = _SAMPLE_AGE_S
    return response


def _to_login() -> AnyResponse | None:
    """Return the way to the login for a person whom nobody knows.

    A server that other machines reach and that has no accounts lets nobody in: its page says so.
    """
    try:
        known = find_caller() is not None
    except Problem:
        known = True
    path = request.full_path.rstrip("?")
    return None if known else redirect(url_for("pages.login_page", next=path))
