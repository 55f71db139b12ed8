"""Pictures in which somebody marked the white cell and its nucleus."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from hemavision.datasets.samples import read_kaggle, white_cells
from hemavision.errors import DataError
from hemavision.images.opening import open_image
from hemavision.records.results import Box

#: Grey value of a mask from which on it says nucleus: between 128 or so and 255.
NUCLEUS_FROM = 192


@dataclass(frozen=True)
class Field:
    """A field with exactly one white cell.

    Attributes:
        name: the photograph's file name.
        rgb: uint8 H×W×3.
        cell: bool H×W; in BCCD the white cell's box.
        nucleus: bool H×W.
    """

    name: str
    rgb: np.ndarray
    cell: np.ndarray
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
    return Field(name, rgb, mask_of(boxes[0], *nucleus.shape), nucleus)


def jtsc_fields(data: Path) -> Iterator[Field]:
    """Yield JTSC's cells with their authors' masks of nucleus and cytoplasm."""
    root = data / "jtsc"
    for path in sorted((root / "images").glob("*.png")):
        with Image.open(root / "masks" / path.name) as image:
            mask = np.asarray(image.convert("L"))
        yield Field(path.name, open_image(path).rgb, mask > 0, mask > NUCLEUS_FROM)


def mask_of(box: Box, height: int, width: int) -> np.ndarray:
    """Return bool H×W, true inside the box."""
    mask = np.zeros((height, width), bool)
    mask[max(box.top, 0) : max(box.bottom, 0), max(box.left, 0) : max(box.right, 0)] = True
    return mask
