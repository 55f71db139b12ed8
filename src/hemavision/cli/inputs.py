"""Which images a command line means, opened ahead of the model in bounded memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from hemavision.errors import ImageError
from hemavision.images import batches
from hemavision.images.folders import search
from hemavision.images.foreign_files import kind_of, why_not_read
from hemavision.images.opening import Photo, open_image

#: One input: its path, and its photo or the error that it gave.
Opened = batches.Opened[Path]


def find_images(paths: Iterable[Path], skip: Path | None = None) -> Iterator[Path]:
    """Yield the files of a command line; folders are searched to any depth, in order.

    Args:
        paths: files and folders. What does not exist is yielded too: opening it says so,
            as for a folder without any image and for pictures of a kind that is not read.
        skip: a folder to leave out, such as the one that results are written to.
    """
    left_out = [skip] if skip else []
    for path in paths:
        found = False
        for file in search(path, left_out) if path.is_dir() else [path]:
            found = True
            yield file
        if not found:
            yield path


def open_in_batches(paths: Iterable[Path]) -> Iterator[list[Opened]]:
    """Open images one batch ahead of the caller."""
    return batches.open_in_batches(paths, _open)


def _open(path: Path) -> Photo:
    if path.is_dir():
        raise ImageError(f"{path}: there is no image in this folder.")
    if path.is_file() and (kind := kind_of(path.name)):
        raise ImageError(f"{path}: {why_not_read(kind)}")
    return open_image(path)
