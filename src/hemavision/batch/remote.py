"""URLs of any kind that fsspec knows: what lies there, and its bytes."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import IO, Any, TypeVar

from hemavision.errors import ArchiveError, ImageError, JobError, PlaceError
from hemavision.images.folders import is_picture

_URL = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
#: Seconds before another try at a place that does not answer; what serves a bucket tries by
#: itself, too.
WAITS_S = (1.0, 5.0, 25.0)
#: Names that a bucket tells at once, the most that it does.
PAGE = 1000
#: HTTP's answers that are about now, not about the file.
_LATER = (408, 425, 429)
#: A bucket's answers that are about the key.
_KEY_REFUSED = (
    "ExpiredToken",
    "InvalidAccessKeyId",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
)

T = TypeVar("T")


def is_url(place: str) -> bool:
    """Whether a place is a URL, not a path."""
    return _URL.match(place) is not None


def list_pictures(place: str) -> Iterator[str]:
    """Yield the URLs of the pictures that lie under one, to any depth, in order.

    Args:
        place: a folder's URL, or a pattern: with ``*`` in it.

    Raises:
        ImageError: there is no such place, or it may not be read; the message does not name it.
        JobError: nothing here reads such URLs.
        PlaceError: the place cannot be reached.
    """
    system, path = _system_of(place)
    if "*" in path:
        found = sorted(reached(place, lambda: system.glob(path)))
        yield from (system.unstrip_protocol(name) for name in found)
        return
    names = _in_bucket(place, system, path) if "s3" in system.protocol else None
    for name in names or _walked(place, system, path):
        within = name.removeprefix(path).split("/")
        if is_picture(name) and not any(part.startswith(".") for part in within):
            yield system.unstrip_protocol(name)


def _in_bucket(place: str, system: Any, path: str) -> Iterator[str]:
    """Yield the names in a bucket, a page at a time: all of a folder's would not fit in memory."""
    bucket, folder, _ = system.split_path(path)
    wanted = {"Bucket": bucket, "Prefix": f"{folder.rstrip('/')}/" if folder else ""}
    more: dict[str, Any] = {"MaxKeys": PAGE}
    while True:
        page = reached(place, partial(system.call_s3, "list_objects_v2", **wanted, **more))
        yield from (f"{bucket}/{entry['Key']}" for entry in page.get("Contents", ()))
        if not page.get("IsTruncated"):
            return
        more |= {"ContinuationToken": page["NextContinuationToken"]}


def _walked(place: str, system: Any, path: str) -> Iterator[str]:
    """Yield the names under a folder of any other kind of place, a folder at a time."""
    walk = system.walk(path, on_error="raise")
    # One try: what a failed walk gives when it is asked again is its end.
    while step := reached(place, lambda: next(walk, None), waits_s=()):
        root, folders, files = step
        folders.sort()
        yield from (f"{root.rstrip('/')}/{name}" for name in sorted(files))


def is_folder(place: str) -> bool:
    """Whether a URL is a folder's.

    Raises:
        JobError: nothing here reads such URLs.
        PlaceError: the place cannot be reached.
    """
    system, path = _system_of(place)
    return bool(reached(place, lambda: system.isdir(path)))


def read(place: str, most: int) -> bytes:
    """Return the bytes of a URL.

    Raises:
        ImageError: there is no such file, it may not be read, or it has more than ``most`` bytes;
            the message does not name it.
        PlaceError: the place cannot be reached, now and after some waiting.
    """
    system, path = _system_of(place)

    def get() -> bytes:
        pieces: list[bytes] = []
        left = most + 1
        # Without a cache a bucket is asked twice: how large it is, and for all of it.
        with system.open(path, "rb", cache_type="none") as stream:
            while left and (piece := stream.read(left)):
                pieces.append(piece)
                left -= len(piece)
        if not left:
            raise ImageError(f"the file has more than {most:,} bytes; no image of ours has.")
        return b"".join(pieces)

    return reached(place, get)


def open_stream(place: str) -> IO[bytes]:
    """Return a stream of a URL's bytes that can be wound.

    Raises:
        ImageError: as for :func:`read`.
        PlaceError: likewise.
    """
    system, path = _system_of(place)
    stream: IO[bytes] = reached(place, lambda: system.open(path, "rb"))
    return stream


def _system_of(place: str) -> tuple[Any, str]:
    from fsspec.core import url_to_fs

    if "::" in place:
        raise JobError(f"{place}: URLs in one another are not read. Give the archive's own URL.")
    try:
        # What was listed once is not kept: a million names would stay in memory.
        system, path = url_to_fs(place, use_listings_cache=False, skip_instance_cache=False)
    except ImportError as error:
        raise JobError(
            f"{place}: reading this needs packages that are not installed ({error}). "
            "pip install 'hemavision[cloud]' brings those for s3:// and http://."
        ) from error
    except ValueError as error:
        raise JobError(f"{place}: nothing here reads such URLs ({error}).") from error
    return system, str(path)


def reached(place: str, get: Callable[[], T], waits_s: Sequence[float] | None = None) -> T:
    """Return what ``get`` gives, in as many tries as :data:`WAITS_S`, or ``waits_s``, allows.

    Raises:
        ImageError: it is the file's fault.
        PlaceError: it is the place's.
    """
    for wait_s in (*(WAITS_S if waits_s is None else waits_s), None):
        try:
            return get()
        except ImageError:
            raise
        except FileNotFoundError as error:
            if _is_answer(error):
                raise ImageError("there is no such file.") from error
            failed: Exception = error
        except PermissionError as error:
            if not _is_about_the_key(error):
                raise ImageError(f"the file may not be read ({error}).") from error
            failed = error
        except Exception as error:  # each kind of place has errors of its own
            status = getattr(error, "status", None)
            if isinstance(status, int) and 400 <= status < 500 and status not in _LATER:
                raise ImageError(f"the server refuses it (HTTP {status}).") from error
            failed = error
        if wait_s is None:
            raise PlaceError(f"{place} cannot be reached ({_reason(failed)}).") from failed
        time.sleep(wait_s)
    raise AssertionError("the last try returns or raises")


def fault_of(error: ArchiveError, source: object) -> Exception:
    """Return what to raise for an archive that could not be read.

    Args:
        error: that its reader raised.
        source: the archive's path, or a stream of what lies elsewhere.
    """
    cause = error.__cause__
    # What packed data raise has no number, or is no OSError at all.
    if isinstance(source, Path) or not isinstance(cause, OSError):
        return ImageError(str(error))
    is_connection = cause.errno is not None or isinstance(cause, ConnectionError | TimeoutError)
    return cause if is_connection else ImageError(str(error))


def _is_answer(error: FileNotFoundError) -> bool:
    """Whether somebody said that there is no such file: fsspec says so of a dead server, too."""
    cause = error.__cause__
    return cause is None or hasattr(cause, "status") or hasattr(cause, "response")


def _is_about_the_key(error: PermissionError) -> bool:
    """Whether a bucket refuses whoever asks, and not what is asked for: a key that has expired."""
    said = getattr(error.__cause__, "response", {})
    return said.get("Error", {}).get("Code") in _KEY_REFUSED


def _reason(error: Exception) -> str:
    return str(error).strip().rstrip(".") or type(error).__name__
