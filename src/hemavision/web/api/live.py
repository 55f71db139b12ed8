"""POST /api/v1/live: one frame of a microscope's camera, answered as fast and short as can be."""

from __future__ import annotations

import base64
import time
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from flask import Response, request
from msgspec import UNSET, Meta, UnsetType

from hemavision.images.opening import open_image
from hemavision.images.quality import Caution
from hemavision.reading.cell import Model
from hemavision.reading.explaining import normalise
from hemavision.reading.field import read_smear
from hemavision.reading.finding.detector import Finder
from hemavision.reading.found import FoundCell, Smear
from hemavision.reading.heard import Stage, stage
from hemavision.records.json_values import Positive, Share, Side
from hemavision.records.results import (
    Box,
    CellKind,
    Detection,
    ModelReference,
    Noticed,
    Prediction,
    Status,
)
from hemavision.web.api.image_bodies import takes
from hemavision.web.api.operations import BINARY, Api, answer, operation
from hemavision.web.api.smears import answering_finder
from hemavision.web.api.uploads import clean_name
from hemavision.web.errors import Problem
from hemavision.web.services import in_turn, services

blueprint = Api("live", "Smears")

FRAME = "image/jpeg"
DIGITS = 4

#: [left, top, right, bottom] in pixels, right and bottom exclusive.
Edges = tuple[int, int, int, int]


@dataclass(frozen=True)
class LiveHeatmap:
    """Grad-CAM of a cell's type, its peak scaled to 255.

    Attributes:
        data: a byte a value, row by row.
    """

    width: Side
    height: Side
    data: Annotated[str, Meta(extra_json_schema={"contentEncoding": "base64"})]


@dataclass(frozen=True)
class LiveCell:
    """A cell of a frame; what a white cell has beyond the others comes with ``type``.

    Attributes:
        box: [left, top, right, bottom] in pixels of the frame, right and bottom exclusive.
        score: how sure the detector is that there is such a cell.
        cut: the frame's border cuts it.
        type: of a white cell: the most probable type.
        probabilities: in the order of cell_types.
        heatmap_box: [left, top, right, bottom] that the heatmap covers; may reach outside the
            frame.
    """

    kind: CellKind
    box: Edges
    score: Share
    cut: bool
    type: str | UnsetType = UNSET
    confidence: Share | UnsetType = UNSET
    status: Status | UnsetType = UNSET
    probabilities: list[Share] | UnsetType = UNSET
    heatmap: LiveHeatmap | UnsetType = UNSET
    heatmap_box: Edges | UnsetType = UNSET


@dataclass(frozen=True)
class Milliseconds:
    """How long the parts of an answer took."""

    decode: Positive
    detect: Positive
    classify: Positive


@dataclass(frozen=True)
class LiveFrame(Noticed):
    """What is in one frame.

    Attributes:
        cells: surest first.
    """

    width: Side
    height: Side
    cell_types: tuple[str, ...]
    cells: list[LiveCell]
    warnings: tuple[Caution, ...]
    model: ModelReference
    detector: ModelReference
    milliseconds: Milliseconds


def _takes() -> dict[str, Any]:
    return takes(BINARY, FRAME)


@blueprint.post("/live")
@operation(LiveFrame, 413, 415, 422, 429, 503, more=_takes)
@in_turn()
def live() -> Response:
    """Find the cells of one camera frame and name its white cells: made for many a second.

    The body is the frame itself, a JPEG file, and nothing else. The answer says the same as
    `smears` does of a field, in short: boxes are `[left, top, right, bottom]`, `probabilities` are
    in the order of `cell_types`, and `heatmap` has the named type's map over `heatmap_box` as bytes
    0 to 255, row by row, in base64. Nothing is kept between two frames: whoever asks decides which
    cell of the next frame is the same cell.
    """
    started = time.perf_counter()
    model: Model = services().model
    finder = _Stopwatch(answering_finder())
    with stage(Stage.DECODE):
        rgb = open_image(_read_frame()).rgb
    decoded = time.perf_counter()
    smear = read_smear(model, finder, rgb)
    milliseconds = Milliseconds(
        decode=round((decoded - started) * 1000, 1),
        detect=round(finder.milliseconds, 1),
        classify=round(max(smear.milliseconds - finder.milliseconds, 0.0), 1),
    )
    return answer(describe_frame(smear, model, milliseconds))


def describe_frame(smear: Smear, model: Model, milliseconds: Milliseconds) -> LiveFrame:
    """Return what is in a frame, in short."""
    return LiveFrame(
        width=smear.width,
        height=smear.height,
        cell_types=smear.cell_types,
        cells=[_describe_cell(cell) for cell in smear.cells],
        warnings=smear.warnings,
        model=model.reference,
        detector=smear.detector,
        milliseconds=milliseconds,
    )


class _Stopwatch:
    """A finder that says how long it took: a field's record only has the sum."""

    def __init__(self, finder: Finder) -> None:
        self._finder = finder
        self.milliseconds = 0.0

    @property
    def reference(self) -> ModelReference:
        return self._finder.reference

    def find(self, rgb: np.ndarray, *, um_per_px: float | None = None) -> list[Detection]:
        started = time.perf_counter()
        found = self._finder.find(rgb, um_per_px=um_per_px)
        self.milliseconds = (time.perf_counter() - started) * 1000
        return found


def _read_frame() -> bytes:
    if request.mimetype != FRAME:
        kind = clean_name(request.mimetype) or "a body without Content-Type"
        raise Problem(
            "unsupported-media-type",
            f"Received {kind}. Send one JPEG file as the body, with Content-Type: {FRAME}.",
        )
    return request.get_data(cache=False)


def _describe_cell(cell: FoundCell) -> LiveCell:
    named = _describe_name(cell.prediction) if cell.prediction else {}
    return LiveCell(cell.kind, _edges(cell.box), round(cell.score, DIGITS), cell.cut, **named)


def _describe_name(prediction: Prediction) -> dict[str, Any]:
    heatmap = np.rint(normalise(prediction.heatmap()) * 255).astype(np.uint8)
    data = base64.b64encode(heatmap.tobytes()).decode("ascii")
    return {
        "type": prediction.cell_type,
        "confidence": round(prediction.confidence, DIGITS),
        "status": prediction.status,
        "probabilities": [round(p, DIGITS) for p in prediction.probabilities.values()],
        "heatmap": LiveHeatmap(heatmap.shape[1], heatmap.shape[0], data),
        "heatmap_box": _edges(prediction.box),
    }


def _edges(box: Box) -> Edges:
    return box.left, box.top, box.right, box.bottom
