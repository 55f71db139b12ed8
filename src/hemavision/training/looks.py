"""A cell in another laboratory's light and stain.

What a random camera gives is seldom what any laboratory does. The other cells of a batch show what
some do: their background is the light, and their darkest pixels say how strongly nuclei are stained
in each channel.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

#: Of a crop's middle, the quantile of a channel that is its background.
BRIGHT = 0.85
#: What absorbs more than this share of the pixels is nucleus.
DARK = 0.9
#: Fewer coloured pixels say nothing about a laboratory.
FEWEST = 200
#: A channel's absorbance is taken no nearer to none, and is multiplied by no less and no more.
LEAST_ABSORBED, TIMES = 0.05, (0.4, 2.5)


class Look(NamedTuple):
    """A laboratory's, by channel (float 3): light through nothing, and what nuclei absorb of it."""

    light: np.ndarray
    nuclei: np.ndarray


def in_the_look_of(other: np.ndarray, crop: np.ndarray) -> np.ndarray:
    """Return a crop as the laboratory of another one might have given it.

    Absorbance is where stain adds up (Beer and Lambert): each channel's is multiplied so that both
    crops' nuclei absorb as much, and seen by the other's light.

    Args:
        other: uint8 S×S×3, as cut by :mod:`hemavision.datasets.crops`.
        crop: likewise.

    Returns:
        uint8 S×S×3; ``crop`` as it is where either of them shows too little.
    """
    own, theirs = _look(crop), _look(other)
    if own is None or theirs is None:
        return crop
    times = np.clip(theirs.nuclei / np.maximum(own.nuclei, LEAST_ABSORBED), *TIMES)
    values = np.maximum(np.arange(256.0)[:, None], 2.0)
    curves = theirs.light * np.exp(times * np.log(values / own.light))
    curves = np.rint(np.clip(curves, 0.0, 255.0)).astype(np.uint8)
    return np.stack([curves[crop[..., c], c] for c in range(3)], axis=-1)


def light_of(crop: np.ndarray) -> np.ndarray | None:
    """Return the colour of a crop's background, float 3; ``None`` where it shows too little."""
    return _background(_coloured(crop))


def _background(seen: np.ndarray) -> np.ndarray | None:
    if len(seen) < FEWEST:
        return None
    light: np.ndarray = np.maximum(np.quantile(seen, BRIGHT, axis=0), 1.0)
    return light


def _coloured(crop: np.ndarray) -> np.ndarray:
    """Return some pixels of a crop's middle; what is grey or black was filled in."""
    margin = len(crop) // 5
    pixels = crop[margin:-margin:3, margin:-margin:3].reshape(-1, 3)
    seen: np.ndarray = pixels[np.ptp(pixels, axis=1) > 0]
    return seen


def _look(crop: np.ndarray) -> Look | None:
    seen = _coloured(crop)
    light = _background(seen)
    if light is None:
        return None
    absorbed = -np.log(np.maximum(seen, 3) / light)
    whole = absorbed.sum(axis=1)
    return Look(light, absorbed[whole >= np.quantile(whole, DARK)].mean(axis=0))
