"""Every form by name, and several fields in it as the content of one file."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain, count
from pathlib import PurePosixPath
from typing import Any

from hemavision.exports.coco import to_coco
from hemavision.exports.geojson import to_geojson
from hemavision.exports.table import labels_of, to_csv, types_in
from hemavision.exports.voc import to_voc
from hemavision.exports.yolo import CLASSES, to_classes, to_yolo
from hemavision.reading.found import NamedSmear

ZIP = ("application/zip", ".zip")


@dataclass(frozen=True)
class File:
    """A file to hand over: its name's ending, its media type and its content."""

    suffix: str
    media_type: str
    content: bytes


def export(form: str, fields: Sequence[NamedSmear]) -> File:
    """Return fields in a form of :data:`FORMS`; what has a file a field comes as a ZIP archive.

    Raises:
        KeyError: there is no such form.
    """
    return FORMS[form](fields)


def name_beside(name: str, suffix: str, taken: set[str]) -> str:
    """Return the name of a file that belongs to an image, and note it in ``taken``.

    Args:
        name: of the image, with its folders: they are kept, without any way out of them.
        suffix: of the file.
        taken: names that are in use. Where ``d/a.xml`` is, ``d/a.png`` gives ``d/a.png.xml``, and
            a second image of that very name ``d/a.png (2).xml``: never a name that another image
            might have.
    """
    parts = [p for p in name.replace("\\", "/").split("/") if p.strip(". ")]
    *folders, own = parts or ["field"]
    stem = PurePosixPath(own).stem.strip(".") or "field"
    numbered = (f"{own} ({number})" for number in count(2))
    for base in chain((stem, own), numbered):
        candidate = "/".join([*folders, f"{base}{suffix}"])
        if candidate not in taken:
            break
    taken.add(candidate)
    return candidate


def to_text(values: Any) -> str:
    """Return JSON values as text, pure ASCII, so that any file name passes."""
    return json.dumps(values, allow_nan=False)


def _json(fields: Sequence[NamedSmear]) -> File:
    results = [{"filename": field.name, "smear": field.smear.to_json()} for field in fields]
    return File(".json", "application/json", to_text({"results": results}).encode())


def _csv(fields: Sequence[NamedSmear]) -> File:
    return File(".csv", "text/csv; charset=utf-8", to_csv(fields).encode("utf-8", "replace"))


def _coco(fields: Sequence[NamedSmear]) -> File:
    return File(".coco.json", "application/json", to_text(to_coco(fields)).encode())


def _voc(fields: Sequence[NamedSmear]) -> File:
    return _one_or_zip(fields, ".xml", "application/xml", to_voc)


def _geojson(fields: Sequence[NamedSmear]) -> File:
    return _one_or_zip(
        fields, ".geojson", "application/geo+json", lambda f: to_text(to_geojson(f)).encode()
    )


def _yolo(fields: Sequence[NamedSmear]) -> File:
    labels = labels_of(types_in(fields))
    files = {CLASSES: to_classes(labels).encode("utf-8", "replace")}
    taken: set[str] = set()
    for field in fields:
        files[f"labels/{name_beside(field.name, '.txt', taken)}"] = to_yolo(field, labels).encode()
    return File(ZIP[1], ZIP[0], _zipped(files))


def _one_or_zip(
    fields: Sequence[NamedSmear],
    suffix: str,
    media_type: str,
    write: Callable[[NamedSmear], bytes],
) -> File:
    if len(fields) == 1:
        return File(suffix, media_type, write(fields[0]))
    taken: set[str] = set()
    files = {name_beside(field.name, suffix, taken): write(field) for field in fields}
    return File(ZIP[1], ZIP[0], _zipped(files))


def _zipped(files: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.encode("utf-8", "replace").decode(), content)
    return stream.getvalue()


#: Every form by the name that the command line and the API give it.
FORMS: dict[str, Callable[[Sequence[NamedSmear]], File]] = {
    "json": _json,
    "csv": _csv,
    "coco": _coco,
    "voc": _voc,
    "yolo": _yolo,
    "geojson": _geojson,
}
