"""A cell among what surrounds another laboratory's.

Red cells and background tell a network which laboratory it sees, and with it which types to expect.
Where the same cell stands among anybody's, only the cell itself is left to tell its type.
"""

from __future__ import annotations

import numpy as np

from hemavision.training.looks import light_of

#: Radius of what stays of the crop, in its sides: the located cell, wherever it lies in its box.
REACH = (0.21, 0.30)
#: Over so many pixels, of a crop of :data:`hemavision.datasets.crops.CROP_PX`, it fades.
FADE_PX = 24
#: How often the cell is seen by the other's lamp, too.
RELIT = 0.7
#: The light of a crop that shows too little to tell.
PLAIN_LIGHT = (215.0, 215.0, 215.0)


def among_others(crop: np.ndarray, other: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a crop whose rim is another's.

    Args:
        crop: uint8 S×S×3, as cut by :mod:`hemavision.datasets.crops`.
        other: likewise, of whatever laboratory and type.
        rng: where the randomness comes from.

    Returns:
        uint8 S×S×3.
    """
    side = len(crop)
    places = np.arange(side, dtype=np.float32) - (side - 1) / 2
    distance = np.hypot(places[:, None], places)
    edge = rng.uniform(*REACH) * side + FADE_PX / 2
    own = np.clip((edge - distance) / FADE_PX, 0.0, 1.0)[..., None]
    around = np.rot90(other, int(rng.integers(4)))
    cell = crop.astype(np.float32)
    if rng.random() < RELIT:
        cell = np.minimum(cell * (_light(around) / _light(crop)), 255.0)
    seen: np.ndarray = np.rint(cell * own + around * (1.0 - own)).astype(np.uint8)
    return seen


def _light(crop: np.ndarray) -> np.ndarray:
    """Return the colour of a crop's background, float32 3."""
    light = light_of(crop)
    return np.asarray(PLAIN_LIGHT if light is None else light, np.float32)
