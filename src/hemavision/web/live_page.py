"""The live page: a camera's frames, read as they come. No numbers are made here."""

from __future__ import annotations

from flask import Blueprint, render_template

from hemavision import __version__
from hemavision.records.cells import EIGHT_TYPES
from hemavision.records.reference import display_name
from hemavision.records.results import NOTICE
from hemavision.web.services import services

live_page = Blueprint("live_page", __name__)


@live_page.get("/live")
def page() -> str:
    """Return the page; everything it shows afterwards comes from the camera and the API."""
    types = services().model.manifest.cell_types
    return render_template(
        "live.html",
        cell_types=[(name, display_name(name)) for name in types],
        outside=[display_name(name) for name in EIGHT_TYPES if name not in types],
        notice=NOTICE,
        version=__version__,
    )
