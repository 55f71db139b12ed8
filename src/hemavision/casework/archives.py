"""ZIP archives of images: read in place, one entry at a time, nothing ever unpacked to disk."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path, PurePosixPath

from hemavision.archives import Archive, Entry, open_zip
from hemavision.casework.importing import Source
from hemavision.errors import ArchiveError, ImageError
from hemavision.images import IMAGE_SUFFIXES


def open_archive(archive: Path | bytes, name: str) -> Iterator[Source]:
    """Yield the images of an archive, each to be read before the next one is asked for.

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
            if not entry.is_folder and _is_image(entry.name):
                yield Source(f"{name}/{entry.name}", partial(_read, file, entry))


def _is_image(name: str) -> bool:
    """Whether an entry is called like an image, and not another system's note about one."""
    path = PurePosixPath(name)
    is_note = "__MACOSX" in path.parts or path.name.startswith(".")
    return path.suffix.lower() in IMAGE_SUFFIXES and not is_note


def _read(file: Archive, entry: Entry) -> bytes:
    try:
        return file.read(entry)
    except ArchiveError as error:
        raise ImageError(str(error)) from error
