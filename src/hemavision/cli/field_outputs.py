"""Where ``detect`` puts its answers: lines on stdout, files for other programs, pictures."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

import click
import numpy as np

from hemavision.cli.outputs import atomic_text, overlay_name, printable
from hemavision.exports.coco import to_coco
from hemavision.exports.forms import name_beside, to_text
from hemavision.exports.geojson import to_geojson
from hemavision.exports.table import HEAD, labels_of, rows_of
from hemavision.exports.table import Table as Rows
from hemavision.exports.voc import to_voc
from hemavision.exports.yolo import CLASSES, to_classes, to_yolo
from hemavision.images.opening import Photo
from hemavision.reading.field import draw_heatmaps
from hemavision.reading.found import NamedSmear, Smear
from hemavision.records.results import NOTICE, CellKind


class Output(Protocol):
    """Takes answers one by one."""

    def write(self, path: Path, photo: Photo, smear: Smear) -> None:
        """Take one answer and the image that it is about."""
        ...


class JsonLines:
    """One JSON object a line, pure ASCII, so that any file name passes any pipe."""

    def write(self, path: Path, photo: Photo, smear: Smear) -> None:
        """Print one object."""
        values = {"path": str(path), "notes": list(photo.notes)} | smear.to_json()
        click.echo(json.dumps(values))


class Table:
    """Aligned lines for a person."""

    def __init__(self) -> None:
        """Print the head."""
        click.echo(f"{'white':>6}{'red':>7}{'platelets':>11}  image")

    def write(self, path: Path, photo: Photo, smear: Smear) -> None:
        """Print a line, and under it what is to be known of it."""
        white, red, platelets = (smear.counts[kind] for kind in CellKind)
        notes = "".join(f" ({note})" for note in photo.notes)
        click.echo(f"{white:>6,}{red:>7,}{platelets:>11,}  {printable(str(path))}{notes}")
        if said := _types(smear):
            click.echo(f"{'':26}{said}")
        for caution in smear.warnings:
            click.echo(f"{'':26}{click.style(caution.message, 'yellow')}")


def _types(smear: Smear) -> str:
    found = smear.differential
    parts = [f"{n} {name.replace('_', ' ')}" for name, n in found.cell_types.items() if n]
    left_out = {"cut by the border": found.cut, "unfamiliar": found.unfamiliar}
    parts += [f"{n} left out ({why})" for why, n in left_out.items() if n]
    return ", ".join(parts)


class CsvFile:
    """A row a cell."""

    def __init__(self, stream: Any) -> None:
        """Write the head."""
        self._rows = Rows(stream)
        self._rows.write([*HEAD, "notes"])

    def write(self, path: Path, photo: Photo, smear: Smear) -> None:
        """Write a field's rows."""
        for row in rows_of(NamedSmear(printable(str(path)), smear)):
            self._rows.write([*row, "; ".join(photo.notes)])


class Kept:
    """Keeps the answers, without heatmaps, for a form that needs all of them at once."""

    def __init__(self) -> None:
        self.fields: list[NamedSmear] = []

    def write(self, path: Path, photo: Photo, smear: Smear) -> None:
        """Keep one."""
        self.fields.append(NamedSmear(printable(str(path)), smear.without_heatmaps()))


@dataclass(frozen=True)
class Places:
    """Where a file a field goes.

    Attributes:
        folder: that exists; the images' own folders are made in it.
        root: the folder that holds all images; names are told from there.
    """

    folder: Path
    root: Path


class FieldFiles:
    """A file a field, named as its image and in folders as the images lie in theirs."""

    def __init__(
        self, places: Places, suffix: str, content_of: Callable[[NamedSmear], bytes]
    ) -> None:
        """Take where to write, the files' ending, and what makes their content."""
        self._places, self._suffix, self._content_of = places, suffix, content_of
        self.taken: set[str] = set()

    def write(self, path: Path, photo: Photo, smear: Smear) -> None:
        """Write one file."""
        image = printable(Path(os.path.relpath(path, self._places.root)).as_posix())
        name = name_beside(image, self._suffix, self.taken)
        if PurePosixPath(name).name != PurePosixPath(image).stem + self._suffix:
            click.echo(f"{image}: another file has that name; this one is {name}.", err=True)
        target = self._places.folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(self._content_of(NamedSmear(image, smear)))


def voc_files(places: Places) -> FieldFiles:
    """Return what writes Pascal VOC files."""
    return FieldFiles(places, ".xml", to_voc)


def geojson_files(places: Places) -> FieldFiles:
    """Return what writes GeoJSON files."""
    return FieldFiles(places, ".geojson", lambda field: to_text(to_geojson(field)).encode())


def yolo_files(places: Places, cell_types: Sequence[str]) -> FieldFiles:
    """Return what writes YOLO label files; their classes are written at once.

    Raises:
        click.UsageError: the folder holds labels of other classes.
    """
    labels = labels_of(cell_types)
    path, text = places.folder / CLASSES, to_classes(labels)
    if path.exists() and path.read_text(encoding="utf-8", errors="replace") != text:
        raise click.UsageError(
            f"{path} lists other classes than this model's ({', '.join(labels)}): the labels that "
            "are there would mean something else. Choose another folder."
        )
    path.write_text(text, encoding="utf-8")
    files = FieldFiles(places, ".txt", lambda field: to_yolo(field, labels).encode())
    files.taken.add(CLASSES)
    return files


def root_of(paths: Sequence[Path]) -> Path:
    """Return the folder that holds everything that a command line names."""
    folders = [path.absolute() if path.is_dir() else path.absolute().parent for path in paths]
    return Path(os.path.commonpath(folders))


class Heatmaps:
    """A PNG a field, in its own resolution."""

    def __init__(self, folder: Path) -> None:
        """Take a folder that exists."""
        self._folder = folder

    def write(self, path: Path, photo: Photo, smear: Smear) -> None:
        """Write one picture, with what it shows in its description."""
        from PIL import Image
        from PIL.PngImagePlugin import PngInfo

        notes = PngInfo()
        notes.add_text("Description", f"Grad-CAM of each white cell's type. {NOTICE}")
        picture: np.ndarray = draw_heatmaps(photo.rgb, smear)
        target = self._folder / overlay_name(path)
        Image.fromarray(picture).save(target, pnginfo=notes, compress_level=1)


@contextmanager
def csv_file(path: Path) -> Iterator[CsvFile]:
    """Write a CSV file that appears whole at the end, or not at all."""
    with atomic_text(path) as stream:
        yield CsvFile(stream)


@contextmanager
def coco_file(path: Path) -> Iterator[Kept]:
    """Write a COCO data set that appears whole at the end, or not at all."""
    with atomic_text(path) as stream:
        kept = Kept()
        yield kept
        stream.write(to_text(to_coco(kept.fields)))


def made(folder: Path) -> Path:
    """Make a folder where there is none.

    Raises:
        click.UsageError: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise click.UsageError(f"Cannot make {folder}: {error.strerror}.") from error
    return folder
