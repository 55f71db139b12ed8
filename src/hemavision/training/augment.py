"""Random views of a crop: position, zoom, turns and flips, light and stain strength.

A smear has no up, so all flips and turns are real views. The hue is nearly kept: granule colour
is what tells an eosinophil from a neutrophil.
"""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageFilter

from hemavision.datasets.crops import CROP_PX, MARGIN
from hemavision.images.stain import BACKGROUND, look_up
from hemavision.training.cameras import LUMA, another_camera

#: What each of a channel's 256 values absorbs (natural logarithm) against the background: 256×3.
ABSORBANCE = -np.log(np.maximum(np.arange(256.0)[:, None], 3.0) / BACKGROUND)
#: Share of the views that are turned by any angle: the others keep their pixels' sharpness.
TURNED = 0.5
#: Most that a view is nearer or farther than the located box, as a logarithm.
ZOOM, WIDE_ZOOM = 0.22, 0.34
#: How strongly another laboratory stains, as a logarithm: pale ones are commoner than deep ones.
STRENGTH = (-0.8, 0.35)
#: The light of its lamp through nothing, of PBC's, by channel: blue and yellow ones are known.
LAMP = (0.65, 1.06)
#: A coarse view has so many pixels, in its sides: a white cell of 14 to 36 of them at 128 px.
COARSE = (0.2, 0.5)
#: How much of a stain's absorbance in one channel may be seen in another.
CROSSING = 0.18


def plain_view(crop: np.ndarray, size_px: int, sides: float = 1.0) -> np.ndarray:
    """Return the view that serving has: so many sides of the box. uint8 ``size_px``-sided."""
    side = sides * CROP_PX / MARGIN
    return _view(crop, (CROP_PX - side) / 2, (CROP_PX - side) / 2, side, size_px)


def random_view(
    crop: np.ndarray,
    size_px: int,
    rng: np.random.Generator,
    zoom: float = ZOOM,
    sides: float = 1.0,
) -> np.ndarray:
    """Return a crop from a random position, at a random zoom and angle, mirrored or not.

    Args:
        crop: uint8 CROP_PX×CROP_PX×3, as cut by :mod:`hemavision.datasets.crops`.
        size_px: side of the view in pixels.
        rng: where the randomness comes from.
        zoom: the most, as a logarithm.
        sides: of the located box, that the view has in the mean; no wider than the crop.

    Returns:
        uint8 ``size_px``×``size_px``×3.
    """
    side = min(sides * CROP_PX / MARGIN * np.exp(rng.uniform(-zoom, zoom)), CROP_PX)
    slack = CROP_PX - side
    wander = min(slack / 2, 0.10 * side)
    left, top = slack / 2 + rng.uniform(-wander, wander, 2)
    if rng.random() < TURNED:
        view = _turned(crop, (left + side / 2, top + side / 2), side, size_px, rng.uniform(0, 360))
    else:
        view = np.rot90(_view(crop, left, top, side, size_px), int(rng.integers(4)))
    if rng.random() < 0.5:
        view = view[:, ::-1]
    return view


