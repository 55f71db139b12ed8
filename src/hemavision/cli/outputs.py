"""Where ``classify`` and ``detect`` put answers: stdout, files for other programs, pictures."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Generic, Protocol, TextIO, TypeVar

import click
import numpy as np

from hemavision.exports.coco import to_coco
from hemavision.exports.forms import name_beside, to_text
from hemavision.exports.geojson import to_geojson
from hemavision.exports.table import HEAD, labels_of, rows_of
from hemavision.exports.table import Table as Rows
from hemavision.exports.voc import to_voc
from hemavision.exports.yolo import CLASSES, to_classes, to_yolo
from hemavision.images.opening import Photo
from hemavision.reading.explaining import overlay
from hemavision.reading.field import draw_heatmaps
from hemavision.reading.found import NamedSmear, Smear
from hemavision.records.results import NOTICE, CellKind, Prediction, Status

_COLOURS = {Status.CONFIDENT: "green", Status.CHECK: "yellow", Status.UNFAMILIAR: "red"}
#: Keys of a cell's JSON line after ``path``, in order.
KEYS = (
    "cell_type", "confidence", "probabilities", "status", "morphology", "model", "milliseconds",
    "familiarity", "reasons",
)  # fmt: skip

Answer = TypeVar("Answer")
Answer_contra = TypeVar("Answer_contra", contravariant=True)


class Output(Protocol[Answer_contra]):
    """Takes answers one by one."""

    def write(self, path: Path, photo: Photo, answer: Answer_contra) -> None:
        """Take one answer and the image that it is about."""
        ...


def printable(text: str) -> str:
    """Return text that a terminal shows on one line as it is.

    Bytes that are not UTF-8 and control characters, both legal in file names, become
    ``\\xff`` escapes, so that no file name can move the cursor or forge a line.
    """
    return "".join(char if char.isprintable() else _escaped(char) for char in text)


def _escaped(char: str) -> str:
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:  # how Python carries a byte that is not UTF-8
        return f"\\x{code - 0xDC00:02x}"
    return char.encode("unicode_escape", "surrogatepass").decode("ascii")


class JsonLines(Generic[Answer]):
    """One JSON object a line, pure ASCII, so that any file name passes any pipe."""

    def __init__(self, values_of: Callable[[Photo, Answer], dict[str, Any]]) -> None:
        """Take what gives a line's keys after ``path``."""
        self._values_of = values_of

    def write(self, path: Path, photo: Photo, answer: Answer) -> None:
        """Print one object."""
        click.echo(json.dumps({"path": str(path)} | self._values_of(photo, answer)))


def cell_values(photo: Photo, prediction: Prediction) -> dict[str, Any]:
    """Return what a cell's JSON line says after ``path``."""
    values = prediction.to_json()
    return {key: values[key] for key in KEYS} | {"notes": list(photo.notes)}


def field_values(photo: Photo, smear: Smear) -> dict[str, Any]:
    """Return what a field's JSON line says after ``path``."""
    return {"notes": list(photo.notes)} | smear.to_json()


class CellTable:
    """Aligned lines for a person, one a cell."""

    def __init__(self) -> None:
        """Print the head."""
        click.echo(f"{'cell type':<21}{'sure':>6}  {'trust':<12}image")

    def write(self, path: Path, photo: Photo, answer: Prediction) -> None:
        """Print one line."""
        status = click.style(f"{answer.status.value:<12}", _COLOURS[answer.status])
        sure = f"{100 * answer.confidence:.1f}%"
        name = printable(str(path)) + "".join(f" ({note})" for note in photo.notes)
        click.echo(f"{answer.cell_type:<21}{sure:>6}  {status}{name}{_seen(answer)}")


def _seen(prediction: Prediction) -> str:
    seen = prediction.reasons.seen if prediction.reasons else ""
    return f" ({seen})" if seen else ""


class CellCsv:
    """A row an image; probabilities have a column a cell type."""

    def __init__(self, stream: Any, cell_types: tuple[str, ...]) -> None:
        """Write the head."""
        self._rows = Rows(stream)
        self._rows.write(
            ["path", "cell_type", "confidence", *(f"p_{name}" for name in cell_types), "status",
             "seen", "model", "model_sha256", "milliseconds", "notes"]
        )  # fmt: skip

    def write(self, path: Path, photo: Photo, answer: Prediction) -> None:
        """Write one row."""
        self._rows.write(
            [printable(str(path)), answer.cell_type, answer.confidence,
             *answer.probabilities.values(), answer.status.value,
             answer.reasons.seen if answer.reasons else "", answer.model.name,
             answer.model.sha256, answer.milliseconds, "; ".join(photo.notes)]
        )  # fmt: skip


