"""Synthetic smears: fields drawn by this module, for a page that can be tried without a photograph.

Light passes through stain by the law of Beer and Lambert, so each thing in the field only
adds optical density, and overlaps darken as they do under a microscope. Everything comes
from a seed. They are drawings: good for trying the page, useless for measuring a model.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image, PngImagePlugin

from hemavision.records.cells import FOUR_TYPES

WIDTH_PX, HEIGHT_PX = 640, 480
#: Every sample's name starts so, in the page, in its address and in a saved file.
PREFIX = "synthetic-"
SAMPLE_NAMES = tuple(PREFIX + cell_type for cell_type in FOUR_TYPES)

#: The empty field under the lamp, RGB 0 to 255.
_LAMP = np.array([219.0, 216.0, 206.0])
#: Empty fields of other microscopes: white, PBC's cream, BCCD's bluish grey, JTSC's yellow.
BLANK_LIGHTS = ((240, 240, 240), (254, 230, 205), (200, 205, 215), (235, 225, 120))
#: Optical densities of full stain, RGB.
_RED_CELL = np.array([0.055, 0.185, 0.165])
_NUCLEUS = np.array([0.44, 0.66, 0.09])
_AZURE = np.array([0.26, 0.19, 0.02])
_PINK = np.array([0.09, 0.17, 0.035])
_EOSIN = np.array([0.05, 0.40, 0.24])
LILAC = np.array([0.26, 0.46, 0.06])

Field = np.ndarray
Window = tuple[slice, slice]
Shape = tuple[int, int]
_SHAPE: Shape = (HEIGHT_PX, WIDTH_PX)
_WHOLE: Window = (slice(0, HEIGHT_PX), slice(0, WIDTH_PX))


@dataclass(frozen=True)
class Look:
    """How one type of white cell is drawn, lengths in pixels.

    Attributes:
        seed: of everything random in its field.
        centre: of the cell, (x, y).
        radius: of the cell.
        lobes: of the nucleus, each (x, y, radius) from the cell's centre in cell radii.
        bridge: how far neighbouring lobes melt into each other, in cell radii.
        cytoplasm: optical density, RGB.
        granules: how many.
        granule: optical density, RGB.
        granule_px: radius.
        vacuoles: how many.
    """

    seed: int
    centre: tuple[float, float]
    radius: float
    lobes: tuple[tuple[float, float, float], ...]
    bridge: float
    cytoplasm: np.ndarray
    granules: int
    granule: np.ndarray
    granule_px: float
    vacuoles: int = 0


LOOKS = {
    "eosinophil": Look(
        seed=11,
        centre=(338, 236),
        radius=82,
        lobes=((-0.44, -0.24, 0.39), (0.34, -0.40, 0.40), (-0.06, -0.46, 0.16)),
        bridge=0.10,
        cytoplasm=_PINK * 0.8,
        granules=420,
        granule=_EOSIN,
        granule_px=4.6,
    ),
    "lymphocyte": Look(
        seed=23,
        centre=(305, 250),
        radius=62,
        lobes=((-0.06, 0.03, 0.80), (0.10, -0.08, 0.72)),
        bridge=0.10,
        cytoplasm=_AZURE * 0.9,
        granules=0,
        granule=LILAC,
        granule_px=1.0,
    ),
    "monocyte": Look(
        seed=37,
        centre=(330, 246),
        radius=100,
        lobes=((-0.30, -0.40, 0.38), (-0.46, 0.02, 0.38), (-0.22, 0.42, 0.38), (0.12, -0.50, 0.30)),
        bridge=0.14,
        cytoplasm=_AZURE * 0.62 + _PINK * 0.2,
        granules=260,
        granule=LILAC * 0.25,
        granule_px=1.7,
        vacuoles=9,
    ),
    "neutrophil": Look(
        seed=53,
        centre=(318, 232),
        radius=86,
        lobes=((-0.47, -0.06, 0.29), (-0.12, -0.42, 0.29), (0.36, -0.24, 0.28), (0.30, 0.30, 0.30)),
        bridge=0.09,
        cytoplasm=_PINK * 0.75,
        granules=620,
        granule=LILAC * 0.42,
        granule_px=1.8,
    ),
}


def sample_cell_type(name: str) -> str:
    """Return the cell type that a sample shows (``"synthetic-monocyte"`` → ``"monocyte"``).

    Raises:
        KeyError: there is no such sample.
    """
    if name not in SAMPLE_NAMES:
        raise KeyError(f"No sample {name!r}; there are {', '.join(SAMPLE_NAMES)}.")
    return name.removeprefix(PREFIX)


@lru_cache(maxsize=len(SAMPLE_NAMES))
def sample_png(name: str) -> bytes:
    """Return a sample as a PNG file, whose metadata say that it is synthetic.

    Raises:
        KeyError: there is no such sample.
    """
    rgb = draw_field(sample_cell_type(name))
    about = PngImagePlugin.PngInfo()
    about.add_text("Title", name)
    about.add_text("Description", "SYNTHETIC: drawn by HemaVision, not a photograph of a patient.")
    stream = io.BytesIO()
    Image.fromarray(rgb).save(stream, "PNG", pnginfo=about)
    return stream.getvalue()


def draw_field(cell_type: str) -> np.ndarray:
    """Draw a stained field with one white cell among red cells.

    Args:
        cell_type: one of :data:`hemavision.records.cells.FOUR_TYPES`.

    Returns:
        uint8 480×640×3, RGB; the same for every call.

    Raises:
        KeyError: there is no such type.
    """
    return draw_look(LOOKS[cell_type])


def draw_look(look: Look) -> np.ndarray:
    """Draw a stained field with one white cell that looks so among red cells.

    Returns:
        uint8 480×640×3, RGB; the same for the same look.
    """
    rng = np.random.default_rng(look.seed)
    density = np.zeros((HEIGHT_PX, WIDTH_PX, 3))
    red_cells = _place_red_cells(look, rng)
    for centre in red_cells:
        add_red_cell(density, centre, rng)
    _add_platelets(density, [(*c, 46.0) for c in red_cells] + [(*look.centre, look.radius)], rng)
    add_white_cell(density, look, rng)
    return put_under_light(density, rng)


def draw_red_cells(seed: int) -> np.ndarray:
    """Draw a field of red cells and platelets with no white cell in it.

    Returns:
        uint8 480×640×3, RGB; the same for every call.
    """
    nowhere = Look(seed, (-1e4, -1e4), 0.0, (), 0.1, _PINK, 0, _PINK, 1.0)
    rng = np.random.default_rng(seed)
    density = np.zeros((HEIGHT_PX, WIDTH_PX, 3))
    red_cells = _place_red_cells(nowhere, rng)
    for centre in red_cells:
        add_red_cell(density, centre, rng)
    _add_platelets(density, [(*c, 46.0) for c in red_cells], rng)
    return put_under_light(density, rng)


def put_under_light(density: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return what the camera sees of an optical density H×W×3: uint8 RGB."""
    shape = density.shape[:2]
    uneven = 1.0 + 0.02 * smooth_noise(rng, 120, shape)[..., None]
    light = _LAMP * uneven * _vignette(shape)[..., None]
    picture = light * 10.0**-density + rng.normal(0.0, 1.0, density.shape[:2])[..., None]
    rgb: np.ndarray = np.clip(picture + 0.5, 0, 255).astype(np.uint8)
    return rgb


