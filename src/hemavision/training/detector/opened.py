"""A field in memory, with what it teaches and what it says nothing about."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter

from hemavision.datasets.fields import NAMES, BoxedField
from hemavision.images.stain import nuclear_stain

#: Pixels of the network's input a pixel of each set's fields, so that a red cell is about 50 wide:
#: what the detector is at home with.
HOME_SCALE = {"bccd": 0.5, "draaslan": 1.0, "bcisc": 1.2}
#: Stained places are looked for in an image so many times smaller, and what lies within so many of
#: its pixels of one may belong to the same cell.
COARSER, REACH = 8, 9


@dataclass(frozen=True)
class OpenField:
    """A field in memory.

    Attributes:
        rgb: uint8 H×W×3.
        boxes: float32 B×4, left, top, right, bottom in pixels.
        kinds: int B.
        exact: bool B, whether a box's edges are known, or its middle alone.
        asked: uint8 H×W×3, above 127 where it is known that a cell of each kind is marked if one
            is there.
        home: scale at which the detector is at home with it.
    """

    rgb: np.ndarray
    boxes: np.ndarray
    kinds: np.ndarray
    exact: np.ndarray
    asked: np.ndarray
    home: float


def open_field(field: BoxedField) -> OpenField:
    """Open a field's photograph.

    Raises:
        ImageError: it cannot be read.
    """
    rgb = field.open()
    partly = field.source == "bcisc"
    asked = _asked_of_some(rgb) if partly else np.broadcast_to(np.uint8(255), rgb.shape)
    known = np.ones(len(field.boxes), bool)
    return OpenField(rgb, field.boxes, field.kinds, known, asked, HOME_SCALE[field.source])


def _asked_of_some(rgb: np.ndarray) -> np.ndarray:
    """Return what a field teaches of which some white cells are marked: where none is.

    Nothing is said of red cells and platelets; and where nothing is stained as nuclei are, there is
    no white cell.
    """
    height, width = rgb.shape[:2]
    small = np.asarray(Image.fromarray(rgb).reduce(COARSER), np.float32)
    stained = Image.fromarray((nuclear_stain(small) > 0.5).astype(np.uint8) * 255)
    near = stained.filter(ImageFilter.MaxFilter(REACH)).resize((width, height))
    asked = np.zeros((height, width, len(NAMES)), np.uint8)
    asked[..., 0] = np.where(np.asarray(near) > 0, 0, 255)
    return asked
