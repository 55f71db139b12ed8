"""Prints how many of BCISC's white cells a detector finds, through other microscopes' lamps.

    python scripts/other_lamps.py [DETECTOR...]     by default the one that never saw BCISC

A line a way: found, in per cent of the marked cells, and how many white cells are found in all: of
a field's white cells one or a few are marked. Sixty fields, drawn with a fixed seed. It makes the
table of docs/decisions/0009-detector.md.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np
from PIL import Image

from hemavision.datasets.fields import NamedField, read_bcisc_fields
from hemavision.datasets.protocols import PROTOCOLS
from hemavision.datasets.splits import drawn
from hemavision.evaluation.foreign_fields import SAME
from hemavision.reading.finding.detector import Detector, open_detector
from hemavision.reading.finding.tiles import overlap
from hemavision.records.results import CellKind
from hemavision.settings import data_folder

FIELDS = 60


def lamp(rgb: np.ndarray, dark: float, tint: tuple[float, float, float]) -> np.ndarray:
    """Return a picture through a coloured lamp that lights its corners less by ``dark``, 0 to 1."""
    height, width = rgb.shape[:2]
    down, across = np.mgrid[:height, :width]
    off = ((2 * down / height - 1) ** 2 + (2 * across / width - 1) ** 2) / 2
    seen = rgb * (1 - dark * np.clip(off, 0, 1))[..., None] * np.array(tint)
    return np.clip(seen, 0, 255).astype(np.uint8)


def curve(rgb: np.ndarray, power: float) -> np.ndarray:
    """Return a picture through a camera of another gamma."""
    return (255 * (rgb / 255) ** power).astype(np.uint8)


def sized(rgb: np.ndarray, scale: float) -> np.ndarray:
    """Return a picture with so many times the pixels each way."""
    size = (round(rgb.shape[1] * scale), round(rgb.shape[0] * scale))
    return np.asarray(Image.fromarray(rgb).resize(size, Image.Resampling.BILINEAR))


#: What is done to a field, and how much larger its boxes are then.
WAYS: dict[str, tuple[Callable[[np.ndarray], np.ndarray], float]] = {
    "as it is": (lambda rgb: rgb, 1),
    "dark corners": (lambda rgb: lamp(rgb, 0.75, (1, 1, 1)), 1),
    "yellow, dark corners": (lambda rgb: lamp(rgb, 0.6, (1, 0.92, 0.6)), 1),
    "blue": (lambda rgb: lamp(rgb, 0.2, (0.75, 0.85, 1)), 1),
    "half the pixels": (lambda rgb: sized(rgb, 0.5), 0.5),
    "twice the pixels": (lambda rgb: sized(rgb, 2), 2),
    "pale": (lambda rgb: curve(rgb, 0.5), 1),
    "dark": (lambda rgb: curve(rgb, 1.8), 1),
}


def main() -> None:
    names = sys.argv[1:] or [str(PROTOCOLS["field-out:bcisc"].own_model)]
    fields = drawn(read_bcisc_fields(data_folder()), FIELDS)
    columns = [[judge(open_detector(name), fields, way) for way in WAYS] for name in names]
    print("| | " + " | ".join(name.split("/")[-1] for name in names) + " |")
    print("|---" * (len(names) + 1) + "|")
    for way, row in zip(WAYS, zip(*columns, strict=True), strict=True):
        print(f"| {way} | " + " | ".join(row) + " |")


def judge(detector: Detector, fields: list[NamedField], way: str) -> str:
    """Return the share found and how many white cells there are in all."""
    change, scale = WAYS[way]
    marked = hits = extra = 0
    for field in fields:
        found = detector.find(change(field.open()))
        white = [vars(cell.box) for cell in found if cell.kind is CellKind.WHITE]
        boxes = np.array([list(box.values()) for box in white], float).reshape(-1, 4)
        for mark in field.boxes * scale:
            hits += bool(len(boxes)) and bool(overlap(mark, boxes).max() >= SAME)
        marked += len(field.boxes)
        extra += len(boxes)
    return f"{100 * hits / marked:.0f}% ({extra})"


if __name__ == "__main__":
    main()
