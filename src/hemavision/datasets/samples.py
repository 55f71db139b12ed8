"""The image sets as lists of labelled samples. What each holds: the data's own README."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from hemavision.errors import DataError
from hemavision.images.opening import open_image
from hemavision.records.cells import EIGHT_TYPES, cell_type_of
from hemavision.records.results import Box

#: The question for the type among all that an image set knows.
TYPE = "label"
#: The columns of PBC's table that say how a cell looks (WBCAtt, Tsutsui et al. 2023; empty for
#: the types that it does not cover).
ATTRIBUTES = (
    "cell_size",
    "cell_shape",
    "nucleus_shape",
    "nuclear_cytoplasmic_ratio",
    "chromatin_density",
    "cytoplasm_vacuole",
    "cytoplasm_texture",
    "cytoplasm_colour",
    "granule_type",
    "granule_colour",
    "granularity",
)
#: How much wider than a cell's box the picture of that one cell is.
SURROUNDINGS = 2.0
IMAGE_SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp"}


@dataclass(frozen=True)
class Sample:
    """One labelled image.

    Attributes:
        path: the image file.
        cell_type: one of :data:`hemavision.records.cells.EIGHT_TYPES`.
        original: the photograph that the image was made from; images that share one
            show the same cell and may never stand on both sides of a split.
        source: the image set.
        box: where the cell is, for an image that shows several; ``None`` for the whole image.
        answers: what the set says of the cell beside that: its type among all that the set
            knows, and how it looks, by the name of the question.
    """

    path: Path
    cell_type: str
    original: str
    source: str
    box: Box | None = None
    answers: Mapping[str, str] = field(default_factory=dict, hash=False)


def open_sample(sample: Sample) -> np.ndarray:
    """Return a sample's image, uint8 RGB H×W×3; the surroundings of its box where it has one.

    Raises:
        ImageError: it cannot be read.
    """
    rgb = open_image(sample.path).rgb
    if sample.box is None:
        return rgb
    box = sample.box
    side = SURROUNDINGS * max(box.right - box.left, box.bottom - box.top)
    wide = Box.square((box.left + box.right) / 2, (box.top + box.bottom) / 2, side)
    return rgb[max(wide.top, 0) : wide.bottom, max(wide.left, 0) : wide.right]


def read_kaggle(root: Path, part: str) -> list[Sample]:
    """Return the samples of ``TRAIN`` or ``TEST`` of the Kaggle set with their originals."""
    originals = {row["path"]: row["original"] for row in read_csv(root / "originals.csv")}
    samples = []
    for path in sorted((root / part).glob("*/*.jpeg")):
        key = path.relative_to(root).as_posix()
        if key not in originals:
            raise DataError(f"{key} has no line in {root / 'originals.csv'}; fetch the set again.")
        cell_type = cell_type_of(path.parent.name)
        samples.append(Sample(path, cell_type, f"bccd/{originals[key]}", "kaggle_wbc"))
    if not samples:
        raise DataError(f"No images in {root / part}; expected a folder for each class.")
    return samples


def read_pbc(root: Path, *splits: str) -> list[Sample]:
    """Return PBC's cells of the named WBCAtt splits, with all that is said of each.

    Args:
        root: folder of the set.
        splits: ``"train"``, ``"val"``, ``"test"``.
    """
    samples = []
    for row in read_csv(root / "labels.csv"):
        if row["split"] in splits:
            cell_type = cell_type_of(row["label"])
            answers = {TYPE: cell_type} | {name: row[name] for name in ATTRIBUTES if row[name]}
            original = f"pbc/{row['path']}"
            path = root / row["path"]
            samples.append(Sample(path, cell_type, original, "pbc", answers=answers))
    return samples


def read_bccd(root: Path) -> list[Sample]:
    """Return BCCD's fields with one white cell named."""
    samples = []
    for row in read_csv(root / "wbc_types.csv"):
        cell_type = cell_type_of(row["wbc_types"])
        path = root / "JPEGImages" / row["image"]
        if cell_type in EIGHT_TYPES and path.is_file():
            samples.append(Sample(path, cell_type, f"bccd/{row['image']}", "bccd"))
    return samples


