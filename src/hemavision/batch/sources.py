"""What the places of a command line give, one by one: nothing is opened but archives' tables."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Collection, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import IO

from hemavision.batch import remote
from hemavision.batch.items import Item
from hemavision.errors import ArchiveError, ImageError
from hemavision.images.archives import Archive, open_zip_or_tar, picture_entries
from hemavision.images.folders import is_picture, search
from hemavision.images.slides import Slide, is_dicom, is_slide
from hemavision.reading.slide import Ground, SlideTile, pixel_size, survey

_ARCHIVE = re.compile(r"\.(zip|tar|tar\.(gz|bz2|xz)|tgz|tbz2|txz)$", re.IGNORECASE)


@dataclass(frozen=True)
class Slides:
    """That whole slides are read, tile by tile.

    Attributes:
        um_per_px: side of a pixel in µm of the slides that do not say it.
    """

    um_per_px: float | None = None


def find_items(
    places: Iterable[str], skip: Collection[Path] = (), slides: Slides | None = None
) -> Iterator[Item]:
    """Yield the images of files, folders, patterns, archives and URLs, in order.

    Folders and what patterns find are searched for pictures; a file that is named itself is
    always one. What cannot be listed (a folder without any image, an archive that is not sound) is
    yielded as an item that fails.

    Args:
        places: as a person names them.
        skip: folders to leave out, such as the job's own.
        slides: how whole slides are read; without it they are pictures of a kind that is not.

    Raises:
        JobError: nothing here reads such a URL, or a slide does not say how large its pixels are.
        PlaceError: a URL's place cannot be reached.
    """
    number = count()
    for place in places:
        found = False
        for item in _with_slides(_items_of(place, skip), slides, number):
            found = True
            yield item
        if not found:
            yield Item(place, error="there is no image in it.")


def _with_slides(
    items: Iterable[Item], slides: Slides | None, number: Iterator[int]
) -> Iterator[Item]:
    """Yield items, the tiles of a slide in its place; a folder's DICOM files of slides are one."""
    folder = ""
    for item in items:
        if slides is None or item.error or item.archive or not _is_slide(item.name):
            yield item
        elif not is_dicom(item.name):
            yield from _tiles(item.name, slides, next(number))
        elif str(Path(item.name).parent) != folder:
            folder = str(Path(item.name).parent)
            yield from _tiles(folder, slides, next(number))


def _is_slide(name: str) -> bool:
    return not remote.is_url(name) and is_slide(Path(name))


def _tiles(place: str, slides: Slides, number: int) -> Iterator[Item]:
    """Yield a slide's tiles that are to be read; what fails is an item."""
    found = False
    try:
        with Slide(Path(place)) as slide:
            for tile, ground in survey(slide, pixel_size(slide, place, slides.um_per_px)):
                if ground is Ground.THIN:
                    found = True
                    yield Item(tile_name(place, tile), entry=number, slide=place, tile=tile)
    except ImageError as error:
        yield Item(place, error=str(error))
        return
    if not found:
        yield Item(place, error="there is nothing to read on the slide: glass, or blood too thick.")


def tile_name(place: str, tile: SlideTile) -> str:
    """Return what a slide's tile is called: its place as in a media fragment, in pixels."""
    box = tile.box
    return f"{place}#xywh={box.left},{box.top},{box.right - box.left},{box.bottom - box.top}"


def _items_of(place: str, skip: Collection[Path]) -> Iterator[Item]:
    if remote.is_url(place):
        yield from _of_url(place)
    elif Path(place).is_dir():
        yield from _of_folder(Path(place), skip)
    elif glob.has_magic(place) and not os.path.lexists(place):
        yield from _of_pattern(place, skip)
    else:
        yield from _of_file(place)


def _of_url(place: str) -> Iterator[Item]:
    try:
        if "*" in place:
            for url in remote.list_pictures(place):
                if _is_file(url):
                    yield from _of_file(url)
        elif _is_file(place) or not remote.is_folder(place):
            yield from _of_file(place)
        else:
            yield from map(Item, remote.list_pictures(place))
    except ImageError as error:
        yield Item(place, error=str(error))


def _of_folder(folder: Path, skip: Collection[Path]) -> Iterator[Item]:
    refused: list[OSError] = []
    for path in search(folder, skip, refused.append):
        yield Item(str(path))
    for error in refused:
        yield Item(str(error.filename), error=f"the folder cannot be read ({error.strerror}).")


def _of_pattern(pattern: str, skip: Collection[Path]) -> Iterator[Item]:
    # Path.glob takes no absolute patterns.
    for name in sorted(glob.glob(pattern, recursive=True)):  # noqa: PTH207
        path = Path(name)
        if path.is_dir():
            # "**" finds what is in a folder by itself.
            yield from _of_folder(path, skip) if "**" not in pattern else ()
        elif _is_file(name):
            yield from _of_file(name)


def _of_file(place: str) -> Iterator[Item]:
    if not is_archive(place):
        yield Item(place)
        return
    try:
        with open_archive(place) as archive:
            for number, entry in picture_entries(archive):
                yield Item(f"{place}/{entry.name}", place, number)
    except ImageError as error:
        yield Item(place, error=str(error))


def is_archive(name: str) -> bool:
    """Whether a name promises a ZIP or tar archive."""
    return _ARCHIVE.search(_without_query(name)) is not None


def _is_file(name: str) -> bool:
    """Whether a name promises an archive or a picture."""
    return is_archive(name) or is_picture(_without_query(name))


def _without_query(name: str) -> str:
    return name.partition("?")[0] if remote.is_url(name) else name


@contextmanager
def open_archive(place: str) -> Iterator[Archive]:
    """Give the archive at a path or URL.

    Raises:
        ImageError: it is missing or not sound; the message does not name it.
        PlaceError: its URL cannot be reached.
    """
    with ExitStack() as stack:
        if remote.is_url(place):
            stream = stack.enter_context(remote.open_stream(place))
            archive = remote.reached(place, lambda: _archive_in(stream))
        else:
            archive = _archive_in(Path(place))
        yield stack.enter_context(archive)


def _archive_in(source: Path | IO[bytes]) -> Archive:
    try:
        archive = open_zip_or_tar(source)
    except FileNotFoundError as error:
        raise ImageError("there is no such file.") from error
    except ArchiveError as error:
        raise remote.fault_of(error, source) from error
    except OSError as error:
        if isinstance(source, Path):
            raise ImageError(f"the archive cannot be read ({error.strerror or error}).") from error
        raise
    if archive is None:
        raise ImageError("this is no ZIP or tar archive.")
    return archive
