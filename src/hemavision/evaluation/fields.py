"""BCCD fields with the box of their white cell and the mask of its nucleus."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from hemavision.errors import DataError
from hemavision.images import open_image
from hemavision.results import Box
from hemavision.training.datasets import read_kaggle, white_cells


@dataclass(frozen=True)
class Field:
    """A field with exactly one white cell.

    Attributes:
        name: the photograph's file name.
        rgb: uint8 H×W×3.
        cell: the white cell's box, in pixels.
        nucleus: bool H×W.
    """

    name: str
    rgb: np.ndarray
    cell: Box
    nucleus: np.ndarray


def test_field_names(data: Path) -> list[str]:
    """Return the photographs behind Kaggle TEST: no honest training has seen them."""
    originals = {s.original for s in read_kaggle(data / "kaggle_wbc", "TEST")}
    return sorted(name.removeprefix("bccd/") for name in originals)


def open_field(data: Path, name: str) -> Field | None:
    """Open a field of ``bccd/``; ``None`` where it does not hold exactly one white cell.

    Raises:
        DataError: its box file or mask is missing.
    """
    root = data / "bccd"
    stem = Path(name).stem
    mask = root / "NucleusMasks" / f"{stem}.png"
    if not mask.is_file():
        raise DataError(f"{mask} is missing; heatmap scores need BCCD's nucleus masks.")
    boxes = white_cells(root, name)
    if len(boxes) != 1:
        return None
    rgb = open_image(root / "JPEGImages" / name).rgb
    with Image.open(mask) as image:
        nucleus = np.asarray(image.convert("1").resize((rgb.shape[1], rgb.shape[0])))
    return Field(name, rgb, boxes[0], nucleus)
