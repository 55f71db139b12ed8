"""The one way in which ``classify`` and ``detect`` go through the images of a command line."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, Protocol, TypeVar

import click

from hemavision.cli.outputs import Output, printable
from hemavision.cli.progress import progress
from hemavision.errors import ImageError
from hemavision.images import batches
from hemavision.images.folders import search
from hemavision.images.foreign_files import kind_of, why_not_read
from hemavision.images.opening import Photo, open_image
from hemavision.records.results import NOTICE

#: One input: its path, and its photo or the error that it gave.
Opened = batches.Opened[Path]

Answer = TypeVar("Answer")
Answer_co = TypeVar("Answer_co", covariant=True)


class Read(Protocol[Answer_co]):
    """Answers images, in their order."""

    def __call__(self, photos: list[Photo], /) -> Iterable[Answer_co]:
        """Return an answer an image."""
        ...


@dataclass(frozen=True)
class Inputs:
    """Which images a command line means.

    Attributes:
        paths: files and folders, as given.
        skip: a folder to leave out, such as the one that results are written to.
    """

    paths: tuple[Path, ...]
    skip: Path | None

    def __iter__(self) -> Iterator[Path]:
        return find_images(self.paths, self.skip)


def run(
    what: str, inputs: Inputs, read: Read[Answer], outputs: list[Output[Answer]]
) -> tuple[int, int]:
    """Read every input and hand the answers on; what cannot be opened is named on stderr.

    Returns:
        How many inputs failed, and how many were done.
    """
    failed = done = 0
    with progress(what, lambda: sum(1 for _ in inputs)) as advance:
        for batch in open_in_batches(inputs):
            for item in batch:
                if item.photo is None:
                    failed += 1
                    click.echo(printable(item.error), err=True)
            opened = [(item.source, item.photo) for item in batch if item.photo is not None]
            answers = read([photo for _, photo in opened])
            for (path, photo), answer in zip(opened, answers, strict=True):
                for output in outputs:
                    output.write(path, photo, answer)
            done += len(opened)
            advance(len(batch))
    return failed, done


def conclude(failed: int, done: int, as_json: bool) -> NoReturn:
    """Say what failed, and the notice to a person; the exit status is 1 if anything did."""
    if failed:
        click.echo(f"{failed:,} of {failed + done:,} inputs failed.", err=True)
    if not as_json:
        click.echo(NOTICE)
    sys.exit(1 if failed else 0)


def find_images(paths: Iterable[Path], skip: Path | None = None) -> Iterator[Path]:
    """Yield the files of a command line; folders are searched to any depth, in order.

    Args:
        paths: files and folders. What does not exist is yielded too: opening it says so,
            as for a folder without any image and for pictures of a kind that is not read.
        skip: a folder to leave out.
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
