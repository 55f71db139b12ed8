"""ZIP archives of images: read in place, one entry at a time, nothing ever unpacked to disk."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path, PurePosixPath

from hemavision.casework.importing import Source, failing
from hemavision.errors import ArchiveError, ImageError
from hemavision.images.archives import Archive, Entry, open_zip
from hemavision.images.foreign_files import kind_of, why_not_read
from hemavision.images.opening import IMAGE_SUFFIXES


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
        for entry in file.entries:
            if entry.is_folder or _is_note(entry.name):
                continue
            kind = kind_of(entry.name)
            if kind:
                yield failing(f"{name}/{entry.name}", ImageError(why_not_read(kind)))
            elif PurePosixPath(entry.name).suffix.lower() in IMAGE_SUFFIXES:
                yield Source(f"{name}/{entry.name}", partial(_read, file, entry))


def _is_note(name: str) -> bool:
    """Whether an entry is another system's note about a file."""
    path = PurePosixPath(name)
    return "__MACOSX" in path.parts or path.name.startswith(".")


def _read(file: Archive, entry: Entry) -> bytes:
    try:
        return file.read(entry)
    except ArchiveError as error:
        raise ImageError(str(error)) from error
