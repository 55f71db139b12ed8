"""Single white cells of any set, set onto fields: any cell, on any ground, at any size.

Absorbance is kept: what a cell lets through of its own light it lets through of the field's (Beer
and Lambert), so that a cut-out takes on the field's lamp.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from hemavision.datasets.samples import Sample, open_sample
from hemavision.images.stain import BLACK, background_of, brightest
from hemavision.reading.finding import locate_cell
from hemavision.reading.finding.stain import BOX_RADII
from hemavision.reading.finding.tiles import overlap
from hemavision.training.detector.opened import OpenField

#: Of sets that come with masks of the cell: where a sample's lies.
MASKS = {"jtsc": "masks/{}.png", "bcisc": "masks/{}.png"}
#: Without one, a cell reaches so many radii of its nucleus.
CELL_RADII = 1.7
#: Side of a white cell, in a red one's; cells a field at the most; a field's red cells where it has
#: none, in pixels of the network's input.
SIZES, CELLS, RED_PX = (1.15, 2.3), 3, 50.0
#: A box that the new cell covers so far is gone; a white one may be touched by no more than this.
GONE, TOUCHED = 0.5, 0.05


@dataclass(frozen=True)
class Cutout:
    """One white cell.

    Attributes:
        passed: float32 S×S×3, the share of the light that passes, about 0 to 1.
        cover: float32 S×S, how far the cell covers what is under it, 0 to 1.
        side: of the cell's box, whose middle is the cut-out's, in pixels.
        shape: width and height of the box, in sides.
        exact: whether they are known by a mask.
    """

    passed: np.ndarray
    cover: np.ndarray
    side: float
    shape: tuple[float, float]
    exact: bool


def cut_out(sample: Sample) -> Cutout | None:
    """Cut the white cell out of a picture of one; ``None`` where nothing is stained.

    Raises:
        ImageError: it cannot be read.
    """
    rgb = open_sample(sample)
    real = brightest(rgb) > BLACK
    if not real.any():
        return None
    passed = rgb / background_of(rgb, real)
    if sample.source in MASKS:
        return _by_mask(passed, _mask(sample, rgb.shape[:2]))
    box = locate_cell(rgb)
    radius = CELL_RADII * (box.right - box.left) / BOX_RADII
    x, y = (box.left + box.right) / 2, (box.top + box.bottom) / 2
    height, width = rgb.shape[:2]
    far = np.hypot(np.arange(height)[:, None] - y, np.arange(width) - x)
    cover = np.clip((radius - far) / (0.15 * radius) + 0.5, 0.0, 1.0)
    return Cutout(*_squared(passed, cover, x, y, radius), 2 * radius, (1.0, 1.0), False)


def _mask(sample: Sample, shape: tuple[int, int]) -> np.ndarray:
    root: Path = sample.path.parent.parent
    with Image.open(root / MASKS[sample.source].format(sample.path.stem)) as image:
        grey = image.convert("L").resize((shape[1], shape[0]), Image.Resampling.NEAREST)
    return np.asarray(grey) > 0


def _by_mask(passed: np.ndarray, mask: np.ndarray) -> Cutout | None:
    if not mask.any():
        return None
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    high, wide = rows[-1] + 1 - rows[0], columns[-1] + 1 - columns[0]
    side = float(max(high, wide))
    soft = Image.fromarray(mask.astype(np.uint8) * 255).filter(ImageFilter.GaussianBlur(side / 60))
    x, y = (columns[0] + columns[-1] + 1) / 2, (rows[0] + rows[-1] + 1) / 2
    cover = np.asarray(soft, np.float32) / 255
    return Cutout(*_squared(passed, cover, x, y, side / 2), side, (wide / side, high / side), True)


def _squared(
    passed: np.ndarray, cover: np.ndarray, x: float, y: float, radius: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the square around (x, y); nothing covers what lies outside the picture."""
    half = int(np.ceil(radius * 1.15)) + 1
    wide = ((half, half), (half, half))
    around = np.pad(passed, (*wide, (0, 0)), constant_values=1.0)
    over = np.pad(cover, wide)
    rows = slice(round(y), round(y) + 2 * half)
    columns = slice(round(x), round(x) + 2 * half)
    return around[rows, columns].astype(np.float32), over[rows, columns].astype(np.float32)


