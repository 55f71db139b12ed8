"""Fields with their boxes, and who learns from which."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from hemavision.datasets.samples import Sample, boxes_of, read_csv
from hemavision.datasets.splits import SPLIT_SEED, drawn, laboratories
from hemavision.errors import DataError
from hemavision.images.opening import open_image
from hemavision.reading.finding.tiles import overlap
from hemavision.records.cells import cell_type_of
from hemavision.records.results import CellKind

#: What BCCD calls the kinds, in the order of the network's answers.
NAMES = {CellKind.WHITE: "WBC", CellKind.RED: "RBC", CellKind.PLATELET: "Platelets"}
#: Share of the fields to learn from that choose and calibrate instead.
VALIDATION_SHARE = 0.1
#: The columns of a box, in pixels.
EDGES = ("xmin", "ymin", "xmax", "ymax")
#: A red cell's box that a white cell's covers so far is a second mark of the same cell.
TWICE = 0.5
#: Single cells of each set that are set onto fields, at the most.
CELLS_OF_EACH = 400


@dataclass(frozen=True)
class BoxedField:
    """A field and what is marked in it.

    Attributes:
        name: the photograph's file name.
        path: of the photograph.
        boxes: float32 B×4, left, top, right, bottom in pixels.
        kinds: int B, positions in :data:`NAMES`.
        source: the image set.
    """

    name: str
    path: Path
    boxes: np.ndarray
    kinds: np.ndarray
    source: str = "bccd"

    def open(self) -> np.ndarray:
        """Return the photograph, uint8 RGB H×W×3."""
        return open_image(self.path).rgb


@dataclass(frozen=True)
class FieldSplit:
    """What a detector learns from, is chosen by and measured on.

    Attributes:
        protocol: its name; empty where none asks.
        train: fields to learn from; of BCISC's, some white cells are marked and nothing else is.
        validation: fields to choose by, all of whose cells are marked.
        test: BCCD's own.
        cells: single cells to set onto fields.
    """

    protocol: str
    train: list[BoxedField]
    validation: list[BoxedField]
    test: list[BoxedField]
    cells: list[Sample] = field(default_factory=list)


def split_fields(
    data: Path, *, without: Collection[str] = (), kept_back: Collection[str] = ()
) -> FieldSplit:
    """Return the fields; validation is a tenth of those whose cells are all marked.

    Args:
        data: folder of the image sets.
        without: sets that teach nothing, their single cells neither.
        kept_back: originals that teach nothing.

    Raises:
        DataError: a set is not there.
    """
    root = data / "bccd"
    names = [n for n in _listed(root, "trainval") if f"bccd/{n}" not in kept_back]
    marked = [read_field(root, name) for name in names]
    if "draaslan" not in without:
        marked += read_draaslan_fields(data)
    random.Random(SPLIT_SEED).shuffle(marked)
    cut = round(len(marked) * VALIDATION_SHARE)
    partly = read_bcisc_fields(data) if "bcisc" not in without else []
    cells = [s for s in single_cells(data) if s.source not in without]
    return FieldSplit("", [*marked[cut:], *partly], marked[:cut], bccd_test_fields(data), cells)


def bccd_test_fields(data: Path) -> list[BoxedField]:
    """Return the fields of BCCD's test list, which teach nobody.

    Raises:
        DataError: the set is not there.
    """
    return [read_field(data / "bccd", name) for name in _listed(data / "bccd", "test")]


def single_cells(data: Path) -> list[Sample]:
    """Return white cells of the sets that show one cell a picture, drawn with a fixed seed.

    They are the classifier's training cells: none of a test part.

    Raises:
        DataError: a set is not there.
    """
    samples = [s for s in laboratories(data)[0] if s.cell_type != "platelet"]
    sets = ("pbc", "jtsc", "bcisc", "lisc")
    return [
        sample
        for source in sets
        for sample in drawn([s for s in samples if s.source == source], CELLS_OF_EACH)
    ]


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
        crops: the set's own picture of each cell, by its path in the set.
    """

    cell_types: tuple[str, ...] = ()
    group: str = ""
    crops: tuple[str, ...] = ()


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
            "bcisc",
            tuple(cell_type_of(labels[row["cell"]]["label"]) for row in rows),
            labels[rows[0]["cell"]]["group"],
            tuple(row["cell"] for row in rows),
        )
        for name, rows in _marks(root)
    ]


def read_draaslan_fields(data: Path) -> list[BoxedField]:
    """Return draaslan's fields with the boxes of their red and white cells.

    Raises:
        DataError: the set is not there.
    """
    root = data / "draaslan"
    names = [kind.lower() for kind in NAMES.values()]
    fields = []
    for name, rows in _marks(root):
        boxes, kinds = _corners(rows), np.array([names.index(row["kind"]) for row in rows])
        once = _marked_once(boxes, kinds)
        fields.append(
            BoxedField(Path(name).name, root / name, boxes[once], kinds[once], "draaslan")
        )
    return fields


def _marked_once(boxes: np.ndarray, kinds: np.ndarray) -> np.ndarray:
    """Return which boxes to keep: the set marks three white cells as red ones, too."""
    white = boxes[kinds == 0]
    return np.array(
        [
            kind == 0 or not len(white) or float(overlap(box, white).max()) < TWICE
            for box, kind in zip(boxes, kinds, strict=True)
        ]
    )


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
