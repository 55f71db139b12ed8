"""Pictures of what a case keeps, ready for a browser."""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from PIL import Image

from hemavision.casework.recognition import THUMBNAIL_PX, cut_out, draw_thumbnail, window_around
from hemavision.errors import MissingError, RefusedError
from hemavision.images.opening import open_image
from hemavision.reading.cell import Model
from hemavision.reading.explaining import encode_png, overlay
from hemavision.reading.explaining.overlay import OPACITY
from hemavision.reading.field import name_white_cells
from hemavision.reading.where import moved
from hemavision.records.results import Box, CellKind, Detection, Prediction
from hemavision.store import Store
from hemavision.store.images import (
    find_image,
    find_look,
    read_content,
    read_cutouts,
    read_thumbnails,
)
from hemavision.store.records import Cell, ImageKind, StoredImage

#: First bytes of what every browser shows as it is.
_SHOWN = {
    b"\xff\xd8\xff": "image/jpeg",
    b"\x89PNG": "image/png",
    b"GIF8": "image/gif",
    b"RIFF": "image/webp",
    b"BM": "image/bmp",
}
#: Of small pictures, which are looked at beside each other.
_WEBP_QUALITY = 80


@dataclass(frozen=True)
class Picture:
    """A picture file and its media type."""

    content: bytes
    media_type: str


@dataclass(frozen=True)
class HeatmapChoice:
    """Which heatmap: of a cell type (the suggested one by default), how opaque (0 to 1)."""

    cell_type: str | None = None
    opacity: float = OPACITY


def show_image(store: Store, image: StoredImage) -> Picture:
    """Return a whole image: the file as it came, where browsers and models see it alike."""
    return _as_browsers_show(read_content(store, image.sha256), image.notes)


def _as_browsers_show(content: bytes, notes: Sequence[str]) -> Picture:
    kinds = [kind for start, kind in _SHOWN.items() if content.startswith(start)]
    # A note says that something was done to open it, which a browser would not do.
    if kinds and not notes:
        return Picture(content, kinds[0])
    return Picture(encode_png(open_image(content).rgb), "image/png")


def show_cutout(store: Store, case_id: int, cell_id: int) -> Picture:
    """Return what is around a cell in a field; the whole image of a single cell.

    Raises:
        MissingError: the case has no such cell.
    """
    look = find_look(store, case_id, cell_id)
    if look.cutout is not None:
        return Picture(look.cutout, "image/png")
    content = read_content(store, look.sha256)
    if look.kind is ImageKind.CELL:
        return _as_browsers_show(content, look.notes)
    return Picture(encode_png(cut_out(open_image(content).rgb, look.box)[0]), "image/png")


def show_thumbnail(store: Store, case_id: int, cell_id: int, side_px: int) -> Picture:
    """Return a small square around a cell: JPEG, for galleries.

    Args:
        store: where it is.
        case_id: of the case.
        cell_id: of the cell.
        side_px: of the square, in pixels.

    Raises:
        MissingError: the case has no such cell.
    """
    kept = read_thumbnails(store, case_id, [cell_id]) if side_px == THUMBNAIL_PX else {}
    # Another size, or a cell of before they were kept.
    jpeg = kept.get(cell_id) or draw_thumbnail(*look_at(store, case_id, cell_id), side_px)
    return Picture(jpeg, "image/jpeg")


def show_thumbnails(
    store: Store, case_id: int, cell_ids: Sequence[int], side_px: int
) -> dict[int, bytes]:
    """Return small squares around cells, by their numbers: WebP, a fifth of what is kept.

    Args:
        store: where they are.
        case_id: of the case.
        cell_ids: of the cells; one that the case does not have is left out.
        side_px: of the squares, in pixels.
    """
    shown = {}
    kept = read_thumbnails(store, case_id, cell_ids)
    for cell_id in cell_ids:
        with suppress(MissingError):
            jpeg = kept.get(cell_id) or draw_thumbnail(*look_at(store, case_id, cell_id))
            shown[cell_id] = _small_webp(jpeg, side_px)
    return shown


