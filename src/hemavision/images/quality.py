"""What makes a field's answer less sure: measured in the picture, said in plain sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from hemavision.images.stain import BLACK, background_of, brightest
from hemavision.records.results import CellKind, Detection

#: Sharpness is measured where a red cell is this wide, in pixels: a cell's edge then has the same
#: width in every picture, however fine the camera. Smaller pictures are not enlarged.
RED_CELL_PX = 64.0
#: How much of the longer side a red cell is wide where none was found: as in BCCD.
RED_CELL_SHARE = 0.17
#: A field less sharp than this is out of focus. No field of BCCD's train list is (the least sharp
#: has 0.023; 0.018 at half and at twice its size), and all are when blurred by a Gaussian of a
#: 36th of a red cell (3 px of 109).
LEAST_SHARPNESS = 0.016
#: Light is measured on about this many pixels a side.
LIGHT_PX = 320
#: Where all three channels reach this, the camera's light is clipped.
WHITE = 250
#: More than this share of the cells' boxes clipped, and cells are washed out. Where no cell was
#: found, of the whole field.
MOST_WHITE = 0.5
#: The brightest channel of light through nothing, 0 to 255: 193 to 255 in the sets that the
#: models were trained on.
LEAST_LIGHT = 100.0


@dataclass(frozen=True)
class Caution:
    """Something that makes a field's answer less sure.

    Attributes:
        code: for programs.
        message: for people: what was measured and what to do.
    """

    code: str
    message: str


def measure_sharpness(rgb: np.ndarray, found: Sequence[Detection] = ()) -> float:
    """Return how much of a field's contrast lies in its finest detail.

    The variance of the Laplacian (Pech-Pacheco et al. 2000) at the scale of the red cells, over
    the variance of the picture: light and strength of stain change both alike.

    Args:
        rgb: uint8 H×W×3.
        found: the cells in it; the red ones give the scale.

    Returns:
        ≥ 0; 0 for a plain picture.
    """
    height, width = rgb.shape[:2]
    widths = [max(_size(d)) for d in found if d.kind is CellKind.RED]
    red_cell_px = float(np.median(widths)) if widths else RED_CELL_SHARE * max(height, width)
    image = Image.fromarray(rgb).convert("L")
    if red_cell_px > RED_CELL_PX:
        scale = RED_CELL_PX / red_cell_px
        size = (max(round(width * scale), 3), max(round(height * scale), 3))
        image = image.resize(size, Image.Resampling.BOX)
    grey = np.asarray(image, np.float32)
    centre = grey[1:-1, 1:-1]
    around = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:]
    contrast = float(centre.var())
    return float((around - 4 * centre).var()) / contrast if contrast > 1.0 else 0.0


def find_cautions(
    rgb: np.ndarray, found: Sequence[Detection], sharpness: float
) -> tuple[Caution, ...]:
    """Return what makes the answer about a field less sure.

    Args:
        rgb: uint8 H×W×3.
        found: the cells in it.
        sharpness: as :func:`measure_sharpness` gives it.
    """
    # Light is the same in every other pixel of a large picture.
    step = max(1, max(rgb.shape[:2]) // LIGHT_PX)
    seen = np.ascontiguousarray(rgb[::step, ::step])
    real = brightest(seen) > BLACK
    if not real.any():
        message = "The picture is black. Check that the lamp is on and the shutter open."
        return (Caution("under-exposed", message), *_about_cells(found))
    cautions = (_about_light(seen, real), _about_white(seen, found, step), _about_focus(sharpness))
    return (*(c for c in cautions if c), *_about_cells(found))


def _about_light(rgb: np.ndarray, real: np.ndarray) -> Caution | None:
    light = float(background_of(rgb, real).max())
    if light >= LEAST_LIGHT:
        return None
    return Caution(
        "under-exposed",
        f"The picture is dark: its background has {light:.0f} of 255, where {LEAST_LIGHT:.0f} or "
        "more is usual. Give more light or a longer exposure.",
    )


def _about_white(rgb: np.ndarray, found: Sequence[Detection], step: int) -> Caution | None:
    white = (rgb[..., 0] >= WHITE) & (rgb[..., 1] >= WHITE) & (rgb[..., 2] >= WHITE)
    if found:
        inside = np.zeros(white.shape, bool)
        for box in (detection.box for detection in found):
            rows = slice(box.top // step, -(-box.bottom // step))
            inside[rows, box.left // step : -(-box.right // step)] = True
        white = white[inside]
    share = float(white.mean()) if white.size else 0.0
    if share <= MOST_WHITE:
        return None
    where = "the cells' boxes" if found else "the picture"
    return Caution(
        "over-exposed",
        f"{100 * share:.0f}% of {where} is pure white, so that cells are washed out. Give less "
        "light or a shorter exposure.",
    )


def _about_focus(sharpness: float) -> Caution | None:
    if sharpness >= LEAST_SHARPNESS:
        return None
    return Caution(
        "out-of-focus",
        f"The picture is not sharp: its sharpness is {sharpness:.4f}, where {LEAST_SHARPNESS} or "
        "more is usual. Focus again; the cells' names are not to be trusted.",
    )


def _about_cells(found: Sequence[Detection]) -> tuple[Caution, ...]:
    if not found:
        return (
            Caution(
                "no-cells",
                "No cell was found. If there are cells in the field, check focus and light, and "
                "that a red cell is 30 to 250 pixels wide.",
            ),
        )
    if not any(detection.kind is CellKind.RED for detection in found):
        message = "No red cell was found, so that nothing can be estimated for each red cell."
        return (Caution("no-red-cells", message),)
    return ()


def _size(detection: Detection) -> tuple[int, int]:
    box = detection.box
    return box.right - box.left, box.bottom - box.top
