"""Whether a picture is sharp and rightly exposed, measured in the picture itself."""

from __future__ import annotations

import numpy as np
from PIL import Image

#: A picture is measured at about this size, in pixels of its longer side.
MEASURE_PX = 640


def measure_sharpness(rgb: np.ndarray) -> float:
    """Return how much of a picture's contrast lies in its finest detail.

    The variance of the Laplacian (Pech-Pacheco et al. 2000) over the variance of the picture:
    stain and light change both alike.

    Args:
        rgb: uint8 H×W×3.

    Returns:
        ≥ 0; 0 for a plain picture.
    """
    grey = np.asarray(Image.fromarray(rgb).convert("L"), np.float32)
    centre = grey[1:-1, 1:-1]
    around = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:]
    contrast = float(centre.var())
    return float((around - 4 * centre).var()) / contrast if contrast > 1.0 else 0.0