def random_light(view: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a view (uint8 S×S×3) in another light and stain, sometimes with a blank edge.

    Returns:
        float32 S×S×3, 0 to 255.
    """
    return cut_edge(recoloured(view, rng), rng)


def another_laboratory(view: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a view (uint8 S×S×3) as another camera and another stain might have given it.

    Stain varies in absorbance, where it adds up (Beer and Lambert): strength, hue and contrast.
    One view in ten takes a single random tint, so that shape must carry the answer; three in ten
    keep their laboratory's colours and vary as :func:`random_light` does. How sharp it is varies in
    most.

    Returns:
        float32 S×S×3, 0 to 255.
    """
    view = refocused(view, rng)
    if rng.random() < 0.3:
        return recoloured(view, rng)
    return another_camera(restained(view, rng), rng)


def restained(view: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a view (uint8 S×S×3) in another stain and light, every pixel in its place.

    Returns:
        float32 S×S×3, 0 to 255.
    """
    contrast = np.exp(rng.uniform(-0.2, 0.2))
    # As a curve a channel: logarithm and power of every pixel are slow.
    curves = np.sign(ABSORBANCE) * np.abs(ABSORBANCE) ** contrast
    absorbance = look_up(view, curves)
    mixing = np.eye(3) + rng.uniform(-CROSSING, CROSSING, (3, 3))
    mixing *= np.exp(rng.uniform(*STRENGTH) + rng.uniform(-0.5, 0.5, (3, 1)))
    if rng.random() < 0.25:
        # Each channel's stain, the mean of all, in one random tint.
        mixing = np.outer(np.full(3, 1 / 3), rng.uniform(0.3, 1.8, 3) @ mixing)
    light = BACKGROUND * rng.uniform(*LAMP, 3).astype(np.float32)
    seen = light * np.exp(absorbance @ -mixing.astype(np.float32))
    if rng.random() < 0.4:
        shape = (*view.shape[:2], int(rng.choice([1, 3])))
        noise = rng.standard_normal(shape, np.float32)
        seen += np.float32(rng.uniform(1.0, 9.0)) * noise
    clipped: np.ndarray = np.clip(seen, 0.0, 255.0)
    return clipped


def _turned(
    crop: np.ndarray, centre: tuple[float, float], side: float, size_px: int, degrees: float
) -> np.ndarray:
    """Return the square of that centre and side, turned; the crop's corner fills what it lacks."""
    image, coarser = Image.fromarray(crop), max(1, int(side / size_px))
    if coarser > 1:
        image = image.reduce(coarser)
    # A pixel of the view, from its middle, is so many of the image's.
    step = side / coarser / size_px
    across, down = step * np.cos(np.radians(degrees)), step * np.sin(np.radians(degrees))
    x = centre[0] / coarser - (across + down) * size_px / 2
    y = centre[1] / coarser - (across - down) * size_px / 2
    matrix = (across, down, x, -down, across, y)
    fill = (int(crop[0, 0, 0]), int(crop[0, 0, 1]), int(crop[0, 0, 2]))
    turned = image.transform(
        (size_px, size_px),
        Image.Transform.AFFINE,
        matrix,
        Image.Resampling.BILINEAR,
        fillcolor=fill,
    )
    return np.asarray(turned)


def refocused(view: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a view (uint8 S×S×3) as it is, out of focus, by a coarser or by a sharper camera.

    How fine the grain is says which camera took it, not which cell it shows: a network that had
    never seen so sharp a laboratory as PBC took its lymphocytes for basophils
    (docs/decisions/0010-eye.md).
    """
    how, image, side = rng.random(), Image.fromarray(view), view.shape[0]
    if how < 0.25:
        return view
    if how < 0.5:
        radius = rng.uniform(0.2, 2.2) * side / 96
        return np.asarray(image.filter(ImageFilter.GaussianBlur(radius)))
    if how < 0.65:
        return _drawn_with(image, max(24, int(side * rng.uniform(0.4, 0.9))))
    radius, percent = rng.uniform(0.5, 2.0) * side / 96, int(rng.uniform(50, 300))
    return np.asarray(image.filter(ImageFilter.UnsharpMask(radius, percent, threshold=0)))


def coarsened(view: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a view (uint8 S×S×3) of a cell that is small in its picture: :data:`COARSE`."""
    return _drawn_with(Image.fromarray(view), int(view.shape[0] * rng.uniform(*COARSE)))


def _drawn_with(image: Image.Image, pixels: int) -> np.ndarray:
    """Return a square image as so many pixels a side draw it, at its own size."""
    small = image.resize((pixels, pixels), Image.Resampling.BILINEAR)
    return np.asarray(small.resize(image.size, Image.Resampling.BILINEAR))


def _view(crop: np.ndarray, left: float, top: float, side: float, size_px: int) -> np.ndarray:
    box = (max(left, 0.0), max(top, 0.0), min(left + side, CROP_PX), min(top + side, CROP_PX))
    size = (size_px, size_px)
    return np.asarray(Image.fromarray(crop).resize(size, Image.Resampling.BILINEAR, box=box))


def recoloured(view: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Vary brightness, contrast, stain strength and, slightly, white balance.

    Args:
        view: uint8 S×S×3.
        rng: where the randomness comes from.

    Returns:
        float32 S×S×3, 0 to 255.
    """
    view = view.astype(np.float32)
    grey = (view @ LUMA)[..., None]
    view = grey + (view - grey) * np.float32(rng.uniform(0.75, 1.3))
    gain = rng.uniform(0.85, 1.15) * rng.uniform(0.96, 1.04, 3)
    centre = view.mean(axis=(0, 1))
    view = (view - centre) * np.float32(rng.uniform(0.8, 1.25)) + centre * gain.astype(np.float32)
    clipped: np.ndarray = np.clip(view, 0.0, 255.0)
    return clipped


def cut_edge(view: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Sometimes blank a strip of a view (S×S×3) at one edge, as at the rim of a field."""
    if rng.random() < 0.25:
        width = int(view.shape[0] * rng.uniform(0.05, 0.38))
        view = np.rot90(view, int(rng.integers(4))).copy()
        view[:width] = rng.choice([0.0, 128.0, 255.0])
    return view