def read_bccd_cells(root: Path) -> list[Sample]:
    """Return the single white cells of BCCD's fields of one type, each with its box."""
    samples = []
    for row in read_csv(root / "wbc_types.csv"):
        cell_type, *others = {cell_type_of(name) for name in row["wbc_types"].split("|")}
        path = root / "JPEGImages" / row["image"]
        if not others and cell_type in EIGHT_TYPES and path.is_file():
            original = f"bccd/{row['image']}"
            boxes = white_cells(root, row["image"])
            samples += [Sample(path, cell_type, original, "bccd", box) for box in boxes]
    return samples


def white_cells(root: Path, image: str) -> list[Box]:
    """Return the boxes of the white cells in a field of BCCD; see :func:`boxes_of`."""
    return boxes_of(root, image, "WBC")


def boxes_of(root: Path, image: str, kind: str) -> list[Box]:
    """Return the boxes of one kind of thing in a field of BCCD.

    Args:
        root: folder of the set.
        image: the field's file name.
        kind: ``"WBC"``, ``"RBC"`` or ``"Platelets"``.

    Raises:
        DataError: its annotation is missing.
    """
    path = root / "Annotations" / f"{Path(image).stem}.xml"
    if not path.is_file():
        raise DataError(f"{path} is missing; fetch BCCD again (`hemavision data download`).")
    edges = ("xmin", "ymin", "xmax", "ymax")
    return [
        Box(*(int(item.findtext(f"bndbox/{edge}", "0")) for edge in edges))
        for item in ElementTree.parse(path).getroot().iter("object")
        if item.findtext("name") == kind
    ]


def read_jtsc(root: Path) -> list[Sample]:
    """Return JTSC's cells."""
    return [
        Sample(root / row["path"], cell_type_of(row["label"]), f"jtsc/{row['path']}", "jtsc")
        for row in read_csv(root / "labels.csv")
    ]


def read_bcisc(root: Path) -> list[Sample]:
    """Return BCISC's single cells; those of one slide or sitting share an original."""
    return [
        Sample(root / row["path"], cell_type_of(row["label"]), f"bcisc/{row['group']}", "bcisc")
        for row in read_csv(root / "labels.csv")
    ]


def read_lisc(root: Path) -> list[Sample]:
    """Return LISC's single cells; it does not say which of its eight people each is of."""
    return [
        Sample(root / row["path"], cell_type_of(row["label"]), f"lisc/{row['path']}", "lisc")
        for row in read_csv(root / "labels.csv")
    ]


def read_folders(root: Path) -> list[Sample]:
    """Return a person's own set: one folder a cell type, every image its own original."""
    samples = []
    for path in sorted(root.glob("*/*")):
        if path.suffix.lower() in IMAGE_SUFFIXES:
            cell_type = cell_type_of(path.parent.name)
            name = path.relative_to(root).as_posix()
            samples.append(Sample(path, cell_type, name, root.name))
    if not samples:
        raise DataError(f"No images in {root}; expected one folder a cell type, images inside.")
    return samples


def digest(samples: Iterable[Sample]) -> str:
    """Return a SHA-256 over names, labels and contents, independent of where the set lies."""
    total = hashlib.sha256()
    for sample in sorted(samples, key=lambda s: (s.source, s.original, s.path.name)):
        content = hashlib.sha256(sample.path.read_bytes()).hexdigest()
        line = f"{sample.source} {sample.path.name} {sample.cell_type} {content}\n"
        total.update(line.encode())
    return total.hexdigest()


def read_csv(path: Path) -> list[dict[str, str]]:
    """Return a set's table, a dictionary a line.

    Raises:
        DataError: it is missing.
    """
    if not path.is_file():
        raise DataError(
            f"{path} is missing. Set HEMAVISION_DATA to the folder of the image sets, or run "
            "`hemavision data download`."
        )
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))
