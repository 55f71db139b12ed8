"""YOLO label files against the format's own rules (Ultralytics, detection datasets)."""

from __future__ import annotations

import re

import pytest

from hemavision.exports.table import label_of, labels_of
from hemavision.exports.yolo import to_classes, to_yolo
from hemavision.reading.found import NamedSmear

#: "One row per object. Each row is class x_center y_center width height. Box coordinates must be
#: in normalized xywh format (from 0 to 1). Class numbers should be zero-indexed."
ROW = re.compile(r"(\d+)((?: [01]\.\d+){4})")


def test_every_row_keeps_to_the_format_and_gives_the_box_back(fields: list[NamedSmear]) -> None:
    labels = labels_of(fields[0].smear.cell_types)
    for field in fields:
        text = to_yolo(field, labels)
        assert text.endswith("\n")
        rows = text.splitlines()
        for row, cell in zip(rows, field.smear.cells, strict=True):
            match = ROW.fullmatch(row)
            assert match
            assert labels[int(match[1])] == label_of(cell)
            x, y, wide, high = map(float, match[2].split())
            assert all(0 <= share <= 1 for share in (x, y, wide, high))
            width, height = field.smear.width, field.smear.height
            edges = [(x - wide / 2) * width, (y - high / 2) * height]
            edges += [(x + wide / 2) * width, (y + high / 2) * height]
            box = cell.box
            assert edges == pytest.approx([box.left, box.top, box.right, box.bottom], abs=0.01)


def test_classes_stand_a_line_each_in_the_order_of_the_numbers(fields: list[NamedSmear]) -> None:
    labels = labels_of(fields[0].smear.cell_types)
    assert to_classes(labels).splitlines() == labels
    assert len(set(labels)) == len(labels)
    assert labels[:3] == ["white_cell", "red_cell", "platelet"]
