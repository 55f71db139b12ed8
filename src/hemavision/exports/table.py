"""Cells as a CSV table, a row a cell."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from hemavision.exports.labels import label_of
from hemavision.exports.spreadsheet import Table
from hemavision.reading.found import FoundCell, NamedSmear

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
