"""BCCD's fields with their boxes, and who learns from which."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hemavision.errors import DataError
from hemavision.images import open_image
from hemavision.results import CellKind
from hemavision.training.datasets import boxes_of, read_kaggle
from hemavision.training.splits import SPLIT_SEED

PROTOCOL = "bccd-detection"
#: What BCCD calls the kinds, in the order of the network's answers.
NAMES = {CellKind.WHITE: "WBC", CellKind.RED: "RBC", CellKind.PLATELET: "Platelets"}
#: Share of the fields to learn from that choose and calibrate instead.
VALIDATION_SHARE = 0.1


@dataclass(frozen=True)
class BoxedField:
    """A field and what is marked in it.

    Attributes:
        name: the photograph's file name.
        path: of the photograph.
        boxes: float32 B×4, left, top, right, bottom in pixels.
        kinds: int B, positions in :data:`NAMES`.
    """

    name: str
    path: Path
    boxes: np.ndarray
    kinds: np.ndarray

    def open(self) -> np.ndarray:
        """Return the photograph, uint8 RGB H×W×3."""
        return open_image(self.path).rgb


@dataclass(frozen=True)
class FieldSplit:
    """Fields to learn from, to choose by and to measure on."""

    train: list[BoxedField]
    validation: list[BoxedField]
    test: list[BoxedField]


def split_fields(data: Path) -> FieldSplit:
    """Return BCCD's own split.

    Validation is a tenth of its train and val lists. The photographs behind Kaggle TEST are in
    neither: the detector takes part in the ``unseen-cells-detected`` protocol.

    Raises:
        DataError: the set is not there.
    """
    root = data / "bccd"
    kept_back = {s.original for s in read_kaggle(data / "kaggle_wbc", "TEST")}
    names = [n for n in _listed(root, "trainval") if f"bccd/{n}" not in kept_back]
    random.Random(SPLIT_SEED).shuffle(names)
    cut = round(len(names) * VALIDATION_SHARE)
    return FieldSplit(
        [read_field(root, name) for name in names[cut:]],
        [read_field(root, name) for name in names[:cut]],
        [read_field(root, name) for name in _listed(root, "test")],
    )


def read_field(root: Path, name: str) -> BoxedField:
    """Return one field of BCCD with its boxes."""
    boxes, kinds = [], []
    for index, called in enumerate(NAMES.values()):
        for box in boxes_of(root, name, called):
            # A few boxes of the set have no width or height.
            if box.right > box.left and box.bottom > box.top:
                boxes.append((box.left, box.top, box.right, box.bottom))
                kinds.append(index)
    return BoxedField(
        name,
        root / "JPEGImages" / name,
        np.array(boxes, np.float32).reshape(-1, 4),
        np.array(kinds, int),
    )


def _listed(root: Path, part: str) -> list[str]:
    path = root / "ImageSets" / "Main" / f"{part}.txt"
    if not path.is_file():
        raise DataError(f"{path} is missing; fetch BCCD again (`hemavision data download`).")
    return [f"{stem}.jpg" for stem in path.read_text().split()]
