"""Small squares around cells, for galleries."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from hemavision.records.results import Box

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
