"""What is no cell that the network could name, made of crops: nothing there deserves a sure answer.

Shown with even chances for all types as the answer (outlier exposure: Hendrycks et al. 2019), it
teaches the network doubt where a photograph was drawn, cut wrongly, or holds many cells.
"""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

#: Corners of the polygons, and how many shapes one picture has at most.
CORNERS, SHAPES = (3, 9), 4
#: The side of what is cut from beside the cell, in sides of the crop.
BESIDE = (0.15, 0.22)


def stranger_of(crop: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a picture without one whole white cell in its middle, in the colours of a crop.

    Args:
        crop: uint8 S×S×3, as cut by :mod:`hemavision.datasets.crops`.
        rng: where the randomness comes from.

    Returns:
        uint8 S×S×3: drawn shapes, the crop's tiles in disorder, what lies beside the cell, or the
        crop many times over, as in a field.
    """
    kinds = (_shapes, _shapes, _disorder, _beside, _many)
    return kinds[int(rng.integers(len(kinds)))](crop, rng)


def _shapes(crop: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Discs, polygons and strokes on an even ground, more or less blurred."""
    side = len(crop)
    pixels = crop.reshape(-1, 3)
    ground = np.quantile(pixels, 0.9, axis=0) if rng.random() < 0.7 else rng.uniform(90, 256, 3)
    image = Image.new("RGB", (side, side), _colour(ground))
    draw = ImageDraw.Draw(image)
    for _ in range(int(rng.integers(1, SHAPES + 1))):
        ink = pixels[rng.integers(len(pixels))] if rng.random() < 0.3 else rng.uniform(0, 220, 3)
        middle = rng.uniform(0.35, 0.65, 2) * side
        reach = rng.uniform(0.05, 0.33) * side
        _draw_shape(draw, middle, reach, _colour(ink), rng)
    if rng.random() < 0.7:
        image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.5, 4.0)))
    noise = rng.normal(0.0, rng.uniform(0.0, 9.0), crop.shape)
    return np.clip(np.asarray(image) + noise, 0, 255).astype(np.uint8)


def _draw_shape(
    draw: ImageDraw.ImageDraw,
    middle: np.ndarray,
    reach: float,
    ink: tuple[int, int, int],
    rng: np.random.Generator,
) -> None:
    corners = int(rng.integers(*CORNERS))
    kind = int(rng.integers(4))
    if kind == 0:
        wide, high = reach * rng.uniform(0.5, 1.0, 2)
        x, y = middle
        draw.ellipse((x - wide, y - high, x + wide, y + high), fill=ink)
        return
    angles = np.sort(rng.uniform(0, 2 * np.pi, corners))
    lengths = reach * (np.ones(corners) if kind == 1 else rng.uniform(0.3, 1.0, corners))
    places = middle + lengths[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    points = [(float(x), float(y)) for x, y in places]
    if kind == 3:
        draw.line(points, fill=ink, width=int(rng.integers(2, 16)), joint="curve")
    else:
        draw.polygon(points, fill=ink)


def _colour(values: np.ndarray) -> tuple[int, int, int]:
    red, green, blue = (int(value) for value in np.clip(values, 0, 255))
    return red, green, blue


def _disorder(crop: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The tiles of a crop, each turned, in another order."""
    tiles = int(rng.integers(3, 7))
    side = len(crop) // tiles
    order = rng.permutation(tiles * tiles)
    mixed = crop.copy()
    for place, tile in enumerate(order):
        down, across = divmod(int(tile), tiles)
        part = crop[down * side : (down + 1) * side, across * side : (across + 1) * side]
        down, across = divmod(place, tiles)
        goal = mixed[down * side : (down + 1) * side, across * side : (across + 1) * side]
        goal[:] = np.rot90(part, int(rng.integers(4)))
    return mixed


def _beside(crop: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """What lies in a corner of the crop, outside the cell's box, as large as the crop."""
    side = int(rng.uniform(*BESIDE) * len(crop))
    part = np.rot90(crop, int(rng.integers(4)))[:side, :side]
    size = (len(crop), len(crop))
    return np.asarray(Image.fromarray(part).resize(size, Image.Resampling.BILINEAR))


def _many(crop: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The crop many times, mirrored at its edges: a field of several cells."""
    times = int(rng.integers(3, 6))
    side = -(-len(crop) // times)
    small = np.asarray(Image.fromarray(crop).resize((side, side), Image.Resampling.BILINEAR))
    pair = np.concatenate([small, small[:, ::-1]], axis=1)
    four = np.concatenate([pair, pair[::-1]])
    field = np.tile(four, (times, times, 1))
    top, left = rng.integers(side, size=2)
    return np.ascontiguousarray(field[top : top + len(crop), left : left + len(crop)])
