"""Whether a copy of an image set is whole: counts, labels, contents."""

from __future__ import annotations

import csv
import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from hemavision.datasets.contents import Content, known_contents
from hemavision.datasets.image_set import ImageSet, Part, Table
from hemavision.errors import ImageError
from hemavision.images.opening import open_image

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
    yield from _check_tables(image_set.tables, folder)
    yield from _check_images(image_set, folder, advance)


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


def _check_tables(tables: tuple[Table, ...], folder: Path) -> Iterator[str]:
    listed: set[Path] = set()
    for table in tables:
        rows, problem = _rows(table, folder)
        if problem:
            yield problem
            return
        yield from _check_table(table, rows, folder)
        named = [row[column] or "" for row in rows for column in _path_columns(table)]
        listed |= {folder / table.folder / name for name in (*named, *table.unlisted)}
    known_folders = {path.parent for path in listed}
    left_out = [
        path.relative_to(folder / tables[0].folder).as_posix()
        for path in images_of(folder / tables[0].folder)
        if path not in listed and (not _is_mask(path) or path.parent in known_folders)
    ]
    yield from _listed(f"no line in {' or '.join(table.name for table in tables)}", left_out)


def _rows(table: Table, folder: Path) -> tuple[list[dict[str, str | None]], str]:
    """Return a table's lines, or else what is wrong with it as a whole."""
    path = folder / table.name
    if not path.is_file():
        return [], f"{table.name} is missing."
    with path.open(newline="", encoding="utf-8", errors="replace") as stream:
        rows: list[dict[str, str | None]] = list(csv.DictReader(stream))
    columns = {*_path_columns(table), table.label_column} - {""}
    if not rows or not columns <= rows[0].keys():
        needed = ", ".join(sorted(columns))
        return [], f"{table.name} needs lines with the columns {needed}."
    return rows, ""


def _path_columns(table: Table) -> tuple[str, ...]:
    return (table.path_column, *table.also)


def _check_table(table: Table, rows: list[dict[str, str | None]], folder: Path) -> Iterator[str]:
    named = [row[table.path_column] or "" for row in rows]
    if not table.repeats:
        yield from _listed("twice in " + table.name, _repeated(named))
    base = folder / table.folder
    files = dict.fromkeys(row[column] or "" for column in _path_columns(table) for row in rows)
    absent = [name for name in files if not name or not (base / name).is_file()]
    yield from _listed(f"in {table.name}, but no such file", absent)
    if table.labels:
        unknown = [
            f"{row[table.path_column]} ({row[table.label_column]})"
            for row in rows
            if not set((row[table.label_column] or "").split("|")) <= set(table.labels)
        ]
        yield from _listed(f"unknown label in {table.name}", unknown)


def _check_images(
    image_set: ImageSet, folder: Path, advance: Callable[[int], None]
) -> Iterator[str]:
    known = known_contents(image_set.name)
    sizes = {
        path: part.size_px
        for part in image_set.parts
        if part.size_px
        for path in folder.glob(part.pattern)
    }
    wrong: dict[str, list[str]] = {}
    for path in images_of(folder):
        name = path.relative_to(folder).as_posix()
        data = path.read_bytes()
        try:
            rgb = open_image(data).rgb
        except ImageError as error:
            wrong.setdefault("unreadable", []).append(f"{name} ({error})")
        else:
            height, width = rgb.shape[:2]
            if sizes.get(path, (width, height)) != (width, height):
                problem = "its size in pixels is not the set's"
                wrong.setdefault(problem, []).append(f"{name} ({width}×{height})")
            elif problem := known.get(name, Content()).difference(data, rgb):
                wrong.setdefault(problem, []).append(name)
        advance(1)
    for problem, names in wrong.items():
        yield from _listed(problem, names)


def _is_mask(path: Path) -> bool:
    return "masks" in path.parent.name.lower()


def _repeated(names: list[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]


def _listed(problem: str, names: list[str]) -> Iterator[str]:
    for name in names[:NAMED]:
        yield f"{name}: {problem}."
    if len(names) > NAMED:
        yield f"and {len(names) - NAMED:,} more: {problem}."
