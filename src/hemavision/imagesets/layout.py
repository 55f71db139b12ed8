"""From an archive's files to the folder that the rest of HemaVision reads."""

from __future__ import annotations

import csv
import gzip
from importlib.resources import files
from pathlib import Path

from PIL import Image

from hemavision.errors import DataError
from hemavision.images import open_image
from hemavision.imagesets.catalogue import ImageSet
from hemavision.imagesets.unpack import unpack

PBC_SIDE_PX = 224
PBC_QUALITY = 86
_JTSC_CLASSES = {
    "1": "neutrophil",
    "2": "lymphocyte",
    "3": "monocyte",
    "4": "eosinophil",
    "5": "basophil",
}


def arrange(image_set: ImageSet, folder: Path) -> None:
    """Bring unpacked files into the set's form: label table, sizes, file formats.

    Raises:
        DataError: something that the set needs is not there.
    """
    if image_set.name == "jtsc":
        _arrange_jtsc(folder)
        return
    table = _shipped_table(image_set)
    (folder / image_set.table.name).write_bytes(table)
    if image_set.name == "pbc":
        _arrange_pbc(image_set, folder, table)


def _shipped_table(image_set: ImageSet) -> bytes:
    packed = files("hemavision.imagesets") / "tables" / f"{image_set.name}.csv.gz"
    return gzip.decompress(packed.read_bytes())


def _arrange_pbc(image_set: ImageSet, folder: Path, table: bytes) -> None:
    inner = folder / "PBC_dataset_normal_DIB.zip"
    if inner.exists():
        unpack(inner, folder, image_set.source.rules)
        inner.unlink()
    wanted = {row["path"] for row in csv.DictReader(table.decode().splitlines())}
    for path in sorted(folder.glob("*/*.jpg")):
        if path.relative_to(folder).as_posix() not in wanted:
            path.unlink()
            continue
        image = Image.fromarray(open_image(path).rgb)
        if image.size != (PBC_SIDE_PX, PBC_SIDE_PX):
            resized = image.resize((PBC_SIDE_PX, PBC_SIDE_PX), Image.Resampling.LANCZOS)
            resized.save(path, "JPEG", quality=PBC_QUALITY)


def _arrange_jtsc(folder: Path) -> None:
    for path in sorted((folder / "images").glob("*.bmp")):
        Image.fromarray(open_image(path).rgb).save(path.with_suffix(".png"))
        path.unlink()
    classes = folder / "classes.csv"
    if not classes.is_file():
        raise DataError("The archive has no 'Class Labels of Dataset 1.csv'.")
    with classes.open(newline="", encoding="utf-8-sig") as stream:
        rows = [row[:2] for row in csv.reader(stream) if row and row[0].isdecimal()]
    with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as out:
        table = csv.writer(out)
        table.writerow(["path", "label"])
        for number, code in rows:
            label = _JTSC_CLASSES.get(code.strip(), code)
            table.writerow([f"images/{int(number):03d}.png", label])
    classes.unlink()
