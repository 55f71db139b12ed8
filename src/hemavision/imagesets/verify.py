"""Whether a copy of an image set is whole: counts, labels, contents."""

from __future__ import annotations

import csv
import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from hemavision.errors import ImageError
from hemavision.images import open_image
from hemavision.imagesets.catalogue import ImageSet, Part, Table

IMAGE_SUFFIXES = {".jpg", ".jpeg", ".png"}
#: Of one kind of problem, so many are named and the rest counted.
NAMED = 10


def verify(image_set: ImageSet, folder: Path, advance: Callable[[int], None]) -> Iterator[str]:
    """Yield every problem of a copy, in words; none means that it is sound.

    Args:
        image_set: what the copy should be.
        folder: the copy, such as ``data/bccd``.
        advance: told the number of images opened since the last call.
    """
    if not folder.is_dir():
        yield f"{folder} is missing."
        return
    for part in image_set.parts:
        yield from _check_part(part, folder)
    yield from _check_table(image_set.table, folder)
    yield from _check_images(folder, advance)


def images_of(folder: Path) -> list[Path]:
    """Return a copy's image files, sorted."""
    return sorted(p for p in folder.rglob("*") if p.suffix in IMAGE_SUFFIXES and p.is_file())


def digest(files: Iterable[Path], folder: Path) -> str:
    """Return a SHA-256 over the names (inside ``folder``) and contents of files."""
    total = hashlib.sha256()
    for name, path in sorted((path.relative_to(folder).as_posix(), path) for path in files):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        total.update(f"{name} {content}\n".encode())
    return total.hexdigest()


def _check_part(part: Part, folder: Path) -> Iterator[str]:
    files = [path for path in folder.glob(part.pattern) if path.is_file()]
    if not files and part.optional:
        return
    if len(files) != part.count:
        yield f"{part.pattern}: {len(files):,} files where {part.count:,} belong."
    elif part.digest and digest(files, folder) != part.digest:
        yield f"{part.pattern}: as many files as belong, but their names or contents differ."


def _check_table(table: Table, folder: Path) -> Iterator[str]:
    path = folder / table.name
    if not path.is_file():
        yield f"{table.name} is missing."
        return
    with path.open(newline="", encoding="utf-8", errors="replace") as stream:
        rows = list(csv.DictReader(stream))
    columns = {table.path_column, table.label_column} - {""}
    if not rows or not columns <= rows[0].keys():
        yield f"{table.name} needs lines with the columns {', '.join(sorted(columns))}."
        return
    named = [row[table.path_column] or "" for row in rows]
    yield from _listed("twice in " + table.name, _repeated(named))
    base = folder / table.folder
    absent = [name for name in named if not name or not (base / name).is_file()]
    yield from _listed(f"in {table.name}, but no such file", absent)
    if table.labels:
        unknown = [
            f"{row[table.path_column]} ({row[table.label_column]})"
            for row in rows
            if not set((row[table.label_column] or "").split("|")) <= set(table.labels)
        ]
        yield from _listed(f"unknown label in {table.name}", unknown)
    listed = {*named, *table.unlisted}
    pictures = [p.relative_to(base).as_posix() for p in images_of(base) if not _is_mask(p)]
    yield from _listed(f"no line in {table.name}", [p for p in pictures if p not in listed])


def _check_images(folder: Path, advance: Callable[[int], None]) -> Iterator[str]:
    unreadable = []
    for path in images_of(folder):
        try:
            open_image(path.read_bytes())
        except ImageError as error:
            unreadable.append(f"{path.relative_to(folder).as_posix()} ({error})")
        advance(1)
    yield from _listed("unreadable", unreadable)


def _is_mask(path: Path) -> bool:
    return "masks" in path.parent.name.lower()


def _repeated(names: list[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]


def _listed(problem: str, names: list[str]) -> Iterator[str]:
    for name in names[:NAMED]:
        yield f"{name}: {problem}."
    if len(names) > NAMED:
        yield f"and {len(names) - NAMED:,} more: {problem}."