def compose(field: OpenField, cutouts: list[Cutout], rng: np.random.Generator) -> OpenField:
    """Return a field with one or a few further white cells on it."""
    reds = field.boxes[field.kinds == 1]
    sides = np.sqrt((reds[:, 2:] - reds[:, :2]).prod(axis=1))
    red = float(np.median(sides)) if len(sides) else RED_PX / field.home
    real = brightest(field.rgb) > BLACK
    light = background_of(field.rgb, real) if real.any() else np.full(3, 235.0, np.float32)
    for _ in range(int(rng.integers(1, CELLS + 1))):
        cutout = cutouts[rng.integers(len(cutouts))]
        field = _with_cell(field, cutout, red * rng.uniform(*SIZES), light, rng)
    return field


def _with_cell(
    field: OpenField, cutout: Cutout, side: float, light: np.ndarray, rng: np.random.Generator
) -> OpenField:
    height, width = field.rgb.shape[:2]
    x, y = rng.uniform(0, width), rng.uniform(0, height)
    turns, mirrored = int(rng.integers(4)), rng.random() < 0.5
    wide, high = cutout.shape if turns % 2 == 0 else cutout.shape[::-1]
    half = np.array([wide, high, wide, high]) * side / 2 * [-1, -1, 1, 1]
    box = (np.array([x, y, x, y]) + half).astype(np.float32)
    limits = np.array([width, height, width, height], np.float32)
    box = np.clip(box, 0, limits)
    white = field.boxes[field.kinds == 0]
    if len(white) and float(overlap(box, white).max()) > TOUCHED:
        return field
    size = max(4, round(len(cutout.cover) * side / cutout.side))
    passed, cover = _sized(cutout.passed, size), _sized(cutout.cover, size)
    passed, cover = np.rot90(passed, turns), np.rot90(cover, turns)
    if mirrored:
        passed, cover = passed[:, ::-1], cover[:, ::-1]
    left, top = round(x - size / 2), round(y - size / 2)
    rows = slice(max(top, 0), min(top + size, height))
    columns = slice(max(left, 0), min(left + size, width))
    own = (
        slice(rows.start - top, rows.stop - top),
        slice(columns.start - left, columns.stop - left),
    )
    rgb = field.rgb.copy()
    share = cover[own][..., None]
    seen = np.clip(passed[own] * light, 0, 255) * share + rgb[rows, columns] * (1 - share)
    rgb[rows, columns] = seen.astype(np.uint8)
    kept = _uncovered(field.boxes, box) | (field.kinds == 0)
    return replace(
        field,
        rgb=rgb,
        boxes=np.concatenate([field.boxes[kept], box[None]]),
        kinds=np.append(field.kinds[kept], 0),
        exact=np.append(field.exact[kept], cutout.exact),
    )


def _sized(values: np.ndarray, size: int) -> np.ndarray:
    """Return float S×S or S×S×3 at another size."""
    planes = values[..., None] if values.ndim == 2 else values
    resized = [
        np.asarray(Image.fromarray(plane).resize((size, size), Image.Resampling.BILINEAR))
        for plane in np.moveaxis(planes, -1, 0)
    ]
    return resized[0] if values.ndim == 2 else np.stack(resized, axis=-1)


def _uncovered(boxes: np.ndarray, cell: np.ndarray) -> np.ndarray:
    """Return which boxes a new cell leaves to be seen."""
    low, high = np.maximum(boxes[:, :2], cell[:2]), np.minimum(boxes[:, 2:], cell[2:])
    shared = np.maximum(high - low, 0.0).prod(axis=1)
    areas = np.maximum((boxes[:, 2:] - boxes[:, :2]).prod(axis=1), 1e-6)
    kept: np.ndarray = shared / areas < GONE
    return kept
