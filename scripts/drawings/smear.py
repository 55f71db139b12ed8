"""A synthetic whole field: many white cells among red cells and platelets, drawn as in cells.

Each thing is drawn in a window of its own, the size of a single-cell sample, so that the field
may be larger than those and a cell may lie across its border.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from drawings.cells import LOOKS, Look, add_white_cell, as_png
from hemavision.evaluation import red_cells
from hemavision.evaluation.red_cells import LILAC
from hemavision.web.pages import SMEAR as NAME

WIDTH_PX, HEIGHT_PX = 1280, 960
_SEED = 71
#: The middle of a window.
_CENTRE_X, _CENTRE_Y = red_cells.WIDTH_PX // 2, red_cells.HEIGHT_PX // 2
_CENTRE = (float(_CENTRE_X), float(_CENTRE_Y))
#: Cells may lie so far outside the field, in pixels.
_OUTSIDE_PX = 40
#: So much is drawn beyond the border, and cut off in the end.
_MARGIN_X, _MARGIN_Y = _CENTRE_X + _OUTSIDE_PX, _CENTRE_Y + _OUTSIDE_PX
_RED_REACH_PX = 42.0


@dataclass(frozen=True)
class Drawn:
    """A white cell of the field: its type, its centre and radius in pixels, its turn in radians."""

    cell_type: str
    x: float
    y: float
    radius: float
    turn: float


#: Two neutrophils touch, and the border cuts a lymphocyte.
WHITE_CELLS = (
    Drawn("neutrophil", 285, 215, 84, 0.0),
    Drawn("lymphocyte", 700, 165, 60, 0.8),
    Drawn("eosinophil", 1045, 245, 82, 2.1),
    Drawn("monocyte", 230, 690, 98, 0.4),
    Drawn("neutrophil", 655, 520, 82, 1.9),
    Drawn("neutrophil", 790, 590, 78, 3.6),
    Drawn("lymphocyte", 1110, 740, 64, 2.4),
    Drawn("lymphocyte", 560, 940, 60, 0.2),
)


@lru_cache(maxsize=1)
def smear_png() -> bytes:
    """Return the field as a PNG file, whose metadata say that it is synthetic."""
    return as_png(draw_smear(), NAME)


def draw_smear() -> np.ndarray:
    """Draw the field.

    Returns:
        uint8 960×1280×3, RGB; the same for every call.
    """
    rng = np.random.default_rng(_SEED)
    density = np.zeros((HEIGHT_PX + 2 * _MARGIN_Y, WIDTH_PX + 2 * _MARGIN_X, 3))
    taken = [(cell.x, cell.y, cell.radius) for cell in WHITE_CELLS]
    for x, y in _place_red_cells(taken, rng):
        taken.append((x, y, _RED_REACH_PX + 2))
        red_cells.add_red_cell(_window(density, x, y), _CENTRE, rng)
    _add_platelets(density, taken, rng)
    for cell in WHITE_CELLS:
        add_white_cell(_window(density, cell.x, cell.y), _look(cell), rng)
    inside = density[_MARGIN_Y : _MARGIN_Y + HEIGHT_PX, _MARGIN_X : _MARGIN_X + WIDTH_PX]
    return red_cells.put_under_light(inside, rng)


def _window(density: np.ndarray, x: float, y: float) -> np.ndarray:
    """Return the part of the density, a view, whose middle is a point of the field."""
    top, left = int(y) + _OUTSIDE_PX, int(x) + _OUTSIDE_PX
    return density[top : top + 2 * _CENTRE_Y, left : left + 2 * _CENTRE_X]


def _look(cell: Drawn) -> Look:
    """Return how a cell is drawn in the middle of its window: its type's look, turned."""
    look = LOOKS[cell.cell_type]
    cos, sin = math.cos(cell.turn), math.sin(cell.turn)
    lobes = tuple((x * cos - y * sin, x * sin + y * cos, size) for x, y, size in look.lobes)
    return replace(look, centre=_CENTRE, radius=cell.radius, lobes=lobes)


def _place_red_cells(
    taken: list[tuple[float, float, float]], rng: np.random.Generator
) -> list[tuple[float, float]]:
    """Return the red cells' centres: clear of the white cells, a few pairs overlapping."""
    placed: list[tuple[float, float]] = []
    for _ in range(2600):
        x = rng.uniform(-_OUTSIDE_PX, WIDTH_PX + _OUTSIDE_PX)
        y = rng.uniform(-_OUTSIDE_PX, HEIGHT_PX + _OUTSIDE_PX)
        gap = 60.0 if rng.random() < 0.02 else 90.0
        clear = all(math.hypot(x - a, y - b) > radius + _RED_REACH_PX for a, b, radius in taken)
        if clear and all(math.hypot(x - a, y - b) > gap for a, b in placed):
            placed.append((x, y))
    return placed


def _add_platelets(
    density: np.ndarray, taken: list[tuple[float, float, float]], rng: np.random.Generator
) -> None:
    """Scatter platelets, never over a red cell: there they would look like parasites."""
    placed: list[tuple[float, float]] = []
    for _ in range(400):
        x, y = rng.uniform(16, WIDTH_PX - 16), rng.uniform(16, HEIGHT_PX - 16)
        clear = all(math.hypot(x - a, y - b) > radius + 14 for a, b, radius in taken)
        if clear and all(math.hypot(x - a, y - b) > 110 for a, b in placed):
            placed.append((x, y))
            _add_platelet(_window(density, x, y), rng)


def _add_platelet(window: np.ndarray, rng: np.random.Generator) -> None:
    reach = 24
    around = (
        slice(_CENTRE_Y - reach, _CENTRE_Y + reach),
        slice(_CENTRE_X - reach, _CENTRE_X + reach),
    )
    edge = red_cells.draw_blob(rng, _CENTRE, rng.uniform(8, 12), (0.8, 0.08), around)
    grain = 0.75 + 0.2 * red_cells.smooth_noise(rng, 5, (2 * reach, 2 * reach))
    window[around] += 0.6 * (red_cells.soften(edge, 2.4) * grain)[..., None] * LILAC
