"""ZIP archives of images: read in place, one entry at a time, nothing ever unpacked to disk."""

from __future__ import annotations

import io
import stat
import zipfile
import zlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path, PurePosixPath, PureWindowsPath

from hemavision.casework.importing import Source
from hemavision.errors import ImageError
from hemavision.images import IMAGE_SUFFIXES

SIGNATURE = b"PK\x03\x04"
#: An archive that promises more than this many times its own bytes is a bomb: images, which
#: are compressed already or noisy, do not shrink so.
MOST_EXPANSION = 100
#: Below this nobody is harmed, whatever the ratio.
HARMLESS_BYTES = 100 * 2**20
MOST_ENTRIES = 100_000
#: Largest entry that is read into memory.
MOST_ENTRY_BYTES = 512 * 2**20


def open_archive(archive: Path | bytes, name: str) -> Iterator[Source]:
    """Yield the images of an archive, each to be read before the next one is asked for.

    Args:
        archive: the file, or its bytes.
        name: of the archive, for messages.

    Raises:
        ImageError: it is no sound archive, or a bomb.
    """
    try:
        file = zipfile.ZipFile(archive if isinstance(archive, Path) else io.BytesIO(archive))
    except (zipfile.BadZipFile, OSError, ValueError, RuntimeError) as error:
        raise ImageError(f"{name}: no sound ZIP archive ({error}). Pack it again.") from error
    with file:
        size = archive.stat().st_size if isinstance(archive, Path) else len(archive)
        _refuse_bomb(file, size, name)
        for entry in file.infolist():
            if not entry.is_dir() and _is_image(entry.filename):
                yield Source(f"{name}/{entry.filename}", partial(_read, file, entry))


def _refuse_bomb(file: zipfile.ZipFile, size: int, name: str) -> None:
    entries = file.infolist()
    promised = sum(entry.file_size for entry in entries)
    if len(entries) > MOST_ENTRIES:
        raise ImageError(f"{name}: {len(entries):,} entries; {MOST_ENTRIES:,} may be. Split it.")
    if promised > max(HARMLESS_BYTES, MOST_EXPANSION * size):
        raise ImageError(
            f"{name}: {size:,} bytes that would unpack to {promised:,} are no archive of images."
        )


def _is_image(name: str) -> bool:
    """Whether an entry is called like an image, and not another system's note about one."""
    path = PurePosixPath(name)
    is_note = "__MACOSX" in path.parts or path.name.startswith(".")
    return path.suffix.lower() in IMAGE_SUFFIXES and not is_note


def _read(file: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    name = entry.filename
    posix, windows = PurePosixPath(name), PureWindowsPath(name)
    if posix.is_absolute() or windows.drive or windows.root or ".." in windows.parts:
        raise ImageError("its name leads out of the archive; it was not read.")
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise ImageError("this is a link, not an image file.")
    if entry.file_size > MOST_ENTRY_BYTES:
        raise ImageError(f"{entry.file_size:,} bytes; an entry may have {MOST_ENTRY_BYTES:,}.")
    try:
        with file.open(entry) as stream:
            # One byte more than was promised shows that the promise was false.
            content = stream.read(entry.file_size + 1)
    except (zipfile.BadZipFile, RuntimeError, OSError, zlib.error) as error:
        raise ImageError(f"cannot be unpacked ({error}).") from error
    if len(content) != entry.file_size:
        raise ImageError("does not have the size that the archive says.")
    return content
