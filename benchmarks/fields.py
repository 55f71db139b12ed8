"""Whole fields: seconds and accuracy of the detector beside a classical way and YOLO's time.

All see the same BCCD test fields, decoded, one at a time, in the same run; each round forms its own
ratios. The classical way thresholds colours (Otsu) and parts touching cells by a watershed, as
scikit-image's own examples do, with sizes fitted to BCCD's training fields. YOLO's smallest network
(Ultralytics, from its configuration, untrained: for its time alone) takes the same input size. Then
fields as a camera gives them, 2,048×1,536 JPEG, from bytes to their answer: BCISC's, at the size
that its makers had.

    python benchmarks/fields.py --rounds 5

Needs the image sets (HEMAVISION_DATA) and scikit-image; times YOLO where Ultralytics is installed
(`pip install ultralytics torch==2.13.0`).
"""

from __future__ import annotations

import argparse
import io
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage
from skimage.color import rgb2hsv
from skimage.feature import peak_local_max
from skimage.filters import threshold_otsu
from skimage.measure import regionprops
from skimage.segmentation import watershed

from hemavision.datasets.fields import NAMES, BoxedField, bccd_test_fields, read_bcisc_fields
from hemavision.datasets.splits import drawn
from hemavision.images.opening import open_image
from hemavision.reading.bundle import DEFAULT_MODEL
from hemavision.reading.cell import Model, open_model
from hemavision.reading.field import read_smear
from hemavision.reading.finding.detector import DEFAULT_DETECTOR, Detector, open_detector
from hemavision.reading.finding.tiles import matched
from hemavision.records.results import CellKind
from hemavision.settings import data_folder

#: Of BCCD's training fields: the least area of a white cell's nucleus, the largest of a platelet
#: (squares of pixels), and half the distance between the middles of two red cells.
NUCLEUS_AREA, PLATELET_AREA, RED_RADIUS = 2500, 1600, 34
#: A nucleus is this much of its white cell's side.
CELL_FOR_NUCLEUS = 1.35

#: Pixels of a camera's field, and how many of them are read.
LARGE, LARGE_FIELDS = (2048, 1536), 4

#: kind → boxes, float B×4.
Boxes = dict[CellKind, np.ndarray]


