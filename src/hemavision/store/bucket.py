"""Image files outside the database, by their SHA-256: in a bucket, or wherever fsspec reaches.

A file is there before the transaction ends that names it, and goes after the one that takes its
last name away. What a kill leaves in between is a file that nothing names; nothing is ever named
that is not there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, TypeVar

from hemavision.errors import MissingError, StoreError

T = TypeVar("T")


class Bucket:
    """Files by SHA-256. Safe to use from many threads."""

    def __init__(self, url: str) -> None:
        """Take the folder's URL; nothing is asked of it yet.

        Raises:
            StoreError: nothing here reads such URLs.
        """
        from fsspec.core import url_to_fs
        from fsspec.implementations.local import LocalFileSystem

        self._url = url
        try:
            system, root = url_to_fs(url, use_listings_cache=False)
        except (ImportError, ValueError) as error:
            raise StoreError(
                f"Image files cannot be kept at {url} ({error}). Check the setting "
                "HEMAVISION_IMAGES; pip install 'hemavision[cloud]' brings what reaches s3://."
            ) from error
        if isinstance(system, LocalFileSystem):
            system.auto_mkdir = True
        self._system: Any = system
        self._root = str(root).rstrip("/")

    def write(self, sha256: str, content: bytes) -> None:
        """Keep a file; one that is there already has the same bytes.

        Raises:
            StoreError: the place cannot be reached or does not take it.
        """
        self._reached(lambda: self._system.pipe_file(self._path(sha256), content))

    def read(self, sha256: str) -> bytes:
        """Return a file, its bytes checked.

        Raises:
            MissingError: it is not there, or is not what was kept.
            StoreError: the place cannot be reached.
        """
        content = bytes(self._reached(lambda: self._system.cat_file(self._path(sha256))))
        if hashlib.sha256(content).hexdigest() != sha256:
            raise MissingError(f"The image file {sha256} at {self._url} is not what was kept.")
        return content

    def remove(self, sha256: str) -> None:
        """Remove a file.

        Raises:
            MissingError: it is not there.
            StoreError: the place cannot be reached.
        """
        self._reached(lambda: self._system.rm_file(self._path(sha256)))

    def _path(self, sha256: str) -> str:
        return f"{self._root}/{sha256[:2]}/{sha256}"

    def _reached(self, act: Callable[[], T]) -> T:
        try:
            return act()
        except FileNotFoundError as error:
            raise MissingError(f"There is no such image file at {self._url}.") from error
        except Exception as error:  # each kind of place has errors of its own
            said = str(error).strip().rstrip(".") or type(error).__name__
            raise StoreError(
                f"The image files at {self._url} cannot be reached ({said})."
            ) from error
