"""What a view looks like through another camera: its curve, its lamp, its lens and its file.

Each of it happens to a share of the views. What a microscope's camera does to a smear was read off
the image sets at hand: bright ones clip the background to white, simple ones darken towards the
rim and tint what they see, and most keep JPEG.
"""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

#: The luma weights of ITU-R BT.601.
LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def another_camera(view: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a view (float32 S×S×3, 0 to 255) as another camera might have kept it: likewise."""
    if rng.random() < 0.35:
        view = _saturated(view, rng)
    if rng.random() < 0.35:
        view = 255.0 * (np.maximum(view, 0.0) / 255.0) ** np.float32(np.exp(rng.uniform(-0.4, 0.4)))
    if rng.random() < 0.25:
        view = view * _vignette(view.shape[0], rng)
    if rng.random() < 0.2:
        # Over-exposed: what is bright is white, whatever its colour was.
        view = view * np.float32(rng.uniform(1.05, 1.35))
    if rng.random() < 0.15:
        view = _fringed(view, rng)
    view = np.clip(view, 0.0, 255.0)
    return _as_jpeg(view, rng) if rng.random() < 0.25 else view


def _saturated(view: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    grey = (view @ LUMA)[..., None]
    changed: np.ndarray = grey + (view - grey) * np.float32(rng.uniform(0.4, 1.5))
    return changed


def _vignette(side: int, rng: np.random.Generator) -> np.ndarray:
    """Return how bright each place is where the lamp's middle may lie outside the view: S×S×1."""
    middle = rng.uniform(-0.5, 1.5, 2) * side
    places = np.arange(side, dtype=np.float32)
    reach = (places[:, None] - middle[0]) ** 2 + (places[None] - middle[1]) ** 2
    darkest = np.float32(rng.uniform(0.1, 0.55))
    dark: np.ndarray = 1.0 - darkest * (reach / reach.max())
    return dark[..., None].astype(np.float32)


def _fringed(view: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Move red and blue against green by a pixel or two, as a simple lens does."""
    moved = view.copy()
    for channel in (0, 2):
        down, right = rng.integers(-2, 3, 2)
        moved[..., channel] = np.roll(view[..., channel], (down, right), (0, 1))
    return moved


def _as_jpeg(view: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    kept = io.BytesIO()
    quality = int(rng.integers(25, 90))
    Image.fromarray(np.rint(view).astype(np.uint8)).save(kept, "JPEG", quality=quality)
    return np.asarray(Image.open(kept), np.float32)
