"""The Smear page: whole fields, every cell boxed and named. No numbers are made here."""

from __future__ import annotations

from flask import Blueprint, Response, render_template

from hemavision.images.sample_smear import HEIGHT_PX, NAME, WHITE_CELLS, WIDTH_PX, smear_png
from hemavision.web.pages import png_response, shared_words

smear_page = Blueprint("smear_page", __name__)


@smear_page.get("/smear")
def page() -> str:
    """Return the page; everything it shows afterwards comes from the API."""
    return render_template(
        "smear.html",
        sample_name=f"{NAME}.png",
        sample_width=WIDTH_PX,
        sample_height=HEIGHT_PX,
        drawn=WHITE_CELLS,
        **shared_words(),
    )


@smear_page.get(f"/samples/{NAME}.png")
def sample() -> Response:
    """Return the synthetic field as a PNG file."""
    return png_response(smear_png(), NAME)
