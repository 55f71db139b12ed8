"""Samples deeper than 8 bits → uint8, by one factor for all channels.

The factor comes from the camera's white level: the smallest of 255, 1023, 4095, 16383 and 65535
that nearly no sample exceeds. Nearly: one hot pixel, or a scale bar burnt in at 65535, says
nothing about a camera of 12 bits. Contrast is not stretched and hues stay as they are.
"""

from __future__ import annotations

import numpy as np

from hemavision.errors import ImageError

WHITE_LEVELS = (255, 1023, 4095, 16383, 65535)
#: Share of the samples that may exceed the white level: a scale bar with its words is smaller, and
#: the bright background of any smear is larger.
BEYOND_WHITE = 0.02
#: A picture is dark whose bright parts, the same share left out, lie below this.
DARK = 64
_STRIP = 256


def to_8_bit(samples: np.ndarray, notes: list[str]) -> np.ndarray:
    """Scale integers, or floats in [0, 1], to uint8.

    Args:
        samples: H×W or H×W×channels.
        notes: what was done is added to them.

    Raises:
        ImageError: other samples.
    """
    if samples.dtype == np.uint8:
        return samples
    if samples.dtype.kind not in "uif":
        raise ImageError(f"samples of type {samples.dtype}; give 8- or 16-bit integers.")
    low, high = float(samples.min()), float(samples.max())
    is_float = samples.dtype.kind == "f"
    if not (low >= 0 and high <= (1 if is_float else WHITE_LEVELS[-1])):  # NaN fails too
        wanted = "0 to 1" if is_float else "0 to 65535"
        raise ImageError(
            f"{samples.dtype} samples from {low:g} to {high:g} where {wanted} is read. "
            "Export it with 8 bits a channel."
        )
    white = 1 if is_float else _white_level(samples)
    beyond = "" if high <= white else ", the few beyond it cut off"
    notes.append(f"{samples.dtype} scaled to 8 bits from 0–{white}{beyond}")
    scaled = np.empty(samples.shape, np.uint8)
    for row in range(0, samples.shape[0], _STRIP):  # in strips: floats take four bytes a sample
        strip = samples[row : row + _STRIP].astype(np.float32)
        scaled[row : row + _STRIP] = np.clip(strip * (255.0 / white) + 0.5, 0, 255)
    return scaled


def is_dark(rgb: np.ndarray) -> bool:
    """Whether hardly anything in a picture (uint8 H×W×3) is bright, as in no bright field."""
    return bool(np.quantile(rgb[::4, ::4], 1 - BEYOND_WHITE) < DARK)


def _white_level(samples: np.ndarray) -> int:
    bright = np.quantile(samples, 1 - BEYOND_WHITE, method="lower")
    return next(level for level in WHITE_LEVELS if bright <= level)
