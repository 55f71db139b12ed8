"""Reviewed cells as a data set that ``train --from`` and ``validate`` take as it is."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hemavision.casework.pictures import look_at
from hemavision.errors import RefusedError
from hemavision.exports.table import Table
from hemavision.reading.explaining import encode_png
from hemavision.store import Store
from hemavision.store.cases import Search, find_case, list_cases
from hemavision.store.cells import Filter, list_cells
from hemavision.store.images import list_images
from hemavision.store.records import Case, Cell, Page, State

#: Decisions that name no type of cell.
NO_TYPE = ("unidentified",)
TABLE = "cells.csv"
COLUMNS = (
    "file", "cell_type", "case", "case_name", "slide", "image", "image_sha256", "suggested_type",
    "confidence", "status", "model_sha256", "decided_by", "decided_at",
)  # fmt: skip
_AT_ONCE = 500


@dataclass(frozen=True)
class Wanted:
    """What goes into a data set.

    Attributes:
        case_ids: these cases; none given, all.
        signed: signed cases alone.
        at_least: types with fewer cells are left out: training can learn nothing from them.
    """

    case_ids: Sequence[int] = ()
    signed: bool = False
    at_least: int = 1


@dataclass(frozen=True)
class Exported:
    """What came of it: type → cells written, type → cells left out."""

    written: dict[str, int]
    left_out: dict[str, int] = field(default_factory=dict)


def export_cells(
    store: Store, out: Path, wanted: Wanted, advance: Callable[[int], None]
) -> Exported:
    """Write the decided cells of cases as PNG files, one folder a type, and a table of them.

    Args:
        store: whose cases.
        out: the new folder; it appears when all is done.
        wanted: which cells.
        advance: called with 1 for each cell written.

    Raises:
        RefusedError: ``out`` exists, or there is nothing to write.
        MissingError: a case does not exist.
    """
    if out.exists():
        raise RefusedError("exists", f"{out} exists already; name another folder.")
    cases = _cases(store, wanted)
    counts = Counter(c.decided_type or "" for case in cases for c in _decided(store, case))
    written = {
        name: count
        for name, count in sorted(counts.items())
        if count >= wanted.at_least and name not in NO_TYPE
    }
    left_out = {name: count for name, count in sorted(counts.items()) if name not in written}
    if not written:
        raise RefusedError(
            "nothing-to-export",
            f"No type has {wanted.at_least} reviewed cells yet ({_named(left_out)}).",
        )
    unfinished = out.with_name(f".{out.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    _write(store, cases, unfinished, _Job(tuple(written), advance))
    unfinished.rename(out)
    return Exported(written, left_out)


@dataclass(frozen=True)
class _Job:
    types: tuple[str, ...]
    advance: Callable[[int], None]


def _cases(store: Store, wanted: Wanted) -> list[Case]:
    if wanted.case_ids:
        found = [find_case(store, number) for number in wanted.case_ids]
        return [case for case in found if case.state is State.SIGNED or not wanted.signed]
    search = Search(state=State.SIGNED if wanted.signed else None)
    found, total = list_cases(store, search, Page())
    while len(found) < total:
        more, total = list_cases(store, search, Page(offset=len(found)))
        if not more:
            break
        found += more
    return sorted(found, key=lambda case: case.id)


def _decided(store: Store, case: Case) -> Iterator[Cell]:
    offset = 0
    while True:
        page = Page(_AT_ONCE, offset)
        found, total = list_cells(store, case.id, Filter(decided=True), page)
        yield from found
        offset += len(found)
        if not found or offset >= total:
            return


def _write(store: Store, cases: list[Case], folder: Path, job: _Job) -> None:
    for name in job.types:
        (folder / name).mkdir(parents=True)
    with (folder / TABLE).open("w", newline="", encoding="utf-8") as stream:
        rows = Table(stream)
        rows.write(COLUMNS)
        for case in cases:
            images = {image.id: image for image in list_images(store, case.id)}
            for cell in _decided(store, case):
                if cell.decided_type not in job.types:
                    continue
                file = f"{cell.decided_type}/case{case.id}-cell{cell.id}.png"
                rgb, _ = look_at(store, case.id, cell.id)
                (folder / file).write_bytes(encode_png(rgb))
                image = images[cell.image_id]
                values = _row(case, cell, file) | _origin(image.name, image.sha256)
                rows.write(values[column] for column in COLUMNS)
                job.advance(1)


def _row(case: Case, cell: Cell, file: str) -> dict[str, Any]:
    return {
        "file": file,
        "cell_type": cell.decided_type,
        "case": case.id,
        "case_name": case.name,
        "slide": case.slide,
        "suggested_type": cell.suggestion.cell_type,
        "confidence": cell.suggestion.confidence,
        "status": cell.suggestion.status.value,
        "model_sha256": cell.suggestion.model.sha256,
        "decided_by": cell.decided_by,
        "decided_at": cell.decided_at,
    }


def _origin(name: str, sha256: str) -> dict[str, str]:
    return {"image": name, "image_sha256": sha256}


def _named(counts: dict[str, int]) -> str:
    return ", ".join(f"{name}: {count}" for name, count in counts.items()) or "there is none"