def _place_red_cells(look: Look, rng: np.random.Generator) -> list[tuple[float, float]]:
    """Return the red cells' centres: clear of the white cell, a few pairs overlapping."""
    placed: list[tuple[float, float]] = []
    for _ in range(700):
        x, y = rng.uniform(-40, WIDTH_PX + 40), rng.uniform(-40, HEIGHT_PX + 40)
        clear = np.hypot(x - look.centre[0], y - look.centre[1]) > look.radius + 40
        gap = 58.0 if rng.random() < 0.03 else 86.0
        if clear and all(np.hypot(x - a, y - b) > gap for a, b in placed):
            placed.append((x, y))
    return placed


def add_red_cell(
    density: np.ndarray, centre: tuple[float, float], rng: np.random.Generator
) -> None:
    """Add a red cell at (x, y) to an optical density 480×640×3."""
    window = _around(centre, 64)
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
            window = _around((x, y), 20)
            platelet = soften(draw_blob(rng, (x, y), rng.uniform(6, 9), (0.8, 0.08), window), 2.4)
            density[window] += 0.6 * (platelet * grain[window])[..., None] * LILAC


def add_white_cell(density: np.ndarray, look: Look, rng: np.random.Generator) -> None:
    """Add a white cell to an optical density 480×640×3."""
    edge = draw_blob(rng, look.centre, look.radius, (rng.uniform(0.93, 1.0), 0.025))
    inside = soften(edge, 2.4)
    nucleus = soften(_nucleus_edge(look, rng), 2.0) * inside
    # Chromatin: clumps of two sizes.
    chromatin = np.clip(0.9 + 0.13 * smooth_noise(rng, 13) + 0.06 * smooth_noise(rng, 5), 0.5, 1.3)
    body = (
        inside
        * (1.0 - nucleus)
        * (1.0 + 0.12 * smooth_noise(rng, 14) + 0.08 * smooth_noise(rng, 4))
    )
    membrane = 0.35 * np.exp(-((edge / 3.0) ** 2))
    density += (body + membrane * inside)[..., None] * look.cytoplasm
    density += (_granules(look, edge, rng) * (1.0 - 0.9 * nucleus))[..., None] * look.granule
    for _ in range(look.vacuoles):
        _clear_vacuole(density, look, body, rng)
    density += (nucleus * chromatin)[..., None] * _NUCLEUS


