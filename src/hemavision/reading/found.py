"""What is found in a whole field: its cells, their counts, what to beware of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self, TypedDict

from hemavision.differential.intervals import Ratio, ratio_of_counts
from hemavision.images.quality import Caution
from hemavision.records.json_values import (
    HIDDEN,
    Count,
    Positive,
    Record,
    Share,
    Side,
    member,
    of_type,
)
from hemavision.records.results import (
    Box,
    CellKind,
    ModelReference,
    Noticed,
    Prediction,
    Status,
)


@dataclass(frozen=True)
class FoundCell(Record):
    """A cell of a field.

    Attributes:
        kind: what it is.
        box: around it, in pixels of the field.
        score: of the detector, 0 to 1.
        cut: whether the field's border cuts it.
        clumped: whether it lies over another of its kind.
        prediction: of a white cell, its box in pixels of the field; ``None`` of any other.
    """

    kind: CellKind
    box: Box
    score: Share
    cut: bool
    clumped: bool
    prediction: Prediction | None = None

    def without_heatmaps(self) -> FoundCell:
        """Return the record without its prediction's heatmaps."""
        if self.prediction is None:
            return self
        return replace(
            self, prediction=replace(self.prediction, heatmaps=None, morphology_heatmaps={})
        )


class LeftOut(TypedDict):
    """White cells that no type counts."""

    cut: Count
    unfamiliar: Count


class FieldCounts(TypedDict):
    """What a field's own counts have to say for it to be read again: the types that were known."""

    cell_types: dict[str, Count]


class Estimates(TypedDict):
    """The estimates made by hand, of all cells counted; ``None`` where no red cell was found."""

    white_per_1000_red: Ratio | None
    platelets_per_red: Ratio | None


@dataclass(frozen=True)
class FieldDifferential(Record):
    """The white cells of a field by type.

    Attributes:
        cell_types: type → cells, of every type that the model knows.
        cut: cells left out because the border cuts them.
        unfamiliar: whole cells left out because the model has not seen the like.
    """

    cell_types: dict[str, Count]
    cut: int = field(metadata=HIDDEN)
    unfamiliar: int = field(metadata=HIDDEN)

    @property
    @member
    def counted(self) -> Count:
        """The cells of all types."""
        return sum(self.cell_types.values())

    @property
    @member
    def left_out(self) -> LeftOut:
        """White cells that no type counts."""
        return {"cut": self.cut, "unfamiliar": self.unfamiliar}


@dataclass(frozen=True)
class Smear(Noticed):
    """What is found in one field.

    Attributes:
        width: of the field, in pixels.
        height: of the field, in pixels.
        cells: surest first; a cell's place is its ``id`` in the JSON form.
        cell_types: that the model tells apart.
        warnings: what makes the answer less sure.
        sharpness: of the picture, as :func:`hemavision.images.quality.measure_sharpness` gives it.
        detector: which weights found the cells.
        milliseconds: from decoded image to this record.
    """

    width: Side
    height: Side
    cells: tuple[FoundCell, ...]
    cell_types: tuple[str, ...] = field(metadata=HIDDEN)
    warnings: tuple[Caution, ...]
    sharpness: Positive
    detector: ModelReference
    milliseconds: Positive

    @property
    def predictions(self) -> list[Prediction]:
        """Of the white cells, the surest found first."""
        return [cell.prediction for cell in self.cells if cell.prediction]

    def without_heatmaps(self) -> Smear:
        """Return the record without what takes most of its memory."""
        return replace(self, cells=tuple(cell.without_heatmaps() for cell in self.cells))

    @property
    @member
    def counts(self) -> dict[CellKind, Count]:
        """How many cells there are of each kind, cut ones too."""
        return {kind: sum(cell.kind is kind for cell in self.cells) for kind in CellKind}

    @property
    @member
    def estimates(self) -> Estimates:
        """The estimates made by hand, of all cells counted; ``None`` without red cells."""
        counts = self.counts
        red = counts[CellKind.RED]
        return {
            "white_per_1000_red": ratio_of_counts(counts[CellKind.WHITE], red, per=1000.0),
            "platelets_per_red": ratio_of_counts(counts[CellKind.PLATELET], red),
        }

    @property
    @member
    def differential(self) -> FieldDifferential:
        """The white cells by type; cut and unfamiliar ones are left out."""
        whole = [cell.prediction for cell in self.cells if cell.prediction and not cell.cut]
        known = [p.cell_type for p in whole if p.status is not Status.UNFAMILIAR]
        cut = sum(cell.cut for cell in self.cells if cell.prediction)
        by_type = {name: known.count(name) for name in self.cell_types}
        return FieldDifferential(by_type, cut, len(whole) - len(known))

    def to_json(self) -> dict[str, Any]:
        """Return the record as JSON values, with the research-use notice."""
        values = super().to_json()
        numbered = [{"id": number} | cell for number, cell in enumerate(values["cells"])]
        return values | {"cells": numbered}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Rebuild what :meth:`to_json` wrote; counts and estimates are made again.

        Raises:
            ValueError: it is not that; the text names the first value that is wrong.
        """
        named = of_type(dict(values).get("differential"), FieldCounts)["cell_types"]
        smear = super().from_json(dict(values) | {"cell_types": list(named)})
        strange = {p.cell_type for p in smear.predictions}.difference(named)
        if strange:
            raise ValueError(f"differential.cell_types lacks {', '.join(map(str, strange))}")
        return smear


@dataclass(frozen=True)
class NamedSmear:
    """A field's answer with the name of its image, as it was given."""

    name: str
    smear: Smear
