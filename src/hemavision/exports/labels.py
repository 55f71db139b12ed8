"""What a cell is called in a file for other programs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

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
