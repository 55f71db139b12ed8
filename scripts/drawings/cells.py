"""Fields with one white cell, drawn: the page's samples, and what tests and documents show.

Everything comes from a seed. They are drawings: good for trying the page, useless for measuring a
model. The brushes are those of :mod:`hemavision.evaluation.red_cells`.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image, PngImagePlugin

from hemavision.evaluation.red_cells import (
    HEIGHT_PX,
    LILAC,
    WIDTH_PX,
    Field,
    around,
    draw_blob,
    fill_field,
    put_under_light,
    smooth_noise,
    soften,
)
from hemavision.web.pages import CELL_SAMPLES

#: The page's fields of one cell.
SAMPLE_NAMES = tuple(CELL_SAMPLES)

#: Optical densities of full stain, RGB.
_NUCLEUS = np.array([0.44, 0.66, 0.09])
_AZURE = np.array([0.26, 0.19, 0.02])
_PINK = np.array([0.09, 0.17, 0.035])
_EOSIN = np.array([0.05, 0.40, 0.24])


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
    return CELL_SAMPLES[name]


@lru_cache(maxsize=len(SAMPLE_NAMES))
def sample_png(name: str) -> bytes:
    """Return a sample as a PNG file, whose metadata say that it is synthetic.

    Raises:
        KeyError: there is no such sample.
    """
    return as_png(draw_field(sample_cell_type(name)), name)


def as_png(rgb: np.ndarray, name: str) -> bytes:
    """Return a drawing (uint8 H×W×3, RGB) as a PNG file whose metadata say that it is one."""
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
    fill_field(density, look.centre, look.radius, rng)
    add_white_cell(density, look, rng)
    return put_under_light(density, rng)


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
    window = around(centre, 16)
    hole = soften(draw_blob(rng, centre, rng.uniform(3, 6), (0.9, 0.05), window), 2.4)
    density[window] *= 1.0 - 0.6 * (hole * np.clip(body[window], 0, 1))[..., None]
