"""A field's cells as Pascal VOC XML, in the words and the units that BCCD uses."""

from __future__ import annotations

from pathlib import PurePosixPath
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from hemavision.reading.found import FoundCell, NamedSmear
from hemavision.records.results import NOTICE, CellKind

NAMES = {CellKind.WHITE: "WBC", CellKind.RED: "RBC", CellKind.PLATELET: "Platelets"}


def to_voc(field: NamedSmear) -> bytes:
    """Return a field's annotation file.

    A white cell's type stands in ``attributes``, as CVAT writes them: a reader that does not
    know them still finds the cell.
    """
    root = Element("annotation")
    image = PurePosixPath(field.name.replace("\\", "/"))
    folder = image.parent.as_posix().removeprefix(".")
    for name, text in (("folder", folder), ("filename", image.name), ("path", field.name)):
        _add(root, name, text)
    _add(SubElement(root, "source"), "database", f"HemaVision. {NOTICE}")
    size = SubElement(root, "size")
    for name, number in (("width", field.smear.width), ("height", field.smear.height)):
        _add(size, name, number)
    _add(size, "depth", 3)
    _add(root, "segmented", 0)
    for cell in field.smear.cells:
        root.append(_object(cell))
    ElementTree.indent(root, "\t")
    content: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return content


def _object(cell: FoundCell) -> Element:
    item = Element("object")
    _add(item, "name", NAMES[cell.kind])
    _add(item, "pose", "Unspecified")
    _add(item, "truncated", int(cell.cut))
    _add(item, "difficult", 0)
    box = SubElement(item, "bndbox")
    edges = (("xmin", cell.box.left), ("ymin", cell.box.top))
    for name, edge in (*edges, ("xmax", cell.box.right), ("ymax", cell.box.bottom)):
        _add(box, name, edge)
    if cell.prediction:
        attributes = SubElement(item, "attributes")
        for name, value in (
            ("cell_type", cell.prediction.cell_type),
            ("confidence", f"{cell.prediction.confidence:.6f}"),
            ("status", cell.prediction.status.value),
        ):
            attribute = SubElement(attributes, "attribute")
            _add(attribute, "name", name)
            _add(attribute, "value", value)
    return item


def _add(parent: Element, name: str, value: str | int) -> None:
    # What XML cannot carry in any form, such as control characters of an odd file name.
    text = "".join(c if c.isprintable() else "\ufffd" for c in str(value))
    SubElement(parent, name).text = text