def threshold_and_watershed(rgb: np.ndarray) -> Boxes:
    """Find cells by colour and shape alone."""
    saturation = rgb2hsv(rgb)[..., 1]
    green = ndimage.gaussian_filter(rgb[..., 1].astype(float), 2)
    red = ndimage.gaussian_filter(rgb[..., 0].astype(float), 2)
    is_cell = green < threshold_otsu(green)
    is_nucleus = (red < threshold_otsu(red[is_cell])) & (saturation > threshold_otsu(saturation))
    is_nucleus = ndimage.binary_opening(is_nucleus, iterations=3)
    white, platelets = [], []
    for region in regionprops(ndimage.label(ndimage.binary_dilation(is_nucleus, iterations=6))[0]):
        top, left, bottom, right = region.bbox
        if region.area >= NUCLEUS_AREA:
            white.append(_grown(left, top, right, bottom))
        elif region.area <= PLATELET_AREA:
            platelets.append((left, top, right, bottom))
    filled = ndimage.binary_fill_holes(is_cell) & ~ndimage.binary_dilation(is_nucleus, iterations=9)
    distance = ndimage.distance_transform_edt(filled)
    peaks = peak_local_max(distance, min_distance=RED_RADIUS, threshold_abs=RED_RADIUS / 2)
    markers = np.zeros(filled.shape, int)
    markers[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
    regions = regionprops(watershed(-distance, markers, mask=filled))
    reds = [(r.bbox[1], r.bbox[0], r.bbox[3], r.bbox[2]) for r in regions]
    found = ((CellKind.WHITE, white), (CellKind.RED, reds), (CellKind.PLATELET, platelets))
    return {kind: np.array(boxes, float).reshape(-1, 4) for kind, boxes in found}


def _grown(left: int, top: int, right: int, bottom: int) -> tuple[float, float, float, float]:
    x, y = (left + right) / 2, (top + bottom) / 2
    half_x, half_y = (
        (high - low) / 2 * CELL_FOR_NUCLEUS for low, high in ((left, right), (top, bottom))
    )
    return x - half_x, y - half_y, x + half_x, y + half_y


def by_detector(detector: Detector) -> Callable[[np.ndarray], Boxes]:
    """Return a detector as a function from a field to boxes."""

    def find(rgb: np.ndarray) -> Boxes:
        cells = detector.find(rgb)
        boxes = {kind: [c.box for c in cells if c.kind == kind] for kind in CellKind}
        return {
            kind: np.array([(b.left, b.top, b.right, b.bottom) for b in own], float).reshape(-1, 4)
            for kind, own in boxes.items()
        }

    return find


def f_scores(
    find: Callable[[np.ndarray], Boxes], fields: list[BoxedField]
) -> dict[CellKind, float]:
    """Return each kind's F-score at an overlap of one half."""
    right, named, marked = (dict.fromkeys(CellKind, 0) for _ in range(3))
    for field in fields:
        found = find(field.open())
        for index, kind in enumerate(NAMES):
            boxes = field.boxes[field.kinds == index]
            right[kind] += sum(mark >= 0 for mark in matched(boxes, found[kind]))
            named[kind] += len(found[kind])
            marked[kind] += len(boxes)
    return {kind: 2 * right[kind] / max(named[kind] + marked[kind], 1) for kind in CellKind}


def ways(model: Model, finder: Detector) -> dict[str, Callable[[np.ndarray], object]]:
    """Return what is timed, by name."""
    chosen: dict[str, Callable[[np.ndarray], object]] = {
        "detector": by_detector(finder),
        "detector, types and heatmaps": lambda rgb: read_smear(model, finder, rgb),
        "threshold and watershed": threshold_and_watershed,
    }
    try:
        chosen["YOLOv8 nano, untrained"] = _yolo()
    except (ImportError, RuntimeError) as error:
        # RuntimeError: a torchvision that was built for another PyTorch.
        print(f"YOLO is left out: {error}")
    return chosen


def _yolo() -> Callable[[np.ndarray], object]:
    from ultralytics import YOLO

    yolo = YOLO("yolov8n.yaml")
    return lambda rgb: yolo.predict(rgb[..., ::-1], imgsz=(240, 320), device="cpu", verbose=False)


def main() -> None:
    """Time every way on the same fields, and score those that were taught something."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--fields", type=int, default=12)
    parser.add_argument("--detector", default=DEFAULT_DETECTOR, help="a name or a bundle")
    parser.add_argument("--model", default=DEFAULT_MODEL, help="a name or a bundle")
    arguments = parser.parse_args()
    fields = bccd_test_fields(data_folder())
    pictures = [field.open() for field in fields[: arguments.fields]]
    model, finder = open_model(arguments.model), open_detector(arguments.detector)
    chosen = ways(model, finder)
    for way in chosen.values():
        way(pictures[0])
    seconds: dict[str, list[float]] = {name: [] for name in chosen}
    for _ in range(arguments.rounds):
        for name, way in chosen.items():
            started = time.perf_counter()
            for picture in pictures:
                way(picture)
            seconds[name].append((time.perf_counter() - started) / len(pictures))
    for name, values in seconds.items():
        ratios = np.array(values) / np.array(seconds["detector"])
        print(
            f"{name}: {1 / np.median(values):.1f} fields a second; "
            f"{np.median(ratios):.2f} [{ratios.min():.2f}, {ratios.max():.2f}] of the detector's "
            "time"
        )
    for name in ("detector", "threshold and watershed"):
        scores = f_scores(chosen[name], fields)  # type: ignore[arg-type]
        shown = ", ".join(f"{kind.value} {value:.3f}" for kind, value in scores.items())
        print(f"F-score on {len(fields)} test fields, {name}: {shown}")
    time_large(model, finder, arguments.rounds)


def time_large(model: Model, finder: Detector, rounds: int) -> None:
    """Print the milliseconds of a field of :data:`LARGE` pixels, and of its parts."""
    files = [_large(field.path) for field in drawn(read_bcisc_fields(data_folder()), LARGE_FIELDS)]
    spent: dict[str, list[float]] = {name: [] for name in ("decoding", "finding", "all")}
    for file in files * (rounds + 1):
        moments = [time.perf_counter()]
        rgb = open_image(file).rgb
        moments.append(time.perf_counter())
        finder.find(rgb)
        moments.append(time.perf_counter())
        read_smear(model, finder, rgb)
        decoding, finding, reading = np.diff([*moments, time.perf_counter()])
        for name, seconds in zip(spent, (decoding, finding, decoding + reading), strict=True):
            spent[name].append(1000 * seconds)
    for name, values in spent.items():
        kept = values[len(files) :]  # the first round warms up
        print(f"{LARGE[0]}×{LARGE[1]}, {name}: {np.median(kept):.0f} ms (all: must be 250)")


def _large(path: Path) -> bytes:
    stream = io.BytesIO()
    Image.open(path).resize(LARGE, Image.Resampling.BICUBIC).save(stream, "JPEG", quality=90)
    return stream.getvalue()


if __name__ == "__main__":
    main()
