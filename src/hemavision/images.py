"""Bytes → checked RGB uint8. The only place that opens untrusted images."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from hemavision.errors import ImageError

ImageSource = str | Path | bytes | np.ndarray


@dataclass(frozen=True)
class Photo:
    """An image that is safe to use: uint8 H×W×3 RGB, upright."""

    rgb: np.ndarray


def open_image(source: ImageSource) -> Photo:
    if isinstance(source, np.ndarray):
        return Photo(source)
    import io

    try:
        stream = io.BytesIO(source) if isinstance(source, bytes) else source
        return Photo(np.asarray(Image.open(stream).convert("RGB")))
    except Exception as error:
        raise ImageError(str(error)) from error