def _small_webp(jpeg: bytes, side_px: int) -> bytes:
    picture = Image.open(io.BytesIO(jpeg)).resize((side_px, side_px), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    picture.save(buffer, "WEBP", quality=_WEBP_QUALITY, method=2)  # more effort: 3% less
    return buffer.getvalue()


def show_part(store: Store, image: StoredImage, box: Box) -> Picture:
    """Return a small square around a place of an image: JPEG, for what is no cell of the case yet.

    Args:
        store: where the image is.
        image: of a case.
        box: in its pixels, inside it.
    """
    rgb = open_image(read_content(store, image.sha256)).rgb
    return Picture(draw_thumbnail(rgb, box), "image/jpeg")


def show_heatmap(store: Store, cell: Cell, model: Model, wish: HeatmapChoice) -> Picture:
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
    rgb, prediction, box = _look_at_one(store, cell, model)
    map_ = prediction.heatmap(wish.cell_type or cell.suggestion.cell_type)
    return Picture(encode_png(overlay(rgb, map_, box, wish.opacity)), "image/png")


def look_again(store: Store, cell: Cell, model: Model) -> Prediction:
    """Return what a model says of a cell now, whichever model named it."""
    return _look_at_one(store, cell, model)[1]


def _look_at_one(store: Store, cell: Cell, model: Model) -> tuple[np.ndarray, Prediction, Box]:
    image = find_image(store, cell.case_id, cell.image_id)
    opened = _Opened(image, read_content(store, image.sha256), {})
    (look,) = _look_again(opened, [cell], model)
    return look


@dataclass(frozen=True)
class Shown:
    """A cell's cut-out and, where it was made, the same with its heatmap over it: image files."""

    picture: bytes
    heatmap: bytes | None = None


def show_cells(store: Store, cells: Sequence[Cell], model: Model | None) -> dict[int, Shown]:
    """Return what a report shows of some cells of a case, by their numbers.

    Each image is read and opened once at most, and the model is asked once an image.

    Args:
        store: where they are.
        cells: of one case.
        model: whose heatmaps are made, of those cells that it named itself; None for none.
    """
    cutouts = read_cutouts(store, [cell.id for cell in cells])
    by_image: defaultdict[int, list[Cell]] = defaultdict(list)
    for cell in cells:
        by_image[cell.image_id].append(cell)
    shown: dict[int, Shown] = {}
    for image_id, group in by_image.items():
        own = [c for c in group if model and c.suggestion.model.sha256 == model.reference.sha256]
        if not own and all(cell.id in cutouts for cell in group):
            shown |= {cell.id: Shown(cutouts[cell.id]) for cell in group}
            continue
        image = find_image(store, group[0].case_id, image_id)
        opened = _Opened(image, read_content(store, image.sha256), cutouts)
        heatmaps = _heatmaps(opened, own, model) if model and own else {}
        shown |= {cell.id: Shown(opened.picture(cell), heatmaps.get(cell.id)) for cell in group}
    return shown


@dataclass(frozen=True)
class _Opened:
    """An image of a case, its file, and cell → PNG cut out around it, where one is kept."""

    image: StoredImage
    content: bytes
    cutouts: Mapping[int, bytes]

    def picture(self, cell: Cell) -> bytes:
        if cell.id in self.cutouts:
            return self.cutouts[cell.id]
        if self.image.kind is ImageKind.CELL:
            return _as_browsers_show(self.content, self.image.notes).content
        return encode_png(cut_out(self.rgb, cell.box)[0])

    @cached_property
    def rgb(self) -> np.ndarray:
        return open_image(self.content).rgb


def _heatmaps(opened: _Opened, cells: Sequence[Cell], model: Model) -> dict[int, bytes]:
    shown = {}
    looks = _look_again(opened, cells, model)
    for cell, (rgb, prediction, box) in zip(cells, looks, strict=True):
        map_ = prediction.heatmap(cell.suggestion.cell_type)
        shown[cell.id] = encode_png(overlay(rgb, map_, box, OPACITY))
    return shown


def _look_again(
    opened: _Opened, cells: Sequence[Cell], model: Model
) -> list[tuple[np.ndarray, Prediction, Box]]:
    """Return of an image's cells the cut-outs, what the model says, and where in them it looked."""
    rgb, image = opened.rgb, opened.image
    if image.kind is ImageKind.CELL:
        (prediction,) = model.predict_arrays([rgb])
        return [(rgb, prediction, prediction.box)] * len(cells)
    found = [Detection(CellKind.WHITE, cell.box, 1.0) for cell in cells]
    looks = []
    for cell, prediction in zip(cells, name_white_cells(model, rgb, found), strict=True):
        cutout, window = cut_out(rgb, cell.box)
        looks.append((cutout, prediction, moved(prediction.box, -window.left, -window.top)))
    return looks


def look_at(store: Store, case_id: int, cell_id: int) -> tuple[np.ndarray, Box]:
    """Return a cell's cut-out, the whole image of a single cell, and the cell's box in it.

    Returns:
        uint8 RGB H×W×3 and a box in its pixels.

    Raises:
        MissingError: the case has no such cell.
    """
    look = find_look(store, case_id, cell_id)
    if look.cutout is None:
        rgb = open_image(read_content(store, look.sha256)).rgb
        if look.kind is ImageKind.CELL:
            return rgb, look.box
        cutout, window = cut_out(rgb, look.box)
    else:
        window = window_around(look.box, look.width, look.height)
        cutout = open_image(look.cutout).rgb
    return cutout, moved(look.box, -window.left, -window.top)
