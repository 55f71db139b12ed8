"""Image files and archives of a disk, as sources of an import."""

from __future__ import annotations

import stat
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

from hemavision.casework.importing import Source, failing, open_archive
from hemavision.errors import ImageError
from hemavision.images.archives import MOST_ENTRY_BYTES, SIGNATURE
from hemavision.images.foreign_files import kind_of, why_not_read


def open_files(paths: Iterable[Path]) -> Iterator[Source]:
    """Yield what can be imported from files: images as they are, the images of archives.

    Args:
        paths: files; what does not exist fails when it is read.
    """
    for path in paths:
        try:
            if _is_archive(path):
                yield from open_archive(path, str(path))
                continue
        except ImageError as error:
            yield failing(str(path), error)
            continue
        yield Source(str(path), partial(_read, path))


def _is_archive(path: Path) -> bool:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return False
        with path.open("rb") as stream:
            return stream.read(len(SIGNATURE)) == SIGNATURE
    except OSError:
        return False  # reading it says what is wrong


def _read(path: Path) -> bytes:
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise ImageError("there is no image in this folder.")
        if not stat.S_ISREG(status.st_mode):
            raise ImageError("this is not a regular file; copy the image into one.")
        if kind := kind_of(path.name):
            raise ImageError(why_not_read(kind))
        if status.st_size > MOST_ENTRY_BYTES:
            raise ImageError(f"{status.st_size:,} bytes; an image may have {MOST_ENTRY_BYTES:,}.")
        return path.read_bytes()
    except FileNotFoundError as error:
        raise ImageError("there is no such file.") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ImageError(f"the file cannot be read ({reason}).") from error
