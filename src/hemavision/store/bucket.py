"""Image files outside the database, by their SHA-256: in a bucket, or wherever fsspec reaches.

A file is there before the transaction ends that names it, and goes after the one that takes its
last name away. What a kill leaves in between is a file that nothing names; nothing is ever named
that is not there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cached_property
from typing import Any, TypeVar

from hemavision.errors import MissingError, StoreError

T = TypeVar("T")


class Bucket:
    """Files by SHA-256. Safe to use from many threads."""

    def __init__(self, url: str) -> None:
        """Take the folder's URL; nothing is asked of it yet.

        Raises:
            StoreError: nothing reads such URLs.
        """
        from fsspec import available_protocols

        kind, is_url, _ = url.partition("://")
        if not is_url or kind not in available_protocols():
            raise StoreError(
                f"Image files cannot be kept at {url}. HEMAVISION_IMAGES is `store` or a folder's "
                "URL, such as s3://bucket/images."
            )
        self._url = url

    @cached_property
    def _place(self) -> tuple[Any, str]:
        """The file system and the folder in it; what reaches a cloud is slow to import."""
        from fsspec.core import url_to_fs
        from fsspec.implementations.local import LocalFileSystem

        system, root = url_to_fs(self._url, use_listings_cache=False)
        if isinstance(system, LocalFileSystem):
            system.auto_mkdir = True
        return system, str(root).rstrip("/")

    def write(self, sha256: str, content: bytes) -> None:
        """Keep a file; one that is there already has the same bytes.

        Raises:
            StoreError: the place cannot be reached or does not take it.
        """
        self._reached(sha256, lambda system, path: system.pipe_file(path, content))

    def read(self, sha256: str) -> bytes:
        """Return a file, its bytes checked.

        Raises:
            MissingError: it is not there, or is not what was kept.
            StoreError: the place cannot be reached.
        """
        content = bytes(self._reached(sha256, lambda system, path: system.cat_file(path)))
        if hashlib.sha256(content).hexdigest() != sha256:
            raise MissingError(f"The image file {sha256} at {self._url} is not what was kept.")
        return content

    def remove(self, sha256: str) -> None:
        """Remove a file.

        Raises:
            MissingError: it is not there.
            StoreError: the place cannot be reached.
        """
        self._reached(sha256, lambda system, path: system.rm_file(path))

    def _reached(self, sha256: str, act: Callable[[Any, str], T]) -> T:
        try:
            system, root = self._place
            return act(system, f"{root}/{sha256[:2]}/{sha256}")
        except FileNotFoundError as error:
            raise MissingError(f"There is no such image file at {self._url}.") from error
        except ImportError as error:
            raise StoreError(
                f"Reaching {self._url} needs packages that are not installed ({error}). "
                "pip install 'hemavision[cloud]' brings those for s3://."
            ) from error
        except Exception as error:  # each kind of place has errors of its own
            said = str(error).strip().rstrip(".") or type(error).__name__
            raise StoreError(
                f"The image files at {self._url} cannot be reached ({said})."
            ) from error
