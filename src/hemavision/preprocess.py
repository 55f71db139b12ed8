"""The one way from an RGB image and a box to a network's input.

Training and serving both go through :func:`crop_and_resize`, so that a network never
sees at work what it did not see in training.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from hemavision.results import Box

#: Mid grey: what lies outside the image carries no stain.
FILL = (128, 128, 128)


@dataclass(frozen=True)
class PreprocessSpec:
    """How an image becomes a network's input.

    Attributes:
        size_px: side of the square input, in pixels.
        crop: ``"nucleus"`` cuts a square around the most strongly stained nucleus;
            ``"whole"`` takes the whole image.
    """

    size_px: int = 224
    crop: str = "nucleus"


def crop_and_resize(rgb: np.ndarray, box: Box, size_px: int) -> np.ndarray:
    """Cut ``box`` out of ``rgb`` and resize it to ``size_px`` × ``size_px``.

    Args:
        rgb: uint8, H×W×3, 0 to 255.
        box: in pixels of ``rgb``; may reach outside, which is filled with mid grey.
        size_px: side of the result in pixels.

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
    canvas = Image.new("RGB", (right - left, bottom - top), FILL)
    canvas.paste(image.crop(inside), (inside[0] - left, inside[1] - top))
    return np.asarray(canvas.resize((size_px, size_px), Image.Resampling.BILINEAR))
