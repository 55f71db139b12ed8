"""Small squares around cells, for galleries."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from hemavision.results import Box

#: Fills a gallery's largest tile; those of this size are made once and kept with the cells.
THUMBNAIL_PX = 192
#: Side of what a thumbnail shows, in longer sides of the cell's box.
THUMBNAIL_SIDES = 1.4
_GREY = (226, 226, 230)


def draw_thumbnail(rgb: np.ndarray, box: Box, side_px: int = THUMBNAIL_PX) -> bytes:
    """Return a square around a cell as a JPEG file.

    Args:
        rgb: the picture with the cell, uint8 H×W×3.
        box: around the cell, in its pixels.
        side_px: of the square, in pixels.
    """
    side = THUMBNAIL_SIDES * max(box.right - box.left, box.bottom - box.top)
    square = Box.square((box.left + box.right) / 2, (box.top + box.bottom) / 2, side)
    # What lies outside the picture is the grey of an empty slide, not a stretched cell.
    canvas = Image.new("RGB", (square.right - square.left,) * 2, _GREY)
    canvas.paste(Image.fromarray(rgb), (-square.left, -square.top))
    buffer = io.BytesIO()
    small = canvas.resize((side_px, side_px), Image.Resampling.LANCZOS, reducing_gap=2.0)
    small.save(buffer, "JPEG", quality=88)
    return buffer.getvalue()
