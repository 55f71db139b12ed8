"""What the models say of photos, as rows of a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np

from hemavision.batch.schema import Schema, classify_schema, detect_schema, joined
from hemavision.images.opening import Photo
from hemavision.reading.cell import Model
from hemavision.reading.explaining import overlay
from hemavision.reading.field import draw_heatmaps, read_smear
from hemavision.reading.finding.detector import Finder
from hemavision.reading.found import FoundCell, Smear
from hemavision.records.results import CellKind, Prediction

#: What a row says of each cell of a field.
Row = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """What was said of a photo.

    Attributes:
        row: without what names the image.
        about: what its heatmap shows, in words.
        drawn: gives the photo with its heatmap, uint8 H×W×3.
    """

    row: Row
    about: str
    drawn: Callable[[], np.ndarray]


class Reader(Protocol):
    """Reads photos."""

    @property
    def schema(self) -> Schema:
        """The columns of its rows."""
        ...

    def read(self, photos: Sequence[Photo]) -> Iterator[Answer]:
        """Yield an answer a photo, in order."""
        ...


class CellReader:
    """Names the white cell of each photo, as ``classify`` does."""

    def __init__(self, model: Model) -> None:
        """Take an opened model."""
        self._model = model
        self.schema = classify_schema(model.manifest)

    def read(self, photos: Sequence[Photo]) -> Iterator[Answer]:
        """Yield an answer a photo, in order."""
        predictions = self._model.predict_arrays([photo.rgb for photo in photos])
        for photo, prediction in zip(photos, predictions, strict=True):
            yield _named(photo.rgb, prediction)


class FieldReader:
    """Finds, counts and names the cells of each photo, as ``detect`` does."""

    def __init__(self, model: Model, finder: Finder) -> None:
        """Take an opened model and detector."""
        self._model, self._finder = model, finder
        self.schema = detect_schema(model.manifest)

    def read(self, photos: Sequence[Photo]) -> Iterator[Answer]:
        """Yield an answer a photo, in order."""
        for photo in photos:
            smear = read_smear(
                self._model, self._finder, photo.rgb, um_per_px=photo.um_per_px, own=photo.own
            )
            yield _counted(photo.rgb, smear, self._model)


def _named(rgb: np.ndarray, p: Prediction) -> Answer:
    looks = p.looks()
    row = {
        "width": p.width,
        "height": p.height,
        "cell_type": p.cell_type,
        "confidence": p.confidence,
        "status": p.status.value,
        "novelty": p.novelty,
        "focus": p.focus,
        "looked_elsewhere": p.looked_elsewhere,
        "foreign_colours": p.foreign_colours,
        **asdict(p.box),
        "seen": p.reasons.seen if p.reasons else None,
        **{f"p_{name}": value for name, value in p.probabilities.items()},
        **{f"look_{name}": value for name, (value, _) in looks.items()},
        **{f"look_{name}_p": value for name, (_, value) in looks.items()},
        "model": p.model.name,
        "model_sha256": p.model.sha256,
    }
    return Answer(row, p.cell_type, lambda: overlay(rgb, p.heatmap(), p.box))


def _counted(rgb: np.ndarray, smear: Smear, model: Model) -> Answer:
    differential = smear.differential
    row = {
        "width": smear.width,
        "height": smear.height,
        "white_cells": smear.counts[CellKind.WHITE],
        "red_cells": smear.counts[CellKind.RED],
        "platelets": smear.counts[CellKind.PLATELET],
        "counted": differential.counted,
        "cut": differential.cut,
        "unfamiliar": differential.unfamiliar,
        **{f"n_{name}": count for name, count in differential.cell_types.items()},
        "warnings": joined(warning.code for warning in smear.warnings),
        "sharpness": smear.sharpness,
        "cells": [_cell(cell) for cell in smear.cells],
        "model": model.reference.name,
        "model_sha256": model.reference.sha256,
        "detector": smear.detector.name,
        "detector_sha256": smear.detector.sha256,
    }
    return Answer(row, "each white cell's type", lambda: draw_heatmaps(rgb, smear))


def _cell(cell: FoundCell) -> Row:
    p = cell.prediction
    return {
        "kind": cell.kind.value,
        **asdict(cell.box),
        "score": cell.score,
        "cut": bool(cell.cut),
        "clumped": cell.clumped,
        "cell_type": p.cell_type if p else None,
        "confidence": p.confidence if p else None,
        "status": p.status.value if p else None,
        "novelty": p.novelty if p else None,
    }
