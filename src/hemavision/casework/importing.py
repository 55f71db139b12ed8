"""Images into a case, one transaction each: what was killed goes on where it stopped."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path

from hemavision.casework.recognition import Networks, digest, read_image
from hemavision.errors import ArchiveError, ImageError
from hemavision.images.archives import Archive, Entry, open_zip, picture_entries
from hemavision.images.foreign_files import kind_of, why_not_read
from hemavision.records.json_values import Count, Record
from hemavision.store import Store
from hemavision.store.images import add_image, cases_with, has_image
from hemavision.store.records import ImageKind

_LONGEST_NAME = 255


@dataclass(frozen=True)
class Source:
    """An image file to come: its name, and what reads its bytes or raises ImageError."""

    name: str
    read: Callable[[], bytes]


class Result(StrEnum):
    """What became of a file."""

    ADDED = "added"
    #: A file of the same content is in the case already.
    DUPLICATE = "duplicate"
    FAILED = "failed"


@dataclass(frozen=True)
class Outcome(Record):
    """What became of one file.

    Attributes:
        name: of the file.
        result: what became of it.
        cells: that were added.
        same_as: name of the image in this case with the same content.
        also_in: other cases with the same content: perhaps a slide under two names.
        error: why it failed.
    """

    name: str
    result: Result
    cells: Count = 0
    same_as: str | None = None
    also_in: tuple[int, ...] = ()
    error: str | None = None


@dataclass(frozen=True)
class Import:
    """Where images go: the case, what looks at them, who brings them, what they show."""

    store: Store
    case_id: int
    networks: Networks
    who: str
    kind: ImageKind | None = None


def import_images(into: Import, sources: Iterable[Source]) -> Iterator[Outcome]:
    """Put files into a case; yield what became of each, in order.

    A file that cannot be read fails alone. Running it again adds what is missing.

    Raises:
        MissingError: there is no such case.
        RefusedError: the case is signed, or fields cannot be read here.
    """
    for source in sources:
        name = clean_name(source.name)
        try:
            yield _import_one(into, name, source.read())
        except ImageError as error:
            yield Outcome(name, Result.FAILED, error=str(error))


def failing(name: str, error: ImageError) -> Source:
    """Return a source that gives nothing but an error."""

    def read() -> bytes:
        raise error

    return Source(name, read)


def clean_name(name: str) -> str:
    """Return a file's name as it can be kept and shown: its end, where it is very long."""
    shown = (c if unicodedata.category(c) not in ("Cc", "Cs", "Cn") else "\ufffd" for c in name)
    return "".join(shown)[-_LONGEST_NAME:] or "unnamed"


def _import_one(into: Import, name: str, content: bytes) -> Outcome:
    sha256 = digest(content)
    known = has_image(into.store, into.case_id, sha256)
    also_in = tuple(cases_with(into.store, sha256, into.case_id))
    if known is None:
        image = read_image(into.networks, name, content, into.kind)
        if add_image(into.store, into.case_id, image, into.who):
            return Outcome(name, Result.ADDED, len(image.cells), also_in=also_in)
        known = has_image(into.store, into.case_id, sha256)
    return Outcome(name, Result.DUPLICATE, same_as=known, also_in=also_in)


def open_archive(archive: Path | bytes, name: str) -> Iterator[Source]:
    """Yield the images of an archive, each to be read before the next one is asked for.

    Pictures of a kind that is not read are among them, and fail.

    Args:
        archive: the file, or its bytes.
        name: of the archive, for messages.

    Raises:
        ImageError: it is no sound archive, or a bomb.
    """
    try:
        file = open_zip(archive)
    except ArchiveError as error:
        raise ImageError(f"{name}: {error}") from error
    with file:
        for _, entry in picture_entries(file):
            if kind := kind_of(entry.name):
                yield failing(f"{name}/{entry.name}", ImageError(why_not_read(kind)))
            else:
                yield Source(f"{name}/{entry.name}", partial(_read, file, entry))


def _read(file: Archive, entry: Entry) -> bytes:
    try:
        return file.read(entry)
    except ArchiveError as error:
        raise ImageError(str(error)) from error
