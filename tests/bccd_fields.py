"""BCCD's fields with the boxes that its authors drew, and a finder that knows them by heart."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
from fakes import FakeFinder

from hemavision.datasets.samples import boxes_of, read_kaggle
from hemavision.images.opening import open_image
from hemavision.records.results import CellKind, Detection

NAMES = {CellKind.WHITE: "WBC", CellKind.RED: "RBC", CellKind.PLATELET: "Platelets"}
#: Two whole white cells of two types, sixteen red cells.
TWO_WHITE = "BloodImage_00010.jpg"
SCORE = 0.875


def path_of(data: Path, name: str) -> Path:
    return data / "bccd" / "JPEGImages" / name


def picture(data: Path, name: str) -> np.ndarray:
    return open_image(path_of(data, name)).rgb


def true_cells(data: Path, name: str) -> list[Detection]:
    return [
        Detection(kind, box, SCORE)
        for kind, called in NAMES.items()
        for box in boxes_of(data / "bccd", name, called)
    ]


def finder_of(data: Path, *names: str) -> FakeFinder:
    return FakeFinder((picture(data, name), true_cells(data, name)) for name in names)


@lru_cache
def train_fields(data: Path) -> tuple[str, ...]:
    """BCCD's train list, less the photographs that Kaggle TEST was made from."""
    lines = (data / "bccd" / "ImageSets" / "Main" / "train.txt").read_text().split()
    kept_back = {s.original for s in read_kaggle(data / "kaggle_wbc", "TEST")}
    names = (f"{line}.jpg" for line in lines)
    return tuple(name for name in names if f"bccd/{name}" not in kept_back)
