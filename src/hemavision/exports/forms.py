"""Every form by name, and several fields in it as the content of one file."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from hemavision.exports.coco import to_coco
from hemavision.exports.geojson import to_geojson
from hemavision.exports.labels import labels_of
from hemavision.exports.table import to_csv
from hemavision.exports.voc import to_voc
from hemavision.exports.yolo import CLASSES, to_yolo
from hemavision.fields import NamedSmear

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


def unique_names(names: Iterable[str], suffix: str) -> list[str]:
    """Return file names without folders, none twice: ``a.xml``, ``a-2.xml`` for two ``a.jpg``."""
    found: list[str] = []
    for name in names:
        stem = PurePosixPath(name.replace("\\", "/")).stem or "field"
        number, candidate = 1, f"{stem}{suffix}"
        while candidate in found:
            number += 1
            candidate = f"{stem}-{number}{suffix}"
        found.append(candidate)
    return found


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
    labels = labels_of(field.smear for field in fields)
    names = unique_names((field.name for field in fields), ".txt")
    files = {CLASSES: "".join(f"{label}\n" for label in labels).encode()}
    for name, field in zip(names, fields, strict=True):
        files[f"labels/{name}"] = to_yolo(field, labels).encode()
    return File(ZIP[1], ZIP[0], _zipped(files))


def _one_or_zip(
    fields: Sequence[NamedSmear],
    suffix: str,
    media_type: str,
    write: Callable[[NamedSmear], bytes],
) -> File:
    if len(fields) == 1:
        return File(suffix, media_type, write(fields[0]))
    names = unique_names((field.name for field in fields), suffix)
    pairs = zip(names, fields, strict=True)
    return File(ZIP[1], ZIP[0], _zipped({name: write(field) for name, field in pairs}))


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
