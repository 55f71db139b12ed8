"""What is found in a whole field: its cells, their counts, what to beware of."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from hemavision.differential.ratios import Ratio, ratio_of_counts
from hemavision.images.quality import Caution
from hemavision.records.json_values import listed, number, text, truth, whole
from hemavision.records.results import NOTICE, Box, CellKind, ModelReference, Prediction, Status


@dataclass(frozen=True)
class FoundCell:
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
    score: float
    cut: bool
    clumped: bool
    prediction: Prediction | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the record as JSON values."""
        values = {
            "kind": self.kind.value,
            "box": asdict(self.box),
            "score": self.score,
            "cut": self.cut,
            "clumped": self.clumped,
        }
        return values | {"prediction": self.prediction.to_json() if self.prediction else None}

    def without_heatmaps(self) -> FoundCell:
        """Return the record without its prediction's heatmaps."""
        if self.prediction is None:
            return self
        return replace(
            self, prediction=replace(self.prediction, heatmaps=None, morphology_heatmaps={})
        )

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> FoundCell:
        """Rebuild what :meth:`to_json` wrote (other keys are ignored).

        Raises:
            ValueError, KeyError, TypeError, AttributeError: it is not that.
        """
        box, prediction = values["box"], values["prediction"]
        return cls(
            CellKind(values["kind"]),
            Box(*(whole(box, edge) for edge in ("left", "top", "right", "bottom"))),
            number(values, "score"),
            truth(values, "cut"),
            truth(values, "clumped"),
            None if prediction is None else _named(prediction),
        )


def _named(values: dict[str, Any]) -> Prediction:
    """Rebuild a prediction; what files for other programs say of it is checked."""
    text(values, "cell_type"), number(values, "confidence")
    return Prediction.from_json(values)


@dataclass(frozen=True)
class FieldDifferential:
    """The white cells of a field by type.

    Attributes:
        cell_types: type → cells, of every type that the model knows.
        cut: cells left out because the border cuts them.
        unfamiliar: whole cells left out because the model has not seen the like.
    """

    cell_types: dict[str, int]
    cut: int
    unfamiliar: int

    @property
    def counted(self) -> int:
        """The cells of all types."""
        return sum(self.cell_types.values())

    def to_json(self) -> dict[str, Any]:
        """Return the record as JSON values."""
        left_out = {"cut": self.cut, "unfamiliar": self.unfamiliar}
        return {"counted": self.counted, "cell_types": self.cell_types, "left_out": left_out}


@dataclass(frozen=True)
class Smear:
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

    width: int
    height: int
    cells: tuple[FoundCell, ...]
    cell_types: tuple[str, ...]
    warnings: tuple[Caution, ...]
    sharpness: float
    detector: ModelReference
    milliseconds: float

    @property
    def predictions(self) -> list[Prediction]:
        """Of the white cells, the surest found first."""
        return [cell.prediction for cell in self.cells if cell.prediction]

    def without_heatmaps(self) -> Smear:
        """Return the record without what takes most of its memory."""
        return replace(self, cells=tuple(cell.without_heatmaps() for cell in self.cells))

    @property
    def counts(self) -> dict[CellKind, int]:
        """How many cells there are of each kind, cut ones too."""
        return {kind: sum(cell.kind is kind for cell in self.cells) for kind in CellKind}

    @property
    def estimates(self) -> dict[str, Ratio | None]:
        """The estimates made by hand, of all cells counted; ``None`` without red cells."""
        counts = self.counts
        red = counts[CellKind.RED]
        return {
            "white_per_1000_red": ratio_of_counts(counts[CellKind.WHITE], red, per=1000.0),
            "platelets_per_red": ratio_of_counts(counts[CellKind.PLATELET], red),
        }

    @property
    def differential(self) -> FieldDifferential:
        """The white cells by type; cut and unfamiliar ones are left out."""
        whole = [cell.prediction for cell in self.cells if cell.prediction and not cell.cut]
        known = [p.cell_type for p in whole if p.status is not Status.UNFAMILIAR]
        cut = sum(cell.cut for cell in self.cells if cell.prediction)
        by_type = {name: known.count(name) for name in self.cell_types}
        return FieldDifferential(by_type, cut, len(whole) - len(known))

    def to_json(self) -> dict[str, Any]:
        """Return the record as JSON values, with the research-use notice."""
        return {
            "width": self.width,
            "height": self.height,
            "cells": [{"id": i} | cell.to_json() for i, cell in enumerate(self.cells)],
            "counts": {kind.value: count for kind, count in self.counts.items()},
            "differential": self.differential.to_json(),
            "estimates": {k: ratio and asdict(ratio) for k, ratio in self.estimates.items()},
            "warnings": [asdict(warning) for warning in self.warnings],
            "sharpness": self.sharpness,
            "detector": asdict(self.detector),
            "milliseconds": self.milliseconds,
            "notice": NOTICE,
        }

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Smear:
        """Rebuild what :meth:`to_json` wrote; counts and estimates are made again.

        Raises:
            ValueError, KeyError, TypeError, AttributeError: it is not that.
        """
        cell_types = tuple(values["differential"]["cell_types"].keys())
        smear = cls(
            width=whole(values, "width", least=1),
            height=whole(values, "height", least=1),
            cells=tuple(FoundCell.from_json(cell) for cell in listed(values, "cells")),
            cell_types=cell_types,
            warnings=tuple(
                Caution(text(warning, "code"), text(warning, "message"))
                for warning in listed(values, "warnings")
            ),
            sharpness=number(values, "sharpness"),
            detector=ModelReference(
                text(values["detector"], "name"), text(values["detector"], "sha256")
            ),
            milliseconds=number(values, "milliseconds"),
        )
        strange = {p.cell_type for p in smear.predictions}.difference(cell_types)
        if strange:
            raise ValueError(f"differential.cell_types lacks {', '.join(map(str, strange))}")
        return smear


@dataclass(frozen=True)
class NamedSmear:
    """A field's answer with the name of its image, as it was given."""

    name: str
    smear: Smear
