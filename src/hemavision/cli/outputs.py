"""Where ``classify`` puts its answers: lines on stdout, a CSV file, overlay pictures."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, TextIO

import click

from hemavision.exports.table import Table as Rows
from hemavision.images.opening import Photo
from hemavision.reading.explaining import overlay
from hemavision.records.results import NOTICE, Prediction, Status

_COLOURS = {Status.CONFIDENT: "green", Status.CHECK: "yellow", Status.UNFAMILIAR: "red"}
#: Keys of a JSON line after ``path``, in order.
KEYS = (
    "cell_type", "confidence", "probabilities", "status", "morphology", "model", "milliseconds",
    "familiarity", "reasons",
)  # fmt: skip


class Output(Protocol):
    """Takes answers one by one."""

    def write(self, path: Path, photo: Photo, prediction: Prediction) -> None:
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


class JsonLines:
    """One JSON object a line, pure ASCII, so that any file name passes any pipe."""

    def write(self, path: Path, photo: Photo, prediction: Prediction) -> None:
        """Print one object."""
        values = prediction.to_json()
        record: dict[str, Any] = {"path": str(path)} | {key: values[key] for key in KEYS}
        click.echo(json.dumps(record | {"notes": list(photo.notes)}))


class Table:
    """Aligned lines for a person."""

    def __init__(self) -> None:
        """Print the head."""
        click.echo(f"{'cell type':<21}{'sure':>6}  {'trust':<12}image")

    def write(self, path: Path, photo: Photo, prediction: Prediction) -> None:
        """Print one line."""
        status = click.style(f"{prediction.status.value:<12}", _COLOURS[prediction.status])
        sure = f"{100 * prediction.confidence:.1f}%"
        name = printable(str(path)) + "".join(f" ({note})" for note in photo.notes)
        click.echo(f"{prediction.cell_type:<21}{sure:>6}  {status}{name}{_seen(prediction)}")


def _seen(prediction: Prediction) -> str:
    seen = prediction.reasons.seen if prediction.reasons else ""
    return f" ({seen})" if seen else ""


class CsvFile:
    """A row an image; probabilities have a column a cell type."""

    def __init__(self, stream: Any, cell_types: tuple[str, ...]) -> None:
        """Write the head."""
        self._rows = Rows(stream)
        self._rows.write(
            ["path", "cell_type", "confidence", *(f"p_{name}" for name in cell_types), "status",
             "seen", "model", "model_sha256", "milliseconds", "notes"]
        )  # fmt: skip

    def write(self, path: Path, photo: Photo, prediction: Prediction) -> None:
        """Write one row."""
        self._rows.write(
            [printable(str(path)), prediction.cell_type, prediction.confidence,
             *prediction.probabilities.values(), prediction.status.value,
             prediction.reasons.seen if prediction.reasons else "", prediction.model.name,
             prediction.model.sha256, prediction.milliseconds, "; ".join(photo.notes)]
        )  # fmt: skip


class Heatmaps:
    """An overlay PNG an image, in the image's own resolution."""

    def __init__(self, folder: Path) -> None:
        """Take a folder that exists."""
        self._folder = folder

    def write(self, path: Path, photo: Photo, prediction: Prediction) -> None:
        """Write one picture, with what it shows in its description."""
        from PIL import Image
        from PIL.PngImagePlugin import PngInfo

        notes = PngInfo()
        notes.add_text("Description", f"Grad-CAM of {prediction.cell_type}. {NOTICE}")
        picture = overlay(photo.rgb, prediction.heatmap(), prediction.box)
        Image.fromarray(picture).save(
            self._folder / overlay_name(path), compress_level=1, pnginfo=notes
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
def atomic_csv(path: Path, cell_types: tuple[str, ...]) -> Iterator[CsvFile]:
    """Write a CSV file that appears whole at the end, or not at all.

    Raises:
        click.BadParameter: the folder cannot be written to.
    """
    with atomic_text(path) as stream:
        yield CsvFile(stream, cell_types)


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
