"""From a whole field to what is in it: find the cells, name the white ones, mark the doubtful."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from hemavision.images.quality import find_cautions, measure_sharpness
from hemavision.reading.cell import Model
from hemavision.reading.explaining import overlay
from hemavision.reading.explaining.overlay import OPACITY
from hemavision.reading.finding.detector import Finder
from hemavision.reading.found import FoundCell, Smear
from hemavision.reading.heard import Stage, stage
from hemavision.reading.where import holds, moved, where_found
from hemavision.records.results import Box, CellKind, Detection, Prediction

#: A box that comes this near to the border, in pixels or, where that is more, in its own longer
#: sides, is of a cell that the border cuts: a detector's boxes end a little short of it.
BORDER_PX, BORDER_SIDES = 2, 1 / 32
#: Cells are clumped where one of the same kind covers this share of the smaller one's box.
CLUMPED_SHARE = 0.1


def read_smear(
    model: Model,
    finder: Finder,
    rgb: np.ndarray,
    *,
    um_per_px: float | None = None,
    own: Box | None = None,
) -> Smear:
    """Find and count the cells of a field, and name its white ones.

    Args:
        model: that names white cells.
        finder: that finds cells.
        rgb: uint8 H×W×3, 0 to 255.
        um_per_px: side of a pixel in µm, where that is known.
        own: of a piece of something larger, the part whose cells are wanted, by their centres, in
            pixels; the others are seen, but neither told nor named.
    """
    started = time.perf_counter()
    with stage(Stage.DETECT):
        found = finder.find(rgb, um_per_px=um_per_px)
    told = [
        (detection, lies_over)
        for detection, lies_over in zip(found, find_clumped(found), strict=True)
        if own is None or holds(own, detection.box)
    ]
    white = [detection for detection, _ in told if detection.kind is CellKind.WHITE]
    predictions = iter(name_white_cells(model, rgb, white))
    height, width = rgb.shape[:2]
    sharpness = measure_sharpness(rgb, found)
    cells = tuple(
        FoundCell(
            detection.kind,
            detection.box,
            detection.score,
            is_cut(detection.box, width, height),
            lies_over,
            next(predictions) if detection.kind is CellKind.WHITE else None,
        )
        for detection, lies_over in told
    )
    return Smear(
        width=width,
        height=height,
        cells=cells,
        cell_types=model.manifest.cell_types,
        warnings=find_cautions(rgb, found, sharpness),
        sharpness=sharpness,
        detector=finder.reference,
        milliseconds=(time.perf_counter() - started) * 1000,
    )


def name_white_cells(model: Model, rgb: np.ndarray, found: Sequence[Detection]) -> list[Prediction]:
    """Return the prediction of each white cell, its box in pixels of the field.

    Args:
        model: that names it.
        rgb: uint8 H×W×3, the field.
        found: white cells in it.
    """
    spec = model.manifest.preprocess
    with stage(Stage.LOCATE):
        boxes = [where_found(rgb, detection.box, spec) for detection in found]
    return list(model.predict_boxes([rgb] * len(boxes), boxes))


def overlay_cell(
    rgb: np.ndarray, prediction: Prediction, opacity: float = OPACITY
) -> tuple[np.ndarray, Box]:
    """Return the part of a field that a prediction is about, with its heatmap over it.

    Args:
        rgb: uint8 H×W×3, the field.
        prediction: of a white cell in it, with heatmaps.
        opacity: of the heatmap, 0 to 1.

    Returns:
        uint8 h×w×3, and where it lies in the field: the prediction's box, less what is outside.
    """
    height, width = rgb.shape[:2]
    seen = _inside(prediction.box, width, height)
    box = moved(prediction.box, -seen.left, -seen.top)
    picture = rgb[seen.top : seen.bottom, seen.left : seen.right]
    return overlay(picture, prediction.heatmap(), box, opacity), seen


def draw_heatmaps(rgb: np.ndarray, smear: Smear) -> np.ndarray:
    """Return a field, uint8 H×W×3, with the heatmaps of its white cells over it."""
    drawn = rgb.copy()
    # The surest last, so that it is whole.
    for prediction in reversed(smear.predictions):
        picture, box = overlay_cell(rgb, prediction)
        drawn[box.top : box.bottom, box.left : box.right] = picture
    return drawn


def is_cut(box: Box, width: int, height: int) -> bool:
    """Whether the border of a field of this size, in pixels, cuts the cell in ``box``."""
    near = min(box.left, box.top, width - box.right, height - box.bottom)
    longer = max(box.right - box.left, box.bottom - box.top)
    return near < max(BORDER_PX, BORDER_SIDES * longer)


def find_clumped(found: Sequence[Detection]) -> list[bool]:
    """Return, for each cell, whether it lies over another of its kind."""
    clumped = np.zeros(len(found), bool)
    for kind in CellKind:
        places = [i for i, detection in enumerate(found) if detection.kind is kind]
        clumped[places] = _overlapping([found[i].box for i in places])
    return [bool(value) for value in clumped]


def _overlapping(boxes: Sequence[Box]) -> np.ndarray:
    """Return, for each of N boxes, whether another covers :data:`CLUMPED_SHARE`: bool N."""
    edges = np.array([(b.left, b.top, b.right, b.bottom) for b in boxes], float).reshape(-1, 4)
    areas = (edges[:, 2] - edges[:, 0]) * (edges[:, 3] - edges[:, 1])
    answers = np.zeros(len(edges), bool)
    # A row at a time: a panorama has thousands of cells.
    for place, (left, top, right, bottom) in enumerate(edges):
        wide = np.minimum(edges[:, 2], right) - np.maximum(edges[:, 0], left)
        high = np.minimum(edges[:, 3], bottom) - np.maximum(edges[:, 1], top)
        shared = np.maximum(wide, 0) * np.maximum(high, 0)
        shared[place] = 0
        answers[place] = bool((shared >= CLUMPED_SHARE * np.minimum(areas, areas[place])).any())
    return answers


def _inside(box: Box, width: int, height: int) -> Box:
    left, top = max(box.left, 0), max(box.top, 0)
    return Box(left, top, min(box.right, width), min(box.bottom, height))
