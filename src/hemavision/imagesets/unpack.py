"""Taking files out of an archive that nobody vouches for."""

from __future__ import annotations

import re
import stat
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from hemavision.errors import DataError
from hemavision.imagesets.image_set import Rule

#: What an archive may hold unpacked; the largest set here has a third of it.
MAX_BYTES = 4 * 2**30
_CHUNK = 2**20


@dataclass(frozen=True)
class _Member:
    name: str
    size: int
    is_plain: bool
    is_folder: bool
    entry: zipfile.ZipInfo | tarfile.TarInfo


def unpack(archive: Path, folder: Path, rules: tuple[Rule, ...]) -> int:
    """Unpack what the rules take; return the number of files.

    Every member is looked at before the first is written: a path that leads out of the
    folder, a link or a device makes the whole archive refused.

    Raises:
        DataError: not a ZIP or tar archive, damaged, unsafe, too large, or without
            anything that the rules take.
    """
    try:
        return _unpack(archive, folder, rules)
    except (zipfile.BadZipFile, tarfile.TarError, EOFError, ValueError) as error:
        raise DataError(f"{archive} is damaged ({error}). Remove it and download again.") from error


def _unpack(archive: Path, folder: Path, rules: tuple[Rule, ...]) -> int:
    with _open(archive) as opened:
        taken: dict[str, _Member] = {}
        for member in _members(opened):
            _check_safe(member, archive)
            target = _target(member, rules)
            if target:
                taken[target] = member
        if sum(member.size for member in taken.values()) > MAX_BYTES:
            raise DataError(f"{archive} unpacks to over {MAX_BYTES / 2**30:.0f} GiB; refused.")
        if not taken:
            raise DataError(f"{archive} holds nothing of this set; is it the right archive?")
        for target, member in taken.items():
            _write(opened, member, folder / target)
    return len(taken)


def _open(archive: Path) -> zipfile.ZipFile | tarfile.TarFile:
    if zipfile.is_zipfile(archive):
        return zipfile.ZipFile(archive)
    if tarfile.is_tarfile(archive):
        return tarfile.open(archive)
    raise DataError(
        f"{archive} is neither a ZIP nor a tar archive. Its host may have answered with a page "
        "(a login, an error): download the archive in a browser and give it with --from."
    )


def _members(opened: zipfile.ZipFile | tarfile.TarFile) -> Iterator[_Member]:
    if isinstance(opened, zipfile.ZipFile):
        for info in opened.infolist():
            kind = stat.S_IFMT(info.external_attr >> 16)
            plain = kind in (0, stat.S_IFREG) and not info.is_dir()
            yield _Member(info.filename, info.file_size, plain, info.is_dir(), info)
        return
    for entry in opened:
        yield _Member(entry.name, entry.size, entry.isreg(), entry.isdir(), entry)


def _check_safe(member: _Member, archive: Path) -> None:
    path = PurePosixPath(member.name)
    escapes = path.is_absolute() or ".." in path.parts
    foreign = "\\" in member.name or "\x00" in member.name or re.match("[A-Za-z]:", member.name)
    if escapes or foreign:
        raise DataError(f"{archive} is not safe: {member.name!r} leads out of it. Refused.")
    if not (member.is_plain or member.is_folder):
        raise DataError(f"{archive} is not safe: {member.name!r} is a link or device. Refused.")


def _target(member: _Member, rules: tuple[Rule, ...]) -> str | None:
    if member.is_plain:
        for rule in rules:
            match = re.fullmatch(rule.pattern, member.name)
            if match:
                return match.expand(rule.target)
    return None


def _write(opened: zipfile.ZipFile | tarfile.TarFile, member: _Member, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with _stream(opened, member) as source, path.open("wb") as out:
        left = member.size
        while chunk := source.read(min(_CHUNK, left + 1)):
            left -= len(chunk)
            if left < 0:  # more than the archive's table of contents says
                raise ValueError(f"{member.name} is larger than announced")
            out.write(chunk)
        if left:
            raise ValueError(f"{member.name} is cut short")


def _stream(opened: zipfile.ZipFile | tarfile.TarFile, member: _Member) -> IO[bytes]:
    if isinstance(opened, zipfile.ZipFile):
        assert isinstance(member.entry, zipfile.ZipInfo)
        return opened.open(member.entry)
    assert isinstance(member.entry, tarfile.TarInfo)
    stream = opened.extractfile(member.entry)
    if stream is None:
        raise ValueError(f"{member.name} has no content")
    return stream
