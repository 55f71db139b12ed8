"""The page itself and the synthetic samples it offers. No numbers are made here."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, make_response, render_template

from hemavision import __version__, settings
from hemavision.images.samples import SAMPLE_NAMES, sample_cell_type, sample_png
from hemavision.records.cells import EIGHT_TYPES
from hemavision.records.reference import display_name
from hemavision.records.results import NOTICE
from hemavision.web.services import services

pages = Blueprint("pages", __name__)

_SAMPLE_AGE_S = 3600


@pages.get("/")
def index() -> str:
    """Return the page; everything it shows afterwards comes from the API."""
    samples = [(name, sample_cell_type(name)) for name in SAMPLE_NAMES]
    return render_template("index.html", samples=samples, **shared_words())


def shared_words() -> dict[str, Any]:
    """Return what the frame of every page says: the model's types, the notice, the version."""
    types = services().model.manifest.cell_types
    return {
        "cell_types": [(name, display_name(name)) for name in types],
        "outside": [display_name(name) for name in EIGHT_TYPES if name not in types],
        "max_body_mb": settings.whole_number("max_body_mb"),
        "notice": NOTICE,
        "version": __version__,
    }


@pages.get("/samples/<name>.png")
def sample(name: str) -> Response:
    """Return a synthetic sample as a PNG file, or 404."""
    if name not in SAMPLE_NAMES:
        abort(404, description=f"No sample {name!r}; there are {', '.join(SAMPLE_NAMES)}.")
    return png_response(sample_png(name), name)


def png_response(png: bytes, name: str) -> Response:
    """Return a drawing under its name, to be kept by the browser for a while."""
    response = make_response(png)
    response.content_type = "image/png"
    response.headers["Content-Disposition"] = f'inline; filename="{name}.png"'
    response.cache_control.public = True
    response.cache_control.max_age = _SAMPLE_AGE_S
    return response
