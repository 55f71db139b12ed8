"""One runner a job: a lock on a file, which the system takes back from whoever dies."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hemavision.errors import JobError

LOCK = "lock"
#: Whoever only looks has the lock for a moment, too.
TRIES, WAIT_S = 5, 0.1


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold a job's lock.

    Raises:
        JobError: another process does, or this system has no such locks.
    """
    try:
        import fcntl
    except ImportError as error:
        raise JobError("Jobs need a system that locks files (Linux, macOS).") from error
    with (folder / LOCK).open("a+", encoding="ascii") as stream:
        for left in reversed(range(TRIES)):
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if not left:
                    raise JobError(f"{folder} is worked on by {_whose(folder)} now.") from error
                time.sleep(WAIT_S)
        stream.truncate(0)
        stream.write(f"process {os.getpid()} on {os.uname().nodename}")
        stream.flush()
        yield


def holder(folder: Path) -> str | None:
    """Return who works on a job now, in words; ``None`` for nobody."""
    import fcntl

    try:
        with (folder / LOCK).open(encoding="ascii") as stream:
            fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _whose(folder)
    except FileNotFoundError:
        pass
    return None


def _whose(folder: Path) -> str:
    return (folder / LOCK).read_text(encoding="ascii") or "another process"
