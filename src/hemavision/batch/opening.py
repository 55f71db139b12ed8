"""Items become photos: files, archives' entries and URLs, opened ahead of the model."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple

from hemavision.batch import remote
from hemavision.batch.items import Item
from hemavision.batch.sources import open_archive
from hemavision.errors import ArchiveError, ImageError
from hemavision.images.archives import Archive
from hemavision.images.batches import Opened, open_in_batches
from hemavision.images.foreign_files import kind_of, why_not_read
from hemavision.images.opening import Photo, max_file_bytes, open_image
from hemavision.images.slides import Slide
from hemavision.reading.slide import SlideTile

#: Files that are fetched over the network at once, and how far ahead: a bucket answers in the time
#: that a cell takes, so one after the other would halve the pace.
FETCHERS, FETCHED_AHEAD = 8, 16


class Fetched(NamedTuple):
    """An item and, where it lies elsewhere, its bytes on their way."""

    item: Item
    content: Future[bytes] | None


class Opener(AbstractContextManager["Opener"]):
    """Opens items; keeps the archive or slide open that the last one was in."""

    def __init__(self) -> None:
        self._fetchers = ThreadPoolExecutor(FETCHERS, "fetch")
        self._place: str | None = None
        self._open: AbstractContextManager[Archive] | None = None
        self._archive: Archive | None = None
        self._slide: tuple[str, Slide] | None = None

    def __exit__(self, *_: object) -> None:
        """Close what is open, and fetch no more."""
        self._fetchers.shutdown(cancel_futures=True)
        self._close()
        self._close_slide()

    def open_in_batches(self, items: Iterable[Item]) -> Iterator[list[tuple[Item, Photo | str]]]:
        """Yield items with their photo or, in words, why there is none; a batch ahead.

        Raises:
            PlaceError: a place cannot be reached.
        """
        for batch in open_in_batches(self._fetch(items), self._photo):
            yield [_told(opened) for opened in batch]

    def _fetch(self, items: Iterable[Item]) -> Iterator[Fetched]:
        ahead: deque[Fetched] = deque()
        for item in items:
            ahead.append(Fetched(item, self._on_its_way(item)))
            if len(ahead) > FETCHED_AHEAD:
                yield ahead.popleft()
        yield from ahead

    def _on_its_way(self, item: Item) -> Future[bytes] | None:
        lies_elsewhere = remote.is_url(item.name) and not (item.archive or item.tile or item.error)
        if not lies_elsewhere or kind_of(item.name):
            return None
        return self._fetchers.submit(remote.read, item.name, max_file_bytes())

    def _photo(self, fetched: Fetched) -> Photo:
        item = fetched.item
        if item.error:
            raise ImageError(item.error)
        if item.slide is not None and item.tile is not None:
            return self._tile(item.slide, item.tile)
        if kind := kind_of(item.name):
            raise ImageError(why_not_read(kind))
        if fetched.content is not None:
            return open_image(fetched.content.result())
        if item.archive is not None:
            return open_image(self._entry(item, item.archive))
        return open_image(Path(item.name))

    def _tile(self, place: str, tile: SlideTile) -> Photo:
        if self._slide is None or self._slide[0] != place:
            self._close_slide()
            self._slide = (place, Slide(Path(place)))
        try:
            rgb = self._slide[1].read(tile.box, (tile.width, tile.height))
        except ImageError:
            self._close_slide()  # of a slide that failed once, nothing more is read
            raise
        return Photo(rgb, um_per_px=tile.um_per_px, own=tile.own_as_read)

    def _entry(self, item: Item, place: str) -> bytes:
        archive = self._archive_at(place)
        entries, number = archive.entries, item.entry
        if number is None or number >= len(entries) or item.name != _name(place, archive, number):
            raise ImageError("the archive is not the one that the job was begun with.")
        entry, is_url = entries[number], remote.is_url(place)

        def get() -> bytes:
            try:
                return archive.read(entry, max_file_bytes())
            except ArchiveError as error:
                raise remote.fault_of(error, None if is_url else Path(place)) from error

        return remote.reached(place, get) if is_url else get()

    def _archive_at(self, place: str) -> Archive:
        if place != self._place or self._archive is None:
            self._close()
            opening = open_archive(place)
            self._archive = opening.__enter__()
            self._place, self._open = place, opening
        return self._archive

    def _close_slide(self) -> None:
        if self._slide is not None:
            self._slide[1].__exit__()
        self._slide = None

    def _close(self) -> None:
        if self._open is not None:
            self._open.__exit__(None, None, None)
        self._place = self._open = self._archive = None


def _name(place: str, archive: Archive, number: int) -> str:
    return f"{place}/{archive.entries[number].name}"


def _told(opened: Opened[Fetched]) -> tuple[Item, Photo | str]:
    """Return an item with its photo, or its error without the name, which stands beside it."""
    item = opened.source.item
    if opened.photo is not None:
        return item, opened.photo
    return item, opened.error.removeprefix(f"{Path(item.name)}: ")
