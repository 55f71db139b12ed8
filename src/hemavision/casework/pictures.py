"""Pictures of what a case keeps, ready for a browser."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hemavision.casework.reading import window_around
from hemavision.errors import RefusedError
from hemavision.explain import encode_png, overlay
from hemavision.explain.overlay import OPACITY
from hemavision.images import open_image
from hemavision.pipeline import Model
from hemavision.results import Box
from hemavision.smear import moved
from hemavision.store import Store
from hemavision.store.images import find_image, read_content, read_cutout
from hemavision.store.records import Cell, StoredImage

#: First bytes of what every browser shows as it is.
_SHOWN = {
    b"\xff\xd8\xff": "image/jpeg",
    b"\x89PNG": "image/png",
    b"GIF8": "image/gif",
    b"RIFF": "image/webp",
    b"BM": "image/bmp",
}


@dataclass(frozen=True)
class Picture:
    """A picture file and its media type."""

    content: bytes
    media_type: str


@dataclass(frozen=True)
class Wish:
    """Which heatmap: of a cell type (the suggested one by default), how opaque (0 to 1)."""

    cell_type: str | None = None
    opacity: float = OPACITY


def show_image(store: Store, image: StoredImage) -> Picture:
    """Return a whole image: the file as it came, where browsers and models see it alike."""
    content = read_content(store, image.sha256)
    kinds = [kind for start, kind in _SHOWN.items() if content.startswith(start)]
    # A note says that something was done to open it, which a browser would not do.
    if kinds and not image.notes:
        return Picture(content, kinds[0])
    return Picture(encode_png(open_image(content).rgb), "image/png")


def show_cutout(store: Store, cell: Cell) -> Picture:
    """Return the picture that the model was given of a cell: the whole one of a single cell."""
    png = read_cutout(store, cell.id)
    if png is not None:
        return Picture(png, "image/png")
    return show_image(store, find_image(store, cell.case_id, cell.image_id))


def show_heatmap(store: Store, cell: Cell, model: Model, wish: Wish) -> Picture:
    """Run the model again on a cell and return its cut-out with the heatmap over it.

    Raises:
        RefusedError: another model suggested the type, or it does not know the wished one.
    """
    suggested = cell.suggestion.model
    if suggested.sha256 != model.reference.sha256:
        raise RefusedError(
            "other-model",
            f"{suggested.name} ({suggested.sha256[:12]}…) named this cell; "
            f"{model.reference.name} is at work now and would show its own reasons.",
        )
    if wish.cell_type not in (None, *model.manifest.cell_types):
        known = ", ".join(model.manifest.cell_types)
        raise RefusedError("unknown-type", f"No {wish.cell_type!r}; the model knows {known}.")
    rgb, box = look_at(store, cell)
    (prediction,) = model.predict_boxes([rgb], [box])
    map_ = prediction.heatmap(wish.cell_type or cell.suggestion.cell_type)
    return Picture(encode_png(overlay(rgb, map_, box, wish.opacity)), "image/png")


def look_at(store: Store, cell: Cell) -> tuple[np.ndarray, Box]:
    """Return the picture that the model was given of a cell, and where in it it looked.

    Returns:
        uint8 RGB H×W×3 and a box in its pixels.
    """
    image = find_image(store, cell.case_id, cell.image_id)
    png = read_cutout(store, cell.id)
    if png is None:
        return open_image(read_content(store, image.sha256)).rgb, cell.suggestion.box
    window = window_around(cell.box, image.width, image.height)
    return open_image(png).rgb, moved(cell.suggestion.box, -window.left, -window.top)