class FieldTable:
    """Aligned lines for a person: a field's counts, its types and what is to be known of it."""

    def __init__(self) -> None:
        """Print the head."""
        click.echo(f"{'white':>6}{'red':>7}{'platelets':>11}  image")

    def write(self, path: Path, photo: Photo, answer: Smear) -> None:
        """Print a line, and under it what is to be known of it."""
        white, red, platelets = (answer.counts[kind] for kind in CellKind)
        notes = "".join(f" ({note})" for note in photo.notes)
        click.echo(f"{white:>6,}{red:>7,}{platelets:>11,}  {printable(str(path))}{notes}")
        if said := _types(answer):
            click.echo(f"{'':26}{said}")
        for caution in answer.warnings:
            click.echo(f"{'':26}{click.style(caution.message, 'yellow')}")


def _types(smear: Smear) -> str:
    found = smear.differential
    parts = [f"{n} {name.replace('_', ' ')}" for name, n in found.cell_types.items() if n]
    left_out = {"cut by the border": found.cut, "unfamiliar": found.unfamiliar}
    parts += [f"{n} left out ({why})" for why, n in left_out.items() if n]
    return ", ".join(parts)


class FieldCsv:
    """A row a cell."""

    def __init__(self, stream: Any) -> None:
        """Write the head."""
        self._rows = Rows(stream)
        self._rows.write([*HEAD, "notes"])

    def write(self, path: Path, photo: Photo, answer: Smear) -> None:
        """Write a field's rows."""
        for row in rows_of(NamedSmear(printable(str(path)), answer)):
            self._rows.write([*row, "; ".join(photo.notes)])


class Kept:
    """Keeps the answers, without heatmaps, for a form that needs all of them at once."""

    def __init__(self) -> None:
        self.fields: list[NamedSmear] = []

    def write(self, path: Path, photo: Photo, answer: Smear) -> None:
        """Keep one."""
        self.fields.append(NamedSmear(printable(str(path)), answer.without_heatmaps()))


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

    def write(self, path: Path, photo: Photo, answer: Smear) -> None:
        """Write one file."""
        image = printable(Path(os.path.relpath(path, self._places.root)).as_posix())
        name = name_beside(image, self._suffix, self.taken)
        if PurePosixPath(name).name != PurePosixPath(image).stem + self._suffix:
            click.echo(f"{image}: another file has that name; this one is {name}.", err=True)
        target = self._places.folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(self._content_of(NamedSmear(image, answer)))


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


class Heatmaps(Generic[Answer]):
    """A PNG an image, in the image's own resolution."""

    def __init__(
        self,
        folder: Path,
        draw: Callable[[Photo, Answer], np.ndarray],
        described: Callable[[Answer], str],
    ) -> None:
        """Take a folder that exists, what draws an answer, and what says what it shows."""
        self._folder, self._draw, self._described = folder, draw, described

    def write(self, path: Path, photo: Photo, answer: Answer) -> None:
        """Write one picture, with what it shows in its description."""
        from PIL import Image
        from PIL.PngImagePlugin import PngInfo

        notes = PngInfo()
        notes.add_text("Description", f"{self._described(answer)} {NOTICE}")
        target = self._folder / overlay_name(path)
        Image.fromarray(self._draw(photo, answer)).save(target, pnginfo=notes, compress_level=1)


def cell_heatmaps(folder: Path) -> Heatmaps[Prediction]:
    """Return what writes each image with the heatmap of its cell's type."""
    return Heatmaps(
        folder,
        lambda photo, cell: overlay(photo.rgb, cell.heatmap(), cell.box),
        lambda cell: f"Grad-CAM of {cell.cell_type}.",
    )


def field_heatmaps(folder: Path) -> Heatmaps[Smear]:
    """Return what writes each field with the heatmaps of its white cells' types."""
    return Heatmaps(
        folder,
        lambda photo, smear: draw_heatmaps(photo.rgb, smear),
        lambda smear: "Grad-CAM of each white cell's type.",
    )


def overlay_name(path: Path) -> str:
    """Return the overlay's file name: the image's own and a digest of where it lies.

    Images of one name in two folders get two overlays, and a second run of the same
    command writes the same names.
    """
    place = hashlib.sha256(os.fsencode(path.absolute())).hexdigest()[:8]
    stem = re.sub(r"[^\w.-]", "_", path.stem, flags=re.ASCII)[:100]
    return f"{stem}-{place}.png"


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


@contextmanager
def atomic_text(path: Path) -> Iterator[TextIO]:
    """Give a stream to a file that appears whole at the end, or not at all.

    Raises:
        click.BadParameter: the folder cannot be written to.
    """
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.unfinished")
    try:
        stream = unfinished.open("w", newline="", encoding="utf-8")
    except OSError as error:
        raise click.BadParameter(
            f"cannot write {printable(str(path))}: {error.strerror}."
        ) from error
    try:
        with stream:
            yield stream
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
