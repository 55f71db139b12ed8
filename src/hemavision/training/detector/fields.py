"""BCCD's fields with their boxes, and who learns from which."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hemavision.errors import DataError
from hemavision.images.opening import open_image
from hemavision.records.cells import cell_type_of
from hemavision.records.results import CellKind
from hemavision.training.datasets import boxes_of, read_csv, read_kaggle
from hemavision.training.splits import SPLIT_SEED

PROTOCOL = "bccd-detection"
#: Without the photographs behind Kaggle TEST, for the protocol that classifies what is detected.
WITHHELD = "unseen-cells-detected"
#: What BCCD calls the kinds, in the order of the network's answers.
NAMES = {CellKind.WHITE: "WBC", CellKind.RED: "RBC", CellKind.PLATELET: "Platelets"}
#: Share of the fields to learn from that choose and calibrate instead.
VALIDATION_SHARE = 0.1
#: The columns of a box, in pixels.
EDGES = ("xmin", "ymin", "xmax", "ymax")


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
    """Fields to learn from, to choose by and to measure on, under their protocol's name."""

    protocol: str
    train: list[BoxedField]
    validation: list[BoxedField]
    test: list[BoxedField]


def split_fields(data: Path, protocol: str = PROTOCOL) -> FieldSplit:
    """Return BCCD's own split; validation is a tenth of its train and val lists.

    Args:
        data: folder of the image sets.
        protocol: :data:`PROTOCOL`, or :data:`WITHHELD` to learn from no photograph behind Kaggle
            TEST.

    Raises:
        DataError: the set is not there.
    """
    root = data / "bccd"
    names = _listed(root, "trainval")
    if protocol == WITHHELD:
        kept_back = {s.original for s in read_kaggle(data / "kaggle_wbc", "TEST")}
        names = [name for name in names if f"bccd/{name}" not in kept_back]
    random.Random(SPLIT_SEED).shuffle(names)
    cut = round(len(names) * VALIDATION_SHARE)
    return FieldSplit(
        protocol,
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


@dataclass(frozen=True)
class NamedField(BoxedField):
    """A field of which some white cells are marked and named, and others are not marked at all.

    Attributes:
        cell_types: of the B boxes.
        group: that fields of one slide or sitting share.
    """

    cell_types: tuple[str, ...]
    group: str


def read_bcisc_fields(data: Path) -> list[NamedField]:
    """Return BCISC's fields with the boxes and types of its labelled cells.

    Raises:
        DataError: the set is not there.
    """
    root = data / "bcisc"
    labels = {row["path"]: row for row in read_csv(root / "labels.csv")}
    return [
        NamedField(
            Path(name).name,
            root / name,
            _corners(rows),
            np.zeros(len(rows), int),
            tuple(cell_type_of(labels[row["cell"]]["label"]) for row in rows),
            labels[rows[0]["cell"]]["group"],
        )
        for name, rows in _marks(root)
    ]


def read_draaslan_fields(data: Path) -> list[BoxedField]:
    """Return draaslan's fields with the boxes of their red and white cells.

    Raises:
        DataError: the set is not there.
    """
    root = data / "draaslan"
    kinds = [kind.lower() for kind in NAMES.values()]
    return [
        BoxedField(
            Path(name).name,
            root / name,
            _corners(rows),
            np.array([kinds.index(row["kind"]) for row in rows]),
        )
        for name, rows in _marks(root)
    ]


def _marks(root: Path) -> list[tuple[str, list[dict[str, str]]]]:
    """Return each field of a table of boxes, in order, with its lines."""
    marks: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in read_csv(root / "boxes.csv"):
        marks[row["field"]].append(row)
    return sorted(marks.items())


def _corners(rows: list[dict[str, str]]) -> np.ndarray:
    return np.array([[float(row[edge]) for edge in EDGES] for row in rows], np.float32)


def _listed(root: Path, part: str) -> list[str]:
    path = root / "ImageSets" / "Main" / f"{part}.txt"
    if not path.is_file():
        raise DataError(f"{path} is missing; fetch BCCD again (`hemavision data download`).")
    return [f"{stem}.jpg" for stem in path.read_text().split()]
