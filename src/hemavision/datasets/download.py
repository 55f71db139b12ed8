"""Fetching an image set: resumable, checked, unpacked beside and moved into place whole."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hemavision.datasets.image_set import ImageSet
from hemavision.datasets.layout import arrange
from hemavision.datasets.unpack import unpack
from hemavision.errors import DataError

ATTEMPTS = 3
TIMEOUT_S = 30
#: Bytes written at a time; of a connection that breaks, less than this is lost.
CHUNK = 2**16
_HTTP_PARTIAL = 206
_HTTP_BAD_RANGE = 416


@dataclass(frozen=True)
class Request:
    """What to fetch and how to check it.

    Attributes:
        image_set: of the catalogue.
        folder: of the image sets; the set becomes a folder in it.
        url: another address than the catalogue's.
        sha256: that the archive must have; None for the catalogue's, which may know none.
        archive: a file that is already here, instead of a download.
        advance: told the bytes that came in.
    """

    image_set: ImageSet
    folder: Path
    url: str | None = None
    sha256: str | None = None
    archive: Path | None = None
    advance: Callable[[int], None] = lambda count: None


def cache_folder() -> Path:
    """Return where archives are kept."""
    from platformdirs import user_cache_path

    return user_cache_path("hemavision")


def download(request: Request) -> str:
    """Fetch a set into its folder; return the archive's SHA-256.

    An interrupted download goes on where it stopped, in this call or the next one. The
    set's folder appears only when everything is in it.

    Raises:
        DataError: the folder is there already, the host does not deliver, the checksum
            differs, or the archive is damaged, unsafe or another one.
    """
    import pooch

    target = request.folder / request.image_set.name
    if target.exists():
        raise DataError(
            f"{target} is there already. Check it with `hemavision data verify "
            f"{request.image_set.name}`, or remove it to fetch it again."
        )
    pooch.get_logger().setLevel("WARNING")  # its progress notes would break the bar
    archive = _local(request) if request.archive else _fetch(request)
    digest: str = pooch.file_hash(str(archive))
    unfinished = request.folder / f".{request.image_set.name}.unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    try:
        unpack(archive, unfinished, request.image_set.source.rules)
        arrange(request.image_set, unfinished)
        unfinished.rename(target)
    except DataError:
        if not request.archive:  # a page instead of the archive must not answer the next call
            archive.unlink()
        raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return digest


def _local(request: Request) -> Path:
    import pooch

    assert request.archive is not None
    if not request.archive.is_file():
        raise DataError(f"There is no file {request.archive}.")
    expected = request.sha256 or request.image_set.source.sha256
    actual = pooch.file_hash(str(request.archive))
    if expected and actual != expected.lower():
        raise DataError(f"{request.archive} has SHA-256 {actual} where {expected} is expected.")
    return request.archive


def _fetch(request: Request) -> Path:
    import pooch

    source = request.image_set.source
    url = request.url or source.url
    expected = request.sha256 or (None if request.url else source.sha256)
    if expected and not re.fullmatch("[0-9a-fA-F]{64}", expected):
        raise DataError(f"{expected!r} is not a SHA-256: 64 hexadecimal digits.")
    cache = cache_folder() / request.image_set.name
    try:
        path = pooch.retrieve(
            url,
            known_hash=f"sha256:{expected.lower()}" if expected else None,
            fname=source.file_name,
            path=cache,
            downloader=_Resuming(cache / f"{source.file_name}.part", request.advance),
        )
    except ValueError as error:  # pooch's word for a checksum that differs
        raise DataError(f"{url}: wrong checksum, nothing kept. {error}") from error
    except OSError as error:  # requests' errors are OSErrors
        raise DataError(
            f"{url} could not be downloaded ({error}). What came is kept; run the command again "
            "to go on from there."
        ) from error
    return Path(path)


class _Resuming:
    """A downloader for pooch that goes on where an earlier one stopped."""

    def __init__(self, part: Path, advance: Callable[[int], None]) -> None:
        """Keep what has come in ``part``, across calls."""
        self._part = part
        self._validator = part.with_name(part.name + ".version")
        self._advance = advance

    def __call__(self, url: str, output_file: str, pooch: Any, check_only: bool = False) -> None:
        """Download ``url`` into ``output_file``; pooch checks it afterwards."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                self._go_on(url)
                break
            except OSError:
                if attempt == ATTEMPTS:
                    raise
        self._part.replace(output_file)
        self._validator.unlink(missing_ok=True)

    def _go_on(self, url: str) -> None:
        import requests

        headers = {"Accept-Encoding": "identity"}
        have = self._part.stat().st_size if self._part.exists() else 0
        version = self._validator.read_text() if self._validator.exists() else ""
        if have and version:
            # If-Range: a file that has changed meanwhile comes whole, not spliced.
            headers |= {"Range": f"bytes={have}-", "If-Range": version}
        with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT_S) as response:
            if response.status_code == _HTTP_BAD_RANGE:
                self._part.unlink()
                raise OSError("the part that was kept does not fit; starting again")
            response.raise_for_status()
            resumed = response.status_code == _HTTP_PARTIAL
            self._keep_version(response.headers)
            self._receive(response, "ab" if resumed else "wb", have if resumed else 0)

    def _keep_version(self, headers: Any) -> None:
        version = headers.get("ETag", "")
        if not version or version.startswith("W/"):  # a weak tag does not promise the same bytes
            version = headers.get("Last-Modified", "")
        self._validator.parent.mkdir(parents=True, exist_ok=True)
        self._validator.write_text(version)

    def _receive(self, response: Any, mode: str, have: int) -> None:
        length = response.headers.get("Content-Length")
        with self._part.open(mode) as out:
            self._advance(have)
            for chunk in response.iter_content(CHUNK):
                out.write(chunk)
                have += len(chunk)
                self._advance(len(chunk))
        if length is not None and self._part.stat().st_size < int(length):
            raise OSError(f"the connection ended after {have:,} bytes")
