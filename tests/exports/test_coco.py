"""A COCO data set, read by COCO's own tools."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
from pycocotools.coco import COCO

from hemavision.exports.coco import to_coco
from hemavision.exports.table import label_of
from hemavision.reading.found import NamedSmear
from hemavision.records.results import NOTICE


def opened(fields: list[NamedSmear], folder: Path) -> COCO:
    path = folder / "cells.json"
    path.write_text(json.dumps(to_coco(fields)))
    return COCO(str(path))


def test_pycocotools_finds_every_cell_where_it_is(fields: list[NamedSmear], tmp_path: Path) -> None:
    coco = opened(fields, tmp_path)
    images = {image["file_name"]: image for image in coco.loadImgs(coco.getImgIds())}
    assert list(images) == [field.name for field in fields]
    for field in fields:
        image = images[field.name]
        assert (image["width"], image["height"]) == (field.smear.width, field.smear.height)
        found = coco.loadAnns(coco.getAnnIds(imgIds=image["id"]))
        names = [coco.loadCats(a["category_id"])[0]["name"] for a in found]
        assert names == [label_of(cell) for cell in field.smear.cells]
        for annotation, cell in zip(found, field.smear.cells, strict=True):
            left, top, width, height = annotation["bbox"]
            box = cell.box
            assert (left, top, left + width, top + height) == (
                box.left, box.top, box.right, box.bottom,
            )  # fmt: skip
            assert annotation["score"] == cell.score


def test_its_masks_are_the_boxes(fields: list[NamedSmear], tmp_path: Path) -> None:
    coco = opened(fields, tmp_path)
    for annotation in coco.loadAnns(coco.getAnnIds()):
        mask = coco.annToMask(annotation)
        rows, columns = np.nonzero(mask)
        left, top, width, height = annotation["bbox"]
        assert abs(int(mask.sum()) - annotation["area"]) <= 2 * (width + height)
        assert abs(columns.min() - left) <= 1
        assert abs(rows.max() + 1 - top - height) <= 1


def test_pycocotools_reads_it_as_results_too(fields: list[NamedSmear], tmp_path: Path) -> None:
    coco = opened(fields, tmp_path)
    kept = ("image_id", "category_id", "bbox", "score")
    found = [{name: a[name] for name in kept} for a in coco.loadAnns(coco.getAnnIds())]
    again = coco.loadRes(found)
    assert len(again.getAnnIds()) == len(found)


def test_categories_are_the_models_types_and_the_kinds(fields: list[NamedSmear]) -> None:
    values = to_coco(fields)
    names = [category["name"] for category in values["categories"]]
    assert max(Counter(names).values()) == 1
    assert {"white_cell", "red_cell", "platelet", *fields[0].smear.cell_types} == set(names)
    assert NOTICE in values["info"]["description"]


def test_no_field_and_no_cell_are_a_data_set_too(tmp_path: Path) -> None:
    coco = opened([], tmp_path)
    assert coco.getAnnIds() == []
