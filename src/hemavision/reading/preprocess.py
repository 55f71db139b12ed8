"""The one way from an RGB image and a box to a network's input.

Training and serving both go through :func:`cut_input`, so that a network never sees at work
what it did not see in training.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from hemavision.images.stain import RED_BEYOND, measure_red_cells, measure_stain, standardise
from hemavision.records.results import Box

#: Mid grey: what lies outside the image carries no stain.
FILL = (128, 128, 128)
#: Light and stain are measured on about this many pixels a side.
MEASURE_PX = 112
#: The ways with stain that leave the pixels of a crop alone.
PIXELS_KEPT = ("as-is", "both")


@dataclass(frozen=True)
class PreprocessSpec:
    """How an image becomes a network's input.

    Attributes:
        size_px: side of the square input, in pixels.
        crop: ``"nucleus"`` cuts a square around the nucleus in the middle, or else the most
            strongly stained one;
            ``"whole"`` takes the whole image.
        stain: ``"standard"`` brings background and nucleus to standard colours
            (:mod:`hemavision.images.stain`), ``"red-cells"`` the red cells around, too; ``"as-is"``
            leaves the pixels alone; and so does ``"both"``, of networks of before that learned from
            the two.
        sides: side of what is cut, in sides of the box.
    """

    size_px: int = 224
    crop: str = "nucleus"
    stain: str = "as-is"
    sides: float = 1.0


def cut_input(rgb: np.ndarray, box: Box, spec: PreprocessSpec) -> np.ndarray:
    """Return what the network sees of ``box``.

    Args:
        rgb: uint8, H×W×3, 0 to 255.
        box: that is cut out, in pixels of ``rgb``; may reach outside.
        spec: how.

    Returns:
        uint8, ``spec.size_px``×``spec.size_px``×3.
    """
    if spec.stain in PIXELS_KEPT:
        return crop_and_resize(rgb, box, spec.size_px)
    return standard_crop(rgb, box, box, spec.size_px, spec.stain)


def around(box: Box, spec: PreprocessSpec) -> Box:
    """Return the box to cut out where a cell was located in ``box``, in the same pixels."""
    if spec.sides == 1.0:
        return box
    side = spec.sides * (box.right - box.left)
    return Box.square((box.left + box.right) / 2, (box.top + box.bottom) / 2, side)


def standard_crop(rgb: np.ndarray, cell: Box, box: Box, size_px: int, how: str) -> np.ndarray:
    """Cut ``box`` out of ``rgb`` with the light and stain measured in ``cell`` made standard.

    Args:
        rgb: uint8, H×W×3, 0 to 255.
        cell: where to measure.
        box: what to cut.
        size_px: side of the result in pixels.
        how: ``"standard"`` or ``"red-cells"``, as in :class:`PreprocessSpec`.

    Returns:
        uint8, ``size_px``×``size_px``×3.
    """
    height, width = rgb.shape[:2]
    step = max(1, (cell.right - cell.left) // MEASURE_PX)
    rows = slice(max(cell.top, 0), min(cell.bottom, height), step)
    columns = slice(max(cell.left, 0), min(cell.right, width), step)
    seen = rgb[rows, columns]
    stain = measure_stain(seen)
    fill = (int(stain.background[0]), int(stain.background[1]), int(stain.background[2]))
    crop = crop_and_resize(rgb, box, size_px, fill)
    red_cells = None
    if how == "red-cells":
        middle_x = ((cell.left + cell.right) / 2 - columns.start) / step
        middle_y = ((cell.top + cell.bottom) / 2 - rows.start) / step
        within = RED_BEYOND * (cell.right - cell.left) / step
        red_cells = measure_red_cells(seen, stain, (middle_x, middle_y), within)
    return standardise(crop, stain, red_cells)


def crop_and_resize(
    rgb: np.ndarray, box: Box, size_px: int, fill: tuple[int, int, int] = FILL
) -> np.ndarray:
    """Cut ``box`` out of ``rgb`` and resize it to ``size_px`` × ``size_px``.

    Args:
        rgb: uint8, H×W×3, 0 to 255.
        box: in pixels of ``rgb``; may reach outside.
        size_px: side of the result in pixels.
        fill: the colour of what lies outside.

    Returns:
        uint8, ``size_px``×``size_px``×3.
    """
    height, width = rgb.shape[:2]
    left, top, right, bottom = box.left, box.top, box.right, box.bottom
    inside = (max(left, 0), max(top, 0), min(right, width), min(bottom, height))
    image = Image.fromarray(rgb)
    if inside == (left, top, right, bottom):
        # Antialiased, in one step: cropping first would round the box to whole pixels twice.
        resized = image.resize(
            (size_px, size_px), Image.Resampling.BILINEAR, box=(left, top, right, bottom)
        )
        return np.asarray(resized)
    canvas = Image.new("RGB", (right - left, bottom - top), fill)
    canvas.paste(image.crop(inside), (inside[0] - left, inside[1] - top))
    return np.asarray(canvas.resize((size_px, size_px), Image.Resampling.BILINEAR))
