"""Cells as a CSV table, a row a cell."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TextIO

from hemavision.reading.found import FoundCell, NamedSmear
from hemavision.records.results import CellKind, Status


def label_of(cell: FoundCell) -> str:
    """Return a white cell's type, or the kind of a cell that has none.

    A cell unlike all that the model has seen is a white cell and no more.
    """
    if cell.prediction is None or cell.prediction.status is Status.UNFAMILIAR:
        return cell.kind.value
    return cell.prediction.cell_type


def labels_of(cell_types: Iterable[str]) -> list[str]:
    """Return every label that cells can have, in a fixed order.

    Args:
        cell_types: that the model, or the models, tell apart.
    """
    return list(dict.fromkeys([*(kind.value for kind in CellKind), *cell_types]))


def types_in(fields: Iterable[NamedSmear]) -> Iterator[str]:
    """Yield the types that the fields' models tell apart."""
    for field in fields:
        yield from field.smear.cell_types


#: A cell that begins with one of these is a formula to some spreadsheet (OWASP, CSV Injection).
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def plain(value: Any) -> Any:
    """Return a value as a table may hold it: text that would be a formula begins with ``'``."""
    if isinstance(value, str) and value.startswith(FORMULA):
        return f"'{value}"
    return value


class Table:
    """Writes rows of a table, values by :func:`plain`."""

    def __init__(self, stream: TextIO) -> None:
        """Take where to write."""
        self._rows = csv.writer(stream)

    def write(self, values: Iterable[Any]) -> None:
        """Write one row."""
        self._rows.writerow([plain(value) for value in values])


HEAD = (
    "path", "id", "kind", "label", "left", "top", "right", "bottom", "score", "cut", "clumped",
    "cell_type", "confidence", "status", "model", "model_sha256", "detector", "detector_sha256",
)  # fmt: skip


def rows_of(field: NamedSmear) -> Iterator[list[Any]]:
    """Yield a field's rows; boxes are in pixels, right and bottom exclusive."""
    detector = field.smear.detector
    for number, cell in enumerate(field.smear.cells):
        box = cell.box
        place = [box.left, box.top, box.right, box.bottom]
        marks = [f"{cell.score:.4f}", int(cell.cut), int(cell.clumped)]
        start = [field.name, number, cell.kind.value, label_of(cell), *place, *marks]
        yield [*start, *_named(cell), detector.name, detector.sha256]


def to_csv(fields: Iterable[NamedSmear]) -> str:
    """Return the whole table, its head first."""
    stream = io.StringIO()
    table = Table(stream)
    table.write(HEAD)
    for field in fields:
        for row in rows_of(field):
            table.write(row)
    return stream.getvalue()


def _named(cell: FoundCell) -> Sequence[Any]:
    p = cell.prediction
    if p is None:
        return [""] * 5
    return [p.cell_type, f"{p.confidence:.6f}", p.status.value, p.model.name, p.model.sha256]
