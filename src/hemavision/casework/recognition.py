"""From an image file to what a case keeps of it: its cells, found and named."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass

import numpy as np
from PIL import Image

from hemavision.errors import RefusedError
from hemavision.images.opening import open_image
from hemavision.images.pixel_size import read_pixel_um
from hemavision.reading.cell import Model
from hemavision.reading.explaining import encode_png
from hemavision.reading.field import name_white_cells, read_smear
from hemavision.reading.finding.detector import Finder
from hemavision.reading.found import FoundCell, Smear
from hemavision.reading.heard import Stage, stage
from hemavision.reading.where import is_field, may_be_field, moved
from hemavision.records.results import Box, CellKind, Detection, Prediction
from hemavision.store.records import ImageKind, NewCell, NewImage

#: Fills a gallery's largest tile; those of this size are made once and kept with the cells.
THUMBNAIL_PX = 192
#: Side of what a thumbnail shows, in longer sides of the cell's box.
THUMBNAIL_SIDES = 1.4
#: Pixels of a picture for one of its thumbnail, each way: more are not looked at.
_FINE = 4
_GREY = (226, 226, 230)


def draw_thumbnail(rgb: np.ndarray, box: Box, side_px: int = THUMBNAIL_PX) -> bytes:
    """Return a square around a cell as a JPEG file.

    Args:
        rgb: the picture with the cell, uint8 H×W×3.
        box: around the cell, in its pixels.
        side_px: of the square, in pixels.
    """
    longer = max(box.right - box.left, box.bottom - box.top)
    middle = (box.left + box.right) / 2, (box.top + box.bottom) / 2
    square = Box.square(*middle, THUMBNAIL_SIDES * longer)
    side = square.right - square.left
    height, width = rgb.shape[:2]
    left, top = max(square.left, 0), max(square.top, 0)
    right, bottom = min(square.right, width), min(square.bottom, height)
    step = max(1, side // (_FINE * side_px))  # a whole slide's photograph would fill the memory
    inside = np.ascontiguousarray(rgb[top:bottom:step, left:right:step])
    x, end_x = (round((edge - square.left) * side_px / side) for edge in (left, right))
    y, end_y = (round((edge - square.top) * side_px / side) for edge in (top, bottom))
    size = max(end_x - x, 1), max(end_y - y, 1)
    small = Image.fromarray(inside).resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
    # What lies outside the picture is the grey of an empty slide, not a stretched cell.
    canvas = Image.new("RGB", (side_px, side_px), _GREY)
    canvas.paste(small, (x, y))
    buffer = io.BytesIO()
    canvas.save(buffer, "JPEG", quality=88)
    return buffer.getvalue()


#: Side of a field cell's cut-out, in longer sides of its box: what training cuts out, too.
CUTOUT_SIDES = 2.0


@dataclass(frozen=True)
class Networks:
    """What looks at images: a model, and a finder where there is one."""

    model: Model
    finder: Finder | None = None


def read_image(
    networks: Networks, name: str, content: bytes, kind: ImageKind | None = None
) -> NewImage:
    """Open an image file and let the model name its cells.

    Args:
        networks: that look.
        name: of the file.
        content: its bytes.
        kind: what it shows. ``None``: a field if it is larger than two cells' cut-outs and
            white and red cells are found in it, else a cell.

    Raises:
        ImageError: it cannot be read.
        RefusedError: it is said to be a field and there is no finder.
    """
    with stage(Stage.DECODE):
        photo = open_image(content)
    smear = _find(networks, photo.rgb, kind)
    if smear is None:
        (prediction,) = networks.model.predict_arrays([photo.rgb])
        thumbnail = draw_thumbnail(photo.rgb, prediction.box)
        cells: tuple[NewCell, ...] = (NewCell(prediction.box, prediction, None, thumbnail),)
        others: tuple[Detection, ...] = ()
    else:
        cells = tuple(_new_cell(photo.rgb, found.box, said) for found, said in _whole(smear))
        others = tuple(
            Detection(c.kind, c.box, c.score) for c in smear.cells if c.cut or not c.prediction
        )
    return NewImage(
        name=name,
        content=content,
        sha256=digest(content),
        kind=ImageKind.CELL if smear is None else ImageKind.FIELD,
        width=photo.rgb.shape[1],
        height=photo.rgb.shape[0],
        notes=photo.notes,
        cells=cells,
        others=others,
        model=networks.model.reference,
        pixel_um=read_pixel_um(content),
    )


def read_cell(model: Model, content: bytes, box: Box) -> NewCell:
    """Let the model name a white cell of a field that a person points at.

    Args:
        model: that names it, as it names those that were found.
        content: the field's image file.
        box: around the cell, in pixels of the image, inside it.

    Raises:
        ImageError: the file cannot be read.
    """
    rgb = open_image(content).rgb
    (prediction,) = name_white_cells(model, rgb, [Detection(CellKind.WHITE, box, 1.0)])
    return _new_cell(rgb, box, prediction)


def digest(content: bytes) -> str:
    """Return the SHA-256 by which an image file is known."""
    return hashlib.sha256(content).hexdigest()


def window_around(box: Box, width: int, height: int) -> Box:
    """Return what is cut out of a field around a cell, to be looked at and learned from.

    Args:
        box: around the cell, in pixels of the field.
        width: of the field, in pixels.
        height: of the field, in pixels.
    """
    side = CUTOUT_SIDES * max(box.right - box.left, box.bottom - box.top)
    wide = Box.square((box.left + box.right) / 2, (box.top + box.bottom) / 2, side)
    return Box(
        max(wide.left, 0), max(wide.top, 0), min(wide.right, width), min(wide.bottom, height)
    )


def _find(networks: Networks, rgb: np.ndarray, kind: ImageKind | None) -> Smear | None:
    """Return what is found in a field; None for a picture of one cell."""
    if kind is ImageKind.FIELD and networks.finder is None:
        raise RefusedError(
            "no-detector",
            "There is no detector, so the cells of a field cannot be found. Give pictures of "
            "single cells, or start with a detector.",
        )
    small = kind is None and not may_be_field(rgb)
    if networks.finder is None or kind is ImageKind.CELL or small:
        return None
    smear = read_smear(networks.model, networks.finder, rgb)
    is_one = kind is ImageKind.FIELD or is_field(cell.kind for cell in smear.cells)
    return smear if is_one else None


def _whole(smear: Smear) -> list[tuple[FoundCell, Prediction]]:
    """Return the white cells that can be decided on: the border cuts none of them."""
    return [(c, c.prediction) for c in smear.cells if c.prediction and not c.cut]


def cut_out(rgb: np.ndarray, box: Box) -> tuple[np.ndarray, Box]:
    """Return what is around a cell in a field, uint8 RGB H×W×3, and where in the field it lies."""
    window = window_around(box, rgb.shape[1], rgb.shape[0])
    part = rgb[window.top : window.bottom, window.left : window.right]
    return np.ascontiguousarray(part), window


def _new_cell(rgb: np.ndarray, box: Box, prediction: Prediction) -> NewCell:
    picture, window = cut_out(rgb, box)
    thumbnail = draw_thumbnail(picture, moved(box, -window.left, -window.top))
    return NewCell(box, prediction, encode_png(picture), thumbnail)
