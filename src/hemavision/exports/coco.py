"""Cells as a COCO data set: boxes, categories, scores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hemavision.exports.table import label_of, labels_of, types_in
from hemavision.reading.found import FoundCell, NamedSmear
from hemavision.records.results import NOTICE


def to_coco(fields: Sequence[NamedSmear]) -> dict[str, Any]:
    """Return the fields as one data set, as JSON values.

    The form is that of COCO's object detection (Lin et al. 2014); ``score`` stands as in its
    results and ``attributes`` as CVAT writes them.
    """
    labels = labels_of(types_in(fields))
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for image_id, field in enumerate(fields, start=1):
        size = {"width": field.smear.width, "height": field.smear.height}
        images.append({"id": image_id, "file_name": field.name} | size)
        for cell in field.smear.cells:
            numbers = {"id": len(annotations) + 1, "image_id": image_id}
            category = {"category_id": labels.index(label_of(cell)) + 1}
            annotations.append(numbers | category | _annotation(cell))
    return {
        "info": {"description": f"Cells found by HemaVision. {NOTICE}"},
        "licenses": [],
        "images": images,
        "annotations": annotations,
        "categories": [
            {"id": number, "name": label, "supercategory": "blood cell"}
            for number, label in enumerate(labels, start=1)
        ],
    }


def _annotation(cell: FoundCell) -> dict[str, Any]:
    left, top, right, bottom = cell.box.left, cell.box.top, cell.box.right, cell.box.bottom
    attributes: dict[str, Any] = {"kind": cell.kind.value, "cut": cell.cut}
    attributes["clumped"] = cell.clumped
    if cell.prediction:
        attributes |= {
            "cell_type": cell.prediction.cell_type,
            "confidence": cell.prediction.confidence,
            "status": cell.prediction.status.value,
        }
    return {
        "bbox": [left, top, right - left, bottom - top],
        "area": (right - left) * (bottom - top),
        "segmentation": [[left, top, right, top, right, bottom, left, bottom]],
        "iscrowd": 0,
        "score": cell.score,
        "attributes": attributes,
    }
