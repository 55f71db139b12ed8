"""The synthetic samples that the pages offer: files that ``scripts/draw_samples.py`` writes."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from hemavision.records.cells import FOUR_TYPES

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
