"""How well a detector's boxes fit a person's: average precision, by pycocotools."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from hemavision.datasets.fields import NAMES, BoxedField, bccd_test_fields
from hemavision.datasets.protocols import measuring
from hemavision.datasets.samples import open_sample, read_pbc
from hemavision.datasets.splits import SPLIT_SEED, drawn
from hemavision.differential import clopper_pearson
from hemavision.reading.finding.detector import DEFAULT_DETECTOR, Detector, open_detector
from hemavision.reading.finding.tiles import matched
from hemavision.records.results import NOTICE, CellKind, Detection

#: What measures a detector at home.
(PROTOCOL,) = (protocol for protocol in measuring("detector") if not protocol.never_seen)
#: Average precision looks at every detection, however unsure.
LEAST_SCORE = 0.01
DRAWS = 200
#: Of an interval: shares of the draws below.
EDGES = (0.025, 0.975)
#: Pictures of single white cells.
ELSEWHERE = 300
#: "False" detections to look at by eye: how many, in how many columns, pixels a side.
SAMPLE, COLUMNS, SIDE_PX = 60, 10, 120

Progress = Callable[[int, int], None]


def score_detector(
    model: str | None,
    data: Path,
    out: Path | None = None,
    progress: Progress | None = None,
    limit: int | None = None,
) -> dict[str, Any]:
    """Measure a detector on BCCD's test fields.

    Args:
        model: a shipped detector's name or a bundle's path; ``None`` for the shipped one.
        data: folder of the image sets.
        limit: most fields, and most pictures of one cell, drawn with a fixed seed.
        out: folder for a picture of "false" detections, drawn by seed.
        progress: called with (done, total).

    Returns:
        ``map50``, ``map50_95``, ``ap50`` by kind, ``intervals`` (95%, fields resampled); at the
        detector's own thresholds ``precision`` and ``recall`` by kind; and ``elsewhere``, in how
        many pictures of one white cell it finds it, and finds it twice.

    Raises:
        BundleError: there is no such detector.
        DataError: BCCD is not there.
    """
    detector = open_detector(model or DEFAULT_DETECTOR)
    fields = drawn(bccd_test_fields(data), limit)
    found = []
    for index, field in enumerate(fields):
        found.append(detector.find(field.open(), least=LEAST_SCORE))
        if progress:
            progress(index + 1, len(fields))
    sure = [_sure(detector, cells) for cells in found]
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        write_false(fields, sure, out / "false-detections.png")
    return {
        "protocol": PROTOCOL.name,
        "images": len(fields),
        "marked": {k.value: sum(int((f.kinds == i).sum()) for f in fields)
                   for i, k in enumerate(NAMES)},
        **figures_with_intervals(judge(fields, found), len(fields)),
        "at_threshold": _at_threshold(fields, sure),
        "elsewhere": _elsewhere(detector, data, limit or ELSEWHERE),
        "detector": asdict(detector.reference),
        "notice": NOTICE,
    }  # fmt: skip


def _sure(detector: Detector, cells: list[Detection]) -> list[Detection]:
    limits = detector.manifest.thresholds
    return [cell for cell in cells if cell.score >= limits[cell.kind]]


def figures_with_intervals(judged: COCOeval, count: int) -> dict[str, Any]:
    """Return ``map50``, ``map50_95``, ``ap50`` by kind, and ``intervals`` (95%, fields resampled).

    Args:
        judged: as :func:`judge` gives it.
        count: of the fields.
    """
    rng = np.random.default_rng(SPLIT_SEED)
    draws = [_figures(judged, rng.integers(count, size=count)) for _ in range(DRAWS)]
    figures = _figures(judged, np.arange(count))
    spread = {
        name: [float(edge) for edge in np.quantile([d[name] for d in draws], EDGES).round(4)]
        for name in figures
    }
    return {**_nested(figures), "intervals": _nested(spread)}


def judge(fields: list[BoxedField], found: list[list[Detection]]) -> COCOeval:
    """Match detections and marks at every overlap that COCO's average precision asks."""
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = {
            "info": {},
            "images": [{"id": n} for n in range(len(fields))],
            "categories": [{"id": n, "name": name} for n, name in enumerate(NAMES.values())],
            "annotations": [
                {
                    "id": 1000 * n + m + 1,
                    "image_id": n,
                    "category_id": int(kind),
                    "bbox": _as_coco(box),
                    "area": float((box[2] - box[0]) * (box[3] - box[1])),
                    "iscrowd": 0,
                }
                for n, field in enumerate(fields)
                for m, (box, kind) in enumerate(zip(field.boxes, field.kinds, strict=True))
            ],
        }
        truth.createIndex()
        kinds = list(NAMES)
        answers = truth.loadRes([
            {
                "image_id": n,
                "category_id": kinds.index(cell.kind),
                "bbox": _as_coco(corners(cell)),
                "score": cell.score,
            }
            for n, cells in enumerate(found)
            for cell in cells
        ])  # fmt: skip
        judged = COCOeval(truth, answers, "bbox")
        # A field holds up to some forty cells; none may fall under the table.
        judged.params.maxDets = [1, 10, 300]
        judged.params.areaRng, judged.params.areaRngLbl = [[0, 1e10]], ["all"]
        judged.evaluate()
    return judged


