"""A field's cells as YOLO labels: a line a cell, numbers as shares of the field's size."""

from __future__ import annotations

from collections.abc import Sequence

from hemavision.exports.table import label_of
from hemavision.reading.found import NamedSmear

#: The file that lists the classes, a line each.
CLASSES = "classes.txt"


def to_classes(labels: Sequence[str]) -> str:
    """Return the text of :data:`CLASSES`."""
    return "".join(f"{label}\n" for label in labels)


def to_yolo(field: NamedSmear, labels: Sequence[str]) -> str:
    """Return the text of a field's label file: class, centre x, centre y, width, height.

    Args:
        field: the field.
        labels: the classes in the order of :data:`CLASSES`, counted from 0.
    """
    width, height = field.smear.width, field.smear.height
    lines = []
    for cell in field.smear.cells:
        left, right = cell.box.left / width, cell.box.right / width
        top, bottom = cell.box.top / height, cell.box.bottom / height
        shares = ((left + right) / 2, (top + bottom) / 2, right - left, bottom - top)
        numbers = " ".join(f"{share:.6f}" for share in shares)
        lines.append(f"{labels.index(label_of(cell))} {numbers}\n")
    return "".join(lines)
