"""A disk of a few megabytes that can be filled, or closed to writers, seen by one process alone."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import traceback
from collections.abc import Callable
from pathlib import Path

from real_parts import missing

FORK = multiprocessing.get_context("fork")
PAGE = 4096
_NEW_NAMESPACE, _REMOUNT, _READ_ONLY, _PRIVATE = 0x20000, 32, 1, 1 << 18 | 1 << 14
_LIBC = ctypes.CDLL(None, use_errno=True)


class Disk:
    """A small disk, mounted at ``folder``."""

    def __init__(self, folder: Path, megabytes: int) -> None:
        self.folder, self._filler = folder, folder / "filler"
        if _LIBC.unshare(_NEW_NAMESPACE) or _LIBC.mount(b"none", b"/", None, _PRIVATE, None):
            raise PermissionError("no namespace of mounts")
        self._mount(0, f"size={megabytes}m")

    def leave(self, pages: int) -> None:
        """Fill it but for so many pages of 4 KiB."""
        room = os.statvfs(self.folder).f_bavail - pages
        if room > 0:
            with self._filler.open("wb") as stream:
                os.posix_fallocate(stream.fileno(), 0, room * PAGE)

    def make_room(self) -> None:
        self._filler.unlink(missing_ok=True)

    def close_to_writers(self) -> None:
        self._mount(_REMOUNT | _READ_ONLY, "")

    def _mount(self, flags: int, options: str) -> None:
        if _LIBC.mount(b"tmpfs", bytes(self.folder), b"tmpfs", flags, options.encode()):
            raise OSError(ctypes.get_errno(), "mount")


def on_a_small_disk(folder: Path, act: Callable[[Disk], None], megabytes: int = 4) -> None:
    """Do something in a process that has such a disk at ``folder``; it must end well."""
    if os.geteuid() != 0:
        missing("a small disk: it takes root, and a kernel that lets it mount one (unshare -m)")
    reader, writer = FORK.Pipe(duplex=False)

    def work() -> None:
        try:
            act(Disk(folder, megabytes))
            writer.send("")
        except BaseException as error:
            said = traceback.format_exc()
            writer.send("no namespace" if isinstance(error, PermissionError) else said)
        os._exit(0)

    process = FORK.Process(target=work, daemon=True)
    process.start()
    writer.close()
    said = reader.recv()
    process.join(timeout=60)
    reader.close()
    if said == "no namespace":
        missing("a namespace of mounts of one's own (unshare -m is not allowed here)")
    assert not said, said
