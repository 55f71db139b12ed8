"""What a cell is called in a file for other programs."""

from __future__ import annotations

from collections.abc import Iterable

from hemavision.fields import FoundCell, Smear
from hemavision.results import CellKind, Status


def label_of(cell: FoundCell) -> str:
    """Return a white cell's type, or the kind of a cell that has none.

    A cell unlike all that the model has seen is a white cell and no more.
    """
    if cell.prediction is None or cell.prediction.status is Status.UNFAMILIAR:
        return cell.kind.value
    return cell.prediction.cell_type


def labels_of(smears: Iterable[Smear]) -> list[str]:
    """Return every label that the cells of these fields could have, in a fixed order."""
    labels = [kind.value for kind in CellKind]
    for smear in smears:
        labels += [name for name in smear.cell_types if name not in labels]
    return labels
