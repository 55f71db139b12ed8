"""ZIP archives of images: read in place, one entry at a time, nothing ever unpacked to disk."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from hemavision.casework.importing import Source, failing
from hemavision.errors import ArchiveError, ImageError
from hemavision.images.archives import Archive, Entry, open_zip, picture_entries
from hemavision.images.foreign_files import kind_of, why_not_read


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
