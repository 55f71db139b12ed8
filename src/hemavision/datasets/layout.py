"""From an archive's files to the folder that the rest of HemaVision reads."""

from __future__ import annotations

import csv
import gzip
import shutil
from collections.abc import Callable, Iterable
from importlib.resources import files
from pathlib import Path

from PIL import Image

from hemavision.datasets.image_set import ImageSet, Table
from hemavision.datasets.unpack import unpack
from hemavision.errors import DataError, ImageError
from hemavision.images.opening import open_image

PBC_SIDE_PX = 224
PBC_QUALITY = 86
BCISC_FIELD_PX = (640, 480)
BCISC_QUALITY = 80
#: Of pictures that the archive has as PNG and that keep their pixels; colours are not thinned out.
KEPT_QUALITY = 95
_JTSC_CLASSES = {
    "1": "neutrophil",
    "2": "lymphocyte",
    "3": "monocyte",
    "4": "eosinophil",
    "5": "basophil",
}


def arrange(image_set: ImageSet, folder: Path) -> None:
    """Bring unpacked files into the set's form: label tables, sizes, file formats.

    Raises:
        DataError: something that the set needs is not there, or a picture cannot be read.
    """
    for table in image_set.tables:
        if table.packed:
            packed = files("hemavision.datasets") / "tables" / table.packed
            (folder / table.name).write_bytes(gzip.decompress(packed.read_bytes()))
    steps = _STEPS.get(image_set.name)
    if steps is None:
        return
    try:
        steps(image_set, folder)
    except ImageError as error:
        raise DataError(f"The archive holds a picture that cannot be read. {error}") from error


def _column(folder: Path, table: Table, column: str) -> list[str]:
    with (folder / table.name).open(newline="", encoding="utf-8") as stream:
        return [row[column] for row in csv.DictReader(stream)]


def _remove_all_but(wanted: Iterable[str], folder: Path, pattern: str) -> None:
    keep = set(wanted)
    for path in sorted(folder.glob(pattern)):
        if path.relative_to(folder).as_posix() not in keep:
            path.unlink()


def _arrange_pbc(image_set: ImageSet, folder: Path) -> None:
    inner = folder / "PBC_dataset_normal_DIB.zip"
    if inner.exists():
        unpack(inner, folder, image_set.source.rules)
        inner.unlink()
    _remove_all_but(_column(folder, image_set.tables[0], "path"), folder, "*/*.jpg")
    for path in sorted(folder.glob("*/*.jpg")):
        _reduce(path, (PBC_SIDE_PX, PBC_SIDE_PX), PBC_QUALITY)


def _arrange_bcisc(image_set: ImageSet, folder: Path) -> None:
    _remove_all_but(_column(folder, image_set.tables[1], "field"), folder, "fields/*.jpg")
    for path in sorted(folder.glob("fields/*.jpg")):
        _reduce(path, BCISC_FIELD_PX, BCISC_QUALITY)


def _reduce(path: Path, size_px: tuple[int, int], quality: int) -> None:
    image = Image.fromarray(open_image(path).rgb)
    if image.size != size_px:
        resized = image.resize(size_px, Image.Resampling.LANCZOS)
        resized.save(path, "JPEG", quality=quality)


def _arrange_lisc(image_set: ImageSet, folder: Path) -> None:
    table = image_set.tables[0]
    (folder / "cells").mkdir()
    for path, source in zip(
        _column(folder, table, "path"), _column(folder, table, "source"), strict=True
    ):
        if (folder / source).is_file():
            _keep(folder / source, folder / path)
    shutil.rmtree(folder / "data2")


def _arrange_draaslan(image_set: ImageSet, folder: Path) -> None:
    for path in sorted(folder.glob("fields/*.png")):
        _keep(path, path.with_suffix(".jpg"))
        path.unlink()
    _remove_all_but(_column(folder, image_set.tables[0], "field"), folder, "fields/*.jpg")


def _keep(source: Path, target: Path) -> None:
    image = Image.fromarray(open_image(source).rgb)
    image.save(target, "JPEG", quality=KEPT_QUALITY, subsampling=0)


def _arrange_jtsc(image_set: ImageSet, folder: Path) -> None:
    for path in sorted((folder / "images").glob("*.bmp")):
        Image.fromarray(open_image(path).rgb).save(path.with_suffix(".png"))
        path.unlink()
    classes = folder / "classes.csv"
    if not classes.is_file():
        raise DataError("The archive has no 'Class Labels of Dataset 1.csv'.")
    with classes.open(newline="", encoding="utf-8-sig") as stream:
        rows = [row[:2] for row in csv.reader(stream) if row and row[0].isdecimal()]
    with (folder / image_set.tables[0].name).open("w", newline="", encoding="utf-8") as out:
        table = csv.writer(out)
        table.writerow(["path", "label"])
        for number, code in rows:
            label = _JTSC_CLASSES.get(code.strip(), code)
            table.writerow([f"images/{int(number):03d}.png", label])
    classes.unlink()


_STEPS: dict[str, Callable[[ImageSet, Path], None]] = {
    "pbc": _arrange_pbc,
    "jtsc": _arrange_jtsc,
    "bcisc": _arrange_bcisc,
    "lisc": _arrange_lisc,
    "draaslan": _arrange_draaslan,
}
