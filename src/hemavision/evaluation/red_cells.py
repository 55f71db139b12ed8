"""Fields of red cells and platelets, drawn: what knows white cells must not know these.

Light passes through stain by the law of Beer and Lambert, so each thing in the field only adds
optical density, and overlaps darken as they do under a microscope. Everything comes from a seed.
``scripts/drawings`` draws the page's samples with the same brushes.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

WIDTH_PX, HEIGHT_PX = 640, 480
#: The empty field under the lamp, RGB 0 to 255.
_LAMP = np.array([219.0, 216.0, 206.0])
#: Empty fields of other microscopes: white, PBC's cream, BCCD's bluish grey, JTSC's yellow.
BLANK_LIGHTS = ((240, 240, 240), (254, 230, 205), (200, 205, 215), (235, 225, 120))
#: Optical densities of full stain, RGB.
_RED_CELL = np.array([0.055, 0.185, 0.165])
LILAC = np.array([0.26, 0.46, 0.06])
#: Of a red cell's surroundings, in pixels: nothing else stands there.
RED_REACH_PX = 46.0
#: The middle of a white cell that is in no field.
_NOWHERE = (-1e4, -1e4)

Field = np.ndarray
Window = tuple[slice, slice]
Shape = tuple[int, int]
_SHAPE: Shape = (HEIGHT_PX, WIDTH_PX)
_WHOLE: Window = (slice(0, HEIGHT_PX), slice(0, WIDTH_PX))


def draw_red_cells(seed: int) -> np.ndarray:
    """Draw a field of red cells and platelets with no white cell in it.

    Returns:
        uint8 480×640×3, RGB; the same for every call.
    """
    rng = np.random.default_rng(seed)
    density = np.zeros((HEIGHT_PX, WIDTH_PX, 3))
    fill_field(density, _NOWHERE, 0.0, rng)
    return put_under_light(density, rng)


def fill_field(
    density: np.ndarray, centre: tuple[float, float], radius: float, rng: np.random.Generator
) -> None:
    """Add red cells and platelets to an optical density 480×640×3, clear of a white cell."""
    red_cells = _place_red_cells(centre, radius, rng)
    for place in red_cells:
        add_red_cell(density, place, rng)
    taken = [(*place, RED_REACH_PX) for place in red_cells]
    _add_platelets(density, taken + [(*centre, radius)] * (radius > 0), rng)


def put_under_light(density: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return what the camera sees of an optical density H×W×3: uint8 RGB."""
    shape = density.shape[:2]
    uneven = 1.0 + 0.02 * smooth_noise(rng, 120, shape)[..., None]
    light = _LAMP * uneven * _vignette(shape)[..., None]
    picture = light * 10.0**-density + rng.normal(0.0, 1.0, density.shape[:2])[..., None]
    rgb: np.ndarray = np.clip(picture + 0.5, 0, 255).astype(np.uint8)
    return rgb


def _place_red_cells(
    centre: tuple[float, float], radius: float, rng: np.random.Generator
) -> list[tuple[float, float]]:
    """Return the red cells' centres: clear of the white cell, a few pairs overlapping."""
    placed: list[tuple[float, float]] = []
    for _ in range(700):
        x, y = rng.uniform(-40, WIDTH_PX + 40), rng.uniform(-40, HEIGHT_PX + 40)
        clear = np.hypot(x - centre[0], y - centre[1]) > radius + 40
        gap = 58.0 if rng.random() < 0.03 else 86.0
        if clear and all(np.hypot(x - a, y - b) > gap for a, b in placed):
            placed.append((x, y))
    return placed


def add_red_cell(
    density: np.ndarray, centre: tuple[float, float], rng: np.random.Generator
) -> None:
    """Add a red cell at (x, y) to an optical density 480×640×3."""
    window = around(centre, 64)
    radius = rng.normal(43, 3.5)
    edge = draw_blob(rng, centre, radius, (rng.uniform(0.82, 1.0), 0.025), window)
    pallor = rng.uniform(0.45, 0.85) * soften(edge + radius * rng.uniform(0.55, 0.68), 10.0)
    rim = 0.14 * np.exp(-(((edge + 5.0) / 6.0) ** 2))
    cell = soften(edge, 1.6) * (1.0 - pallor + rim) * rng.uniform(0.85, 1.15)
    density[window] += cell[..., None] * _RED_CELL


def _add_platelets(
    density: np.ndarray, taken: list[tuple[float, float, float]], rng: np.random.Generator
) -> None:
    """Scatter platelets, never over a red cell: there they would look like parasites."""
    grain = 0.75 + 0.2 * smooth_noise(rng, 5)
    for _ in range(80):
        x, y = rng.uniform(10, WIDTH_PX - 10), rng.uniform(10, HEIGHT_PX - 10)
        if all(np.hypot(x - a, y - b) > radius + 14 for a, b, radius in taken):
            taken.append((x, y, 110.0))
            window = around((x, y), 20)
            platelet = soften(draw_blob(rng, (x, y), rng.uniform(6, 9), (0.8, 0.08), window), 2.4)
            density[window] += 0.6 * (platelet * grain[window])[..., None] * LILAC


def around(centre: tuple[float, float], reach: int) -> Window:
    """Return the part of the field within ``reach`` pixels of a point."""
    x, y = int(centre[0]), int(centre[1])
    return (
        slice(min(max(0, y - reach), HEIGHT_PX), min(max(0, y + reach), HEIGHT_PX)),
        slice(min(max(0, x - reach), WIDTH_PX), min(max(0, x + reach), WIDTH_PX)),
    )


def draw_blob(
    rng: np.random.Generator,
    centre: tuple[float, float],
    radius: float,
    shape: tuple[float, float],
    window: Window = _WHOLE,
) -> Field:
    """Return the signed distance in pixels to a wobbly ellipse, below zero inside.

    ``shape`` is (short axis / long axis, size of the wobble as a share of the radius).
    """
    stretch, ripple = shape
    ys, xs = np.mgrid[window].astype(float) - np.array(centre[::-1])[:, None, None]
    turn = rng.uniform(0, np.pi)
    across = xs * np.cos(turn) + ys * np.sin(turn)
    along = (ys * np.cos(turn) - xs * np.sin(turn)) / stretch
    angle = np.arctan2(along, across)
    wobble = sum(
        rng.normal(0, ripple / (k - 1)) * np.cos(k * angle + rng.uniform(0, 6.3)) for k in (2, 3, 5)
    )
    edge: Field = np.hypot(across, along) - radius * (1.0 + wobble)
    return edge


def soften(edge: Field, blur_px: float) -> Field:
    """Return how much of each pixel lies inside: 1 within, 0 without, eased across the edge."""
    t = np.clip(0.5 - edge / (2.0 * blur_px), 0.0, 1.0)
    smooth: Field = t * t * (3.0 - 2.0 * t)
    return smooth


def smooth_noise(rng: np.random.Generator, grain_px: int, shape: Shape = _SHAPE) -> Field:
    """Return smooth noise of about unit spread whose features are ``grain_px`` wide."""
    height, width = shape
    small = rng.normal(0, 1, (height // grain_px + 3, width // grain_px + 3))
    image = Image.fromarray(small.astype(np.float32))
    return np.asarray(image.resize((width, height), Image.Resampling.BICUBIC), dtype=float)


def _vignette(shape: Shape) -> Field:
    height, width = shape
    ys, xs = np.mgrid[:height, :width]
    off = ((xs / width - 0.5) ** 2 + (ys / height - 0.5) ** 2) * 2
    fall: Field = 1.0 - 0.12 * off
    return fall
