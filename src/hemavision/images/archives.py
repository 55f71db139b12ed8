"""The one reader of archives that nobody vouches for: ZIP and tar, an entry at a time.

Whatever opens an archive (images for a case, Keras files, image sets) does it here, under one set
of limits and with one error: :class:`hemavision.errors.ArchiveError`. An entry that is damaged,
encrypted, a link, or called as if it lay elsewhere fails alone, when it is read.
"""

from __future__ import annotations

import io
import lzma
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO, Any

from hemavision.errors import ArchiveError
from hemavision.images.archive_names import names_of
from hemavision.images.folders import is_picture

#: What a ZIP archive with anything in it begins with.
SIGNATURE = b"PK\x03\x04"
#: An archive that promises more than this many times its own bytes is a bomb: images, which
#: are compressed already or noisy, and weights do not shrink so.
MOST_EXPANSION = 100
#: Below this nobody is harmed, whatever the ratio.
HARMLESS_BYTES = 100 * 2**20
MOST_ENTRIES = 100_000
#: Largest image, packed or not, that is read into memory.
MOST_ENTRY_BYTES = 512 * 2**20
#: Most that is ever taken out of one archive; the largest image set here has a third of it.
MOST_BYTES = 4 * 2**30
#: Everything that Python's readers raise at what they cannot read: unknown methods and passwords
#: are RuntimeErrors, broken names and offsets ValueErrors.
_FAULTS = (
    zipfile.BadZipFile,
    tarfile.TarError,
    lzma.LZMAError,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    RuntimeError,
    ValueError,
    OverflowError,
    MemoryError,
)
_ENCRYPTED = 0x1
#: Bytes asked for at a time. bzip2 and LZMA unpack all of what they are fed, a thousandfold.
_PIECE, _SMALL_PIECE = 2**20, 2**12


@dataclass(frozen=True)
class Entry:
    """One entry of an archive.

    Attributes:
        name: with ``/`` between folders.
        size: in bytes, as the archive promises.
        is_file: a file, no folder, link or device.
        is_folder: a folder.
        member: what Python's reader knows it by.
    """

    name: str
    size: int
    is_file: bool
    is_folder: bool
    member: Any

    @property
    def danger(self) -> str | None:
        """Why nothing should be written under this name, in words; None where it is safe."""
        posix, windows = PurePosixPath(self.name), PureWindowsPath(self.name)
        outside = posix.is_absolute() or windows.drive or windows.root
        if outside or ".." in windows.parts or "\x00" in self.name:
            return "its name leads out of the archive"
        if not (self.is_file or self.is_folder):
            return "it is a link or device, not a file"
        return None


class Archive:
    """An open archive; a context manager that closes it.

    Attributes:
        entries: what is in it, in its order.
    """

    def __init__(self, opened: zipfile.ZipFile | tarfile.TarFile, size: int) -> None:
        """Take an archive of ``size`` bytes, and refuse one that would unpack to far more.

        Raises:
            ArchiveError: too many entries, or a bomb.
        """
        self._opened = opened
        found: list[Entry] = []
        promised = 0
        for entry in _entries_of(opened):
            found.append(entry)
            promised += entry.size
            if len(found) > MOST_ENTRIES:
                raise ArchiveError(f"more than {MOST_ENTRIES:,} entries. Split it.")
            # While it is read: what lists a tar archive's entries has unpacked those before.
            if promised > max(HARMLESS_BYTES, MOST_EXPANSION * size):
                raise ArchiveError(
                    f"it is refused: {size:,} bytes that would unpack to {promised:,} or more "
                    "(a zip bomb)."
                )
        self.entries = tuple(found)

    def __enter__(self) -> Archive:
        """Return the archive itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self._opened.close()

    def read(self, entry: Entry, most: int | None = None) -> bytes:
        """Return an entry's bytes, :data:`MOST_ENTRY_BYTES` or ``most`` at most.

        Raises:
            ArchiveError: it is larger, damaged, encrypted, no file, or not safe; the message says
                it without the entry's name.
        """
        most = MOST_ENTRY_BYTES if most is None else most
        if entry.size > most:
            raise ArchiveError(f"{entry.size:,} bytes; an entry may have {most:,}.")
        return b"".join(self._pieces(entry))

    def copy(self, entry: Entry, path: Path) -> None:
        """Write an entry to ``path``, whole or not at all.

        Raises:
            ArchiveError: as for :meth:`read`.
            OSError: it cannot be written.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with path.open("wb") as out:
                for piece in self._pieces(entry):
                    out.write(piece)
        except ArchiveError:
            path.unlink()
            raise

    def _pieces(self, entry: Entry) -> Iterator[bytes]:
        if entry.danger:
            raise ArchiveError(f"{entry.danger}; it was not read.")
        left = entry.size
        try:
            with self._stream(entry) as stream:
                # One byte more than was promised shows that the promise was false.
                while piece := stream.read(min(_piece_of(entry), left + 1)):
                    left -= len(piece)
                    if left < 0:
                        break
                    yield piece
        except _FAULTS as error:
            raise ArchiveError(f"cannot be unpacked ({_reason(error)}).") from error
        if left:
            raise ArchiveError("does not have the size that the archive says.")

    def _stream(self, entry: Entry) -> IO[bytes]:
        if isinstance(self._opened, zipfile.ZipFile):
            if entry.member.flag_bits & _ENCRYPTED:
                raise ArchiveError("is encrypted. Pack it again without a password.")
            return self._opened.open(entry.member)
        stream = self._opened.extractfile(entry.member)
        if stream is None:
            raise ArchiveError("has no content.")
        return stream


