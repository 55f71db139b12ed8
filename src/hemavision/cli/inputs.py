"""Which images a command line means, opened ahead of the model in bounded memory."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from hemavision.errors import ImageError
from hemavision.images.foreign_files import kind_of, why_not_read
from hemavision.images.opening import IMAGE_SUFFIXES, Photo, open_image

#: What one batch may hold; whichever is reached first ends it.
BATCH_IMAGES = 16
BATCH_PIXELS = 30_000_000

T = TypeVar("T")


@dataclass(frozen=True)
class Opened:
    """One input: its photo, or the error that it gave."""

    path: Path
    photo: Photo | None
    error: str = ""


def find_images(paths: Iterable[Path], skip: Path | None = None) -> Iterator[Path]:
    """Yield the files of a command line; folders are searched to any depth, in order.

    Args:
        paths: files and folders. What does not exist is yielded too: opening it says so,
            as for a folder without any image and for pictures of a kind that is not read.
        skip: a folder to leave out, such as the one that results are written to.
    """
    for path in paths:
        found = False
        for file in _search(path, skip) if path.is_dir() else [path]:
            found = True
            yield file
        if not found:
            yield path


def _search(folder: Path, skip: Path | None) -> Iterator[Path]:
    left_out = os.path.realpath(skip) if skip else None
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".") and os.path.realpath(Path(root, name)) != left_out
        )
        # Names with a leading dot are other systems' notes about an image, not images.
        for name in sorted(files):
            is_picture = Path(name).suffix.lower() in IMAGE_SUFFIXES or kind_of(name)
            if is_picture and not name.startswith("."):
                yield Path(root, name)


def open_in_batches(paths: Iterable[Path]) -> Iterator[list[Opened]]:
    """Open images one batch ahead of the caller, in a thread of its own.

    Memory stays bounded by two batches, whatever the number and the size of the images.
    """
    return _one_ahead(_batches(paths))


def _batches(paths: Iterable[Path]) -> Iterator[list[Opened]]:
    batch: list[Opened] = []
    pixels = 0
    for path in paths:
        opened = _open(path)
        batch.append(opened)
        if opened.photo:
            pixels += opened.photo.rgb.shape[0] * opened.photo.rgb.shape[1]
        if len(batch) >= BATCH_IMAGES or pixels >= BATCH_PIXELS:
            yield batch
            batch, pixels = [], 0
    if batch:
        yield batch


def _open(path: Path) -> Opened:
    if path.is_dir():
        return Opened(path, None, f"{path}: there is no image in this folder.")
    if path.is_file() and (kind := kind_of(path.name)):
        return Opened(path, None, f"{path}: {why_not_read(kind)}")
    try:
        return Opened(path, open_image(path))
    except ImageError as error:
        return Opened(path, None, str(error))


def _one_ahead(items: Iterator[T]) -> Iterator[T]:
    with ThreadPoolExecutor(1) as pool:
        pending = pool.submit(next, items, None)
        while (item := pending.result()) is not None:
            pending = pool.submit(next, items, None)
            yield item