def _nucleus_edge(look: Look, rng: np.random.Generator) -> Field:
    """Return the signed distance to the nucleus: its lobes, melted together."""
    (x, y), r = look.centre, look.radius
    melt = look.bridge * r
    lobes = [
        draw_blob(rng, (x + dx * r, y + dy * r), size * r, (0.92, 0.04))
        for dx, dy, size in look.lobes
    ]
    total = sum(np.exp(-np.clip(lobe / melt, -12, 12)) for lobe in lobes)
    # The smooth union swells the shape; the offset takes that back.
    edge: Field = -melt * np.log(total) + 0.35 * melt
    return edge


def _granules(look: Look, edge: Field, rng: np.random.Generator) -> Field:
    """Return the density of granules: small soft discs spread evenly inside the cell."""
    total = np.zeros(edge.shape)
    reach = int(np.ceil(look.granule_px * 2.5))
    ys, xs = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    for _ in range(look.granules):
        angle, far = rng.uniform(0, 2 * np.pi), look.radius * np.sqrt(rng.random()) * 0.97
        x = int(look.centre[0] + far * np.cos(angle))
        y = int(look.centre[1] + far * np.sin(angle))
        if edge[y, x] < -look.granule_px:
            size = look.granule_px * rng.uniform(0.75, 1.15)
            spot = np.clip((size - np.hypot(xs, ys)) / 2.2 + 0.5, 0, 1) * rng.uniform(0.4, 1.0)
            window = np.s_[y - reach : y + reach + 1, x - reach : x + reach + 1]
            total[window] = np.maximum(total[window], spot)
    return total


def _clear_vacuole(density: np.ndarray, look: Look, body: Field, rng: np.random.Generator) -> None:
    angle, far = rng.uniform(-1.2, 1.5), look.radius * rng.uniform(0.3, 0.85)
    centre = (look.centre[0] + far * np.cos(angle), look.centre[1] + far * np.sin(angle))
    window = _around(centre, 16)
    hole = soften(draw_blob(rng, centre, rng.uniform(3, 6), (0.9, 0.05), window), 2.4)
    density[window] *= 1.0 - 0.6 * (hole * np.clip(body[window], 0, 1))[..., None]


def _around(centre: tuple[float, float], reach: int) -> Window:
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