def _figures(judged: COCOeval, fields: np.ndarray) -> dict[str, float]:
    """Return the figures over a draw of the fields, with those that it holds twice twice."""
    kinds, count = len(NAMES), len(judged.params.imgIds)
    matches, drawn = judged.evalImgs, []
    for kind in range(kinds):
        drawn += [matches[kind * count + n] for n in fields]
    judged.evalImgs = drawn
    with contextlib.redirect_stdout(io.StringIO()):
        judged.accumulate()
    judged.evalImgs = matches
    # overlaps × recalls × kinds × areas × most detections
    precision = judged.eval["precision"][:, :, :, 0, -1]
    by_kind = {f"ap50.{k.value}": float(precision[0, :, i].mean()) for i, k in enumerate(NAMES)}
    overall = {"map50": float(precision[0].mean()), "map50_95": float(precision.mean())}
    return {name: round(value, 4) for name, value in (overall | by_kind).items()}


def _nested(figures: dict[str, Any]) -> dict[str, Any]:
    nested: dict[str, Any] = {"ap50": {}}
    for name, value in figures.items():
        first, _, kind = name.partition(".")
        if kind:
            nested[first][kind] = value
        else:
            nested[first] = value
    return nested


def _at_threshold(
    fields: list[BoxedField], sure: list[list[Detection]]
) -> dict[str, dict[str, float]]:
    """Return precision and recall of each kind at the detector's own thresholds."""
    figures = {}
    for index, kind in enumerate(NAMES):
        right = named = marked = 0
        for field, cells in zip(fields, sure, strict=True):
            boxes = field.boxes[field.kinds == index]
            found = np.array([corners(c) for c in cells if c.kind == kind]).reshape(-1, 4)
            right += sum(mark >= 0 for mark in matched(boxes, found))
            named, marked = named + len(found), marked + len(boxes)
        figures[kind.value] = {
            "precision": round(right / max(named, 1), 4),
            "recall": round(right / max(marked, 1), 4),
            "found": named,
        }
    return figures


def _elsewhere(detector: Detector, data: Path, count: int) -> dict[str, Any]:
    """Return how often the white cell of a picture out of PBC's test part is found."""
    cells = [s for s in read_pbc(data / "pbc", "test") if s.cell_type != "platelet"]
    rng = np.random.default_rng(SPLIT_SEED)
    chosen = [cells[n] for n in rng.permutation(len(cells))[:count]]
    counts = [
        sum(c.kind is CellKind.WHITE for c in detector.find(open_sample(sample)))
        for sample in chosen
    ]
    found = sum(count > 0 for count in counts)
    return {
        "set": "pbc test",
        "images": len(chosen),
        "found": round(found / len(chosen), 4),
        "interval": [round(edge, 4) for edge in clopper_pearson(found, len(chosen))],
        "found_twice": round(sum(count > 1 for count in counts) / len(chosen), 4),
    }


def write_false(fields: list[BoxedField], sure: list[list[Detection]], path: Path) -> None:
    """Draw detections that fit no mark, a sample by seed, each in its surroundings."""
    false = []
    for field, cells in zip(fields, sure, strict=True):
        for index, kind in enumerate(NAMES):
            own = [cell for cell in cells if cell.kind == kind]
            found = np.array([corners(cell) for cell in own]).reshape(-1, 4)
            shown = matched(field.boxes[field.kinds == index], found)
            false += [(field, cell) for cell, mark in zip(own, shown, strict=True) if mark < 0]
    rng = np.random.default_rng(SPLIT_SEED)
    chosen = rng.permutation(len(false))[:SAMPLE]
    rows = -(-len(chosen) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * SIDE_PX, max(rows, 1) * (SIDE_PX + 14)), "white")
    draw = ImageDraw.Draw(sheet)
    for place, number in enumerate(sorted(chosen)):
        field, cell = false[number]
        left, top = place % COLUMNS * SIDE_PX, place // COLUMNS * (SIDE_PX + 14)
        sheet.paste(_surroundings(field, cell), (left, top))
        draw.text((left + 2, top + SIDE_PX + 1), f"{place + 1} {cell.kind.value}", fill="black")
    sheet.save(path)


def _surroundings(field: BoxedField, cell: Detection) -> Image.Image:
    left, top, right, bottom = corners(cell)
    side = 2.0 * max(right - left, bottom - top)
    x, y = (left + right - side) / 2, (top + bottom - side) / 2
    image = Image.fromarray(field.open())
    picture = image.transform(
        (SIDE_PX, SIDE_PX), Image.Transform.EXTENT, (x, y, x + side, y + side), fill=1
    )
    shown = [
        (v - o) * SIDE_PX / side
        for v, o in zip((left, top, right, bottom), (x, y, x, y), strict=True)
    ]
    ImageDraw.Draw(picture).rectangle(shown, outline=(0, 200, 0))
    return picture


def corners(cell: Detection) -> tuple[int, int, int, int]:
    """Return the left, top, right and bottom edge of a cell's box."""
    box = cell.box
    return box.left, box.top, box.right, box.bottom


def _as_coco(box: Any) -> list[float]:
    left, top, right, bottom = (float(edge) for edge in box)
    return [left, top, right - left, bottom - top]