def open_zip(source: Path | bytes | IO[bytes]) -> Archive:
    """Open a ZIP archive: a file, its bytes, or a stream that can be wound.

    Raises:
        ArchiveError: it is no sound one, or a bomb; the message does not name it.
    """
    try:
        size = _size_of(source)
        opened = zipfile.ZipFile(io.BytesIO(source) if isinstance(source, bytes) else source)
    except _FAULTS as error:
        raise ArchiveError(f"no sound ZIP archive ({_reason(error)}). Pack it again.") from error
    return _taken(opened, size)


def open_zip_or_tar(source: Path | IO[bytes]) -> Archive | None:
    """Open an archive of either kind; return None of any other file.

    Raises:
        ArchiveError: it is not sound, or a bomb; the message does not name it.
        OSError: it is missing or cannot be read.
    """
    size = _size_of(source)
    if zipfile.is_zipfile(source):
        return open_zip(source)
    path, stream = (source, None) if isinstance(source, Path) else (None, source)
    try:
        if stream:
            stream.seek(0)
        if not tarfile.is_tarfile(source):
            return None
        opened = tarfile.open(path, fileobj=stream)  # noqa: SIM115 - who asked for it closes it
    except _FAULTS as error:
        raise ArchiveError(f"no sound tar archive ({_reason(error)}).") from error
    return _taken(opened, size)


def picture_entries(archive: Archive) -> Iterator[tuple[int, Entry]]:
    """Yield the entries that are pictures by their names, each with its place in the archive."""
    for place, entry in enumerate(archive.entries):
        if not entry.is_folder and is_picture(entry.name) and not _is_note(entry.name):
            yield place, entry


def _is_note(name: str) -> bool:
    """Whether an entry is another system's note about a file."""
    path = PurePosixPath(name)
    return "__MACOSX" in path.parts or path.name.startswith(".")


def _size_of(source: Path | bytes | IO[bytes]) -> int:
    if isinstance(source, Path):
        return source.stat().st_size
    if isinstance(source, bytes):
        return len(source)
    size = source.seek(0, io.SEEK_END)
    source.seek(0)
    return size


def _taken(opened: zipfile.ZipFile | tarfile.TarFile, size: int) -> Archive:
    try:
        return Archive(opened, size)
    except _FAULTS as error:
        opened.close()
        raise ArchiveError(f"no sound archive ({_reason(error)}).") from error
    except ArchiveError:
        opened.close()
        raise


def _entries_of(opened: zipfile.ZipFile | tarfile.TarFile) -> Iterable[Entry]:
    if isinstance(opened, tarfile.TarFile):
        for member in opened:
            yield Entry(member.name, member.size, member.isreg(), member.isdir(), member)
        _read_to_its_end(opened)
        return
    infos = opened.infolist()
    for info, name in zip(infos, names_of(infos), strict=True):
        kind = stat.S_IFMT(info.external_attr >> 16)
        is_file = kind in (0, stat.S_IFREG) and not info.is_dir()
        yield Entry(name, info.file_size, is_file, info.is_dir(), info)


def _read_to_its_end(opened: tarfile.TarFile) -> None:
    """Raise if a tar archive is cut short or garbled: a header that makes no sense ends it, too."""
    assert opened.fileobj is not None
    for _ in range(HARMLESS_BYTES // _PIECE):
        if not opened.fileobj.read(_PIECE):
            return
    raise ArchiveError(f"over {HARMLESS_BYTES:,} bytes follow what is in it.")


def _piece_of(entry: Entry) -> int:
    method = getattr(entry.member, "compress_type", zipfile.ZIP_DEFLATED)
    return _PIECE if method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) else _SMALL_PIECE


def _reason(error: BaseException) -> str:
    return str(error).strip().rstrip(".") or type(error).__name__
