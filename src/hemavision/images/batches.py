"""Images opened ahead of a model, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

from hemavision.errors import ImageError
from hemavision.images.opening import Photo

#: What one batch may hold; whichever is reached first ends it.
BATCH_IMAGES = 16
BATCH_PIXELS = 30_000_000

T = TypeVar("T")


@dataclass(frozen=True)
class Opened(Generic[T]):
    """One input: its photo, or the error that it gave."""

    source: T
    photo: Photo | None
    error: str = ""


def open_in_batches(
    sources: Iterable[T], open_one: Callable[[T], Photo]
) -> Iterator[list[Opened[T]]]:
    """Open images one batch ahead of the caller, in a thread of its own.

    Memory stays bounded by two batches, whatever the number and the size of the images.

    Args:
        sources: whatever images come from.
        open_one: gives a source's photo, or raises ImageError.
    """
    return _one_ahead(_batches(sources, open_one))


def _batches(sources: Iterable[T], open_one: Callable[[T], Photo]) -> Iterator[list[Opened[T]]]:
    batch: list[Opened[T]] = []
    pixels = 0
    for source in sources:
        opened = _open(source, open_one)
        batch.append(opened)
        if opened.photo:
            pixels += opened.photo.rgb.shape[0] * opened.photo.rgb.shape[1]
        if len(batch) >= BATCH_IMAGES or pixels >= BATCH_PIXELS:
            yield batch
            batch, pixels = [], 0
    if batch:
        yield batch


def _open(source: T, open_one: Callable[[T], Photo]) -> Opened[T]:
    try:
        return Opened(source, open_one(source))
    except ImageError as error:
        return Opened(source, None, str(error))


def _one_ahead(items: Iterator[T]) -> Iterator[T]:
    with ThreadPoolExecutor(1) as pool:
        pending = pool.submit(next, items, None)
        while (item := pending.result()) is not None:
            pending = pool.submit(next, items, None)
            yield item
