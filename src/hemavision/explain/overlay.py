"""Grad-CAM maps as colour over the original image, at its own resolution."""

from __future__ import annotations

import numpy as np
from PIL import Image

from hemavision.results import Box

OPACITY = 0.4


def normalise(heatmap: np.ndarray) -> np.ndarray:
    """Scale a map (float h×w, ≥ 0) to a maximum of 1; an all-zero map stays zero."""
    peak = float(heatmap.max(initial=0.0))
    if peak <= 0.0:
        return np.zeros_like(heatmap, dtype=np.float32)
    return (heatmap / peak).astype(np.float32)


def colour_map(values: np.ndarray) -> np.ndarray:
    """Colour values in [0, 1] by the jet scale: float H×W → uint8 H×W×3, blue to red."""
    index = np.clip(values * 255.0 + 0.5, 0, 255).astype(np.uint8)
    picture: np.ndarray = np.take(_JET, index, axis=0)  # four times as fast as _JET[index]
    return picture


def overlay(rgb: np.ndarray, heatmap: np.ndarray, box: Box, opacity: float = OPACITY) -> np.ndarray:
    """Blend a map over the image that it explains.

    Args:
        rgb: uint8 H×W×3, the original image.
        heatmap: float h×w, ≥ 0, over ``box``.
        box: where in ``rgb`` the model looked, in pixels; the rest counts as zero.
        opacity: share of the map, 0 (image alone) to 1 (map alone); the usual 40/60 by default.

    Returns:
        uint8 H×W×3.
    """
    spread = spread_over_image(normalise(heatmap), box, rgb.shape[1], rgb.shape[0])
    picture = Image.blend(
        Image.fromarray(rgb), Image.fromarray(colour_map(spread)), float(np.clip(opacity, 0, 1))
    )
    return np.asarray(picture)


def spread_over_image(heatmap: np.ndarray, box: Box, width: int, height: int) -> np.ndarray:
    """Return a map over ``box`` as one over the whole image: float32 height×width."""
    size = (box.right - box.left, box.bottom - box.top)
    scaled = Image.fromarray(heatmap.astype(np.float32)).resize(size, Image.Resampling.BILINEAR)
    canvas = Image.new("F", (width, height), 0.0)
    canvas.paste(scaled, (box.left, box.top))
    return np.asarray(canvas)


def _jet() -> np.ndarray:
    """The 256 colours of the jet scale, uint8 256×3: three clipped triangles."""
    x = np.linspace(0.0, 1.0, 256)[:, None]
    rgb = 1.5 - np.abs(4.0 * x - np.array([3.0, 2.0, 1.0]))
    table: np.ndarray = (np.clip(rgb, 0.0, 1.0) * 255 + 0.5).astype(np.uint8)
    return table


_JET = _jet()
