"""A slide made of real fields side by side, and a camera that pans over it: for the live page.

Nothing of it is committed: the fields are read from the image sets, the clip lies in a temporary
folder for as long as a test runs.
"""

from __future__ import annotations

import io
import itertools
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from hemavision.datasets.samples import boxes_of
from hemavision.records.results import Box, CellKind, Detection, ModelReference

WIDTH, HEIGHT = 640, 480
KINDS = {"WBC": CellKind.WHITE, "RBC": CellKind.RED, "Platelets": CellKind.PLATELET}
#: A white cell this near to its photograph's border, in pixels, may be half of one: such fields
#: are left out, so that the truth is a whole number.
MARGIN_PX = 6
QUALITY = 92

Point = tuple[float, float]


@dataclass(frozen=True)
class Slide:
    """A slide: uint8 H×W×3, and the boxes that the set's makers drew, in its pixels."""

    rgb: np.ndarray
    cells: tuple[Detection, ...]

    @property
    def white_cells(self) -> list[Detection]:
        return [cell for cell in self.cells if cell.kind is CellKind.WHITE]

    def view(self, x: float, y: float) -> np.ndarray:
        """Return what a camera sees whose left upper corner is at (x, y), on whole pixels."""
        left, top = round(x), round(y)
        return self.rgb[top : top + HEIGHT, left : left + WIDTH]


def make_slide(data: Path, columns: int, rows: int, seed: int = 1) -> Slide:
    """Lay fields of BCCD's test list side by side; each has a white cell, all of them whole."""
    fit = [name for name in field_names(data) if _white_cells_are_whole(field_cells(data, name))]
    chosen = random.Random(seed).sample(fit, columns * rows)
    rgb = np.zeros((rows * HEIGHT, columns * WIDTH, 3), np.uint8)
    cells: list[Detection] = []
    for place, name in enumerate(chosen):
        top, left = place // columns * HEIGHT, place % columns * WIDTH
        rgb[top : top + HEIGHT, left : left + WIDTH] = field_picture(data, name)
        cells += [Detection(d.kind, _moved(d.box, left, top), 1.0) for d in field_cells(data, name)]
    return Slide(rgb, tuple(cells))


def serpentine(slide: Slide, step_px: float) -> list[Point]:
    """Return the camera's places along the rows and back again, `step_px` from frame to frame."""
    height, width = slide.rgb.shape[:2]
    corners: list[Point] = []
    for row in range(height // HEIGHT):
        ends = [0.0, float(width - WIDTH)]
        corners += [(x, float(row * HEIGHT)) for x in (ends if row % 2 == 0 else ends[::-1])]
    there = [corners[0]]
    for start, end in itertools.pairwise(corners):
        parts = max(1, round(float(np.hypot(end[0] - start[0], end[1] - start[1])) / step_px))
        there += [
            (start[0] + (end[0] - start[0]) * k / parts, start[1] + (end[1] - start[1]) * k / parts)
            for k in range(1, parts + 1)
        ]
    # There and back, so that a clip that is played again and again has no jump.
    return there + there[-2:0:-1]


def write_clip(slide: Slide, points: Sequence[Point], path: Path) -> None:
    """Write a clip as Chromium's fake camera plays it: JPEG files in a row, 30 a second."""
    with path.open("wb") as file:
        for x, y in points:
            frame = io.BytesIO()
            Image.fromarray(slide.view(x, y)).save(frame, "JPEG", quality=QUALITY, subsampling=2)
            file.write(frame.getvalue())


class SlideFinder:
    """Knows a slide by heart: finds where a frame lies on it and answers with the makers' boxes.

    The page's own work is tested with it, whatever a detector can do.
    """

    def __init__(self, slide: Slide) -> None:
        self._cells = slide.cells
        self._levels = {shrink: _grey(slide.rgb, shrink) for shrink in (8, 4, 2)}

    @property
    def reference(self) -> ModelReference:
        return ModelReference("slide", "0" * 64)

    def find(self, rgb: np.ndarray, *, um_per_px: float | None = None) -> list[Detection]:
        frame = _grey(rgb, 8)
        x, y = (8 * place for place in _correlate(self._levels[8], frame))
        for shrink in (4, 2):
            x, y = self._refine(_grey(rgb, shrink), x, y, shrink)
        height, width = rgb.shape[:2]
        moved = [(cell, _clipped(_moved(cell.box, -x, -y), width, height)) for cell in self._cells]
        return [
            Detection(cell.kind, box, cell.score)
            for cell, box in moved
            if min(box.right - box.left, box.bottom - box.top) >= 12
        ]

    def _refine(self, frame: np.ndarray, x: int, y: int, shrink: int) -> tuple[int, int]:
        slide = self._levels[shrink]
        height, width = frame.shape
        best, place = np.inf, (x, y)
        for row in range(max(y // shrink - 2, 0), min(y // shrink + 3, len(slide) - height + 1)):
            for column in range(
                max(x // shrink - 2, 0), min(x // shrink + 3, slide.shape[1] - width + 1)
            ):
                there = slide[row : row + height, column : column + width]
                off = float(np.abs(there - frame).mean())
                if off < best:
                    best, place = off, (column * shrink, row * shrink)
        return place


def _correlate(slide: np.ndarray, frame: np.ndarray) -> tuple[int, int]:
    """Return (x, y) where the frame fits the slide best: least squares, by Fourier transform."""
    height, width = frame.shape
    spectrum = np.fft.rfft2(slide) * np.conj(np.fft.rfft2(frame, slide.shape))
    common = np.fft.irfft2(spectrum, slide.shape)
    squares = np.pad(np.cumsum(np.cumsum(slide**2, 0), 1), ((1, 0), (1, 0)))
    energy = squares[height:, width:] - squares[:-height, width:]
    energy = energy - squares[height:, :-width] + squares[:-height, :-width]
    off = energy - 2 * common[: energy.shape[0], : energy.shape[1]]
    row, column = np.unravel_index(np.argmin(off), off.shape)
    return int(column), int(row)


def _grey(rgb: np.ndarray, shrink: int) -> np.ndarray:
    return np.asarray(Image.fromarray(rgb).convert("L").reduce(shrink), np.float64)


def field_names(data: Path) -> list[str]:
    """Return the names of BCCD's test list."""
    return (data / "bccd/ImageSets/Main/test.txt").read_text(encoding="utf-8").split()


def field_picture(data: Path, name: str) -> np.ndarray:
    with Image.open(data / "bccd/JPEGImages" / f"{name}.jpg") as image:
        return np.asarray(image.convert("RGB"))


def field_cells(data: Path, name: str) -> list[Detection]:
    """Return what the makers boxed in a field."""
    return [
        Detection(kind, box, 1.0)
        for called, kind in KINDS.items()
        for box in boxes_of(data / "bccd", f"{name}.jpg", called)
    ]


def _white_cells_are_whole(cells: Sequence[Detection]) -> bool:
    white = [cell.box for cell in cells if cell.kind is CellKind.WHITE]
    return bool(white) and all(
        min(b.left, b.top, WIDTH - b.right, HEIGHT - b.bottom) >= MARGIN_PX for b in white
    )


def _moved(box: Box, right: int, down: int) -> Box:
    return Box(box.left + right, box.top + down, box.right + right, box.bottom + down)


def _clipped(box: Box, width: int, height: int) -> Box:
    return Box(max(box.left, 0), max(box.top, 0), min(box.right, width), min(box.bottom, height))
