"""Pascal VOC files against BCCD's own, and through the reader that trains on those."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest
from bccd_fields import NAMES, true_cells

from hemavision.datasets.samples import boxes_of
from hemavision.exports.voc import to_voc
from hemavision.reading.found import NamedSmear
from hemavision.records.results import NOTICE


def paths_in(element: Element, above: str = "") -> Iterator[str]:
    here = f"{above}/{element.tag}"
    yield here
    for child in element:
        yield from paths_in(child, here)


def written(field: NamedSmear, folder: Path) -> Path:
    (folder / "Annotations").mkdir(exist_ok=True)
    path = folder / "Annotations" / f"{Path(field.name).stem}.xml"
    path.write_bytes(to_voc(field))
    return path


def test_the_reader_of_bccd_finds_every_cell(
    fields: list[NamedSmear], data: Path, tmp_path: Path
) -> None:
    for field in fields:
        written(field, tmp_path)
        for kind, name in NAMES.items():
            truth = [d.box for d in true_cells(data, field.name) if d.kind is kind]
            assert boxes_of(tmp_path, field.name, name) == truth


def test_it_has_the_shape_of_bccds_own(
    fields: list[NamedSmear], data: Path, tmp_path: Path
) -> None:
    for field in fields:
        ours = ElementTree.parse(written(field, tmp_path)).getroot()
        path = data / "bccd" / "Annotations" / f"{Path(field.name).stem}.xml"
        theirs = ElementTree.parse(path).getroot()
        wanted, found = set(paths_in(theirs)), set(paths_in(ours))
        assert wanted <= found
        extra = "/annotation/object/attributes"
        assert {p for p in found - wanted if not p.startswith(extra)} == set()
        for name in ("filename", "size/width", "size/height", "size/depth", "segmented"):
            assert ours.findtext(name) == theirs.findtext(name)
        for number in ours.findall("object/bndbox/*"):
            assert str(number.text).isdecimal()


def test_type_border_and_notice_are_in_it(fields: list[NamedSmear]) -> None:
    field = fields[0]
    root = ElementTree.fromstring(to_voc(field))
    assert NOTICE in str(root.findtext("source/database"))
    items = root.findall("object")
    for item, cell in zip(items, field.smear.cells, strict=True):
        assert item.findtext("truncated") == str(int(cell.cut))
        attributes = {
            a.findtext("name"): a.findtext("value") for a in item.findall("attributes/attribute")
        }
        if cell.prediction:
            assert attributes["cell_type"] == cell.prediction.cell_type
        else:
            assert attributes == {}
    assert {item.findtext("truncated") for item in items} == {"0", "1"}


@pytest.mark.parametrize("name", ["a<b>&\"'.jpg", "smear\x00\x1b[1m.png", "\udcff.jpg", "血液.jpg"])
def test_any_file_name_gives_sound_xml(fields: list[NamedSmear], name: str) -> None:
    root = ElementTree.fromstring(to_voc(replace(fields[0], name=name)))
    said = str(root.findtext("filename"))
    assert len(said) == len(name)
    if name.isprintable():
        assert said == name
