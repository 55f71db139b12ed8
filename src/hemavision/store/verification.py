"""Proves the log: whole, unchanged, and what the cases show is what it says."""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, CursorResult, LargeBinary, cast, func, select

from hemavision.errors import MissingError
from hemavision.records.json_values import Count, Record, Sha256
from hemavision.store.bucket import Bucket
from hemavision.store.chain import find_break, seal_suggestions
from hemavision.store.database import Store
from hemavision.store.schema import (
    cases,
    cells,
    chain,
    contents,
    images,
    log,
    read_cells,
    reads,
    signed_heatmaps,
    versions,
)
from hemavision.store.second_readings import ReadState

_ROWS_AT_ONCE = 1000
_PICTURES_AT_ONCE = 20


@dataclass(frozen=True)
class Verdict(Record):
    """What came of it.

    Attributes:
        sound: whether everything is as the log says.
        entries: rows of the log that are sound.
        head: the last one's hash. Kept elsewhere, it proves later that nothing before it was
            written anew.
        problem: what is wrong first; empty where nothing is.
    """

    sound: bool
    entries: Count
    head: Sha256
    problem: str


def verify(store: Store, expected: str | None = None, *, deep: bool = True) -> Verdict:
    """Check the log's chain, and cells, signatures and image files against it.

    Args:
        store: to check.
        expected: a head that was noted earlier: it must still be in the log.
        deep: read every image file and compare its SHA-256, too.
    """
    with store.reading() as connection:
        with _rows(connection) as rows:
            length, head, problem = find_break(map(_as_mapping, rows))
        checks: tuple[Callable[[], str], ...] = (
            lambda: problem,
            lambda: _check_end(connection, length, head),
            lambda: _check_expected(connection, expected),
            lambda: _check_cells(connection),
            lambda: _check_images(connection),
            lambda: _check_reads(connection),
            lambda: _check_cases(connection),
            lambda: _check_classes(connection),
            lambda: _check_entries(connection),
            lambda: _check_signatures(connection),
            lambda: _check_contents(connection, store.bucket) if deep else "",
        )
        found = next(filter(None, (check() for check in checks)), "")
    return Verdict(not found, length, head, found)


def _rows(connection: Connection) -> CursorResult[Any]:
    """Return the log's rows, a piece at a time; to be closed where they are not read to the end."""
    # Of this statement: an option of the connection would hold for every check after it.
    return connection.execute(
        select(log).order_by(log.c.id), execution_options={"yield_per": _ROWS_AT_ONCE}
    )


def _as_mapping(row: Any) -> Mapping[str, Any]:
    return dict(row._mapping)


def _check_end(connection: Connection, length: int, head: str) -> str:
    noted = connection.execute(select(chain.c.length, chain.c.head)).one_or_none()
    if noted is None or tuple(noted) == (length, head):
        return "" if noted else "the chain's own row is missing"
    return f"the log ends at row {length}, but {noted.length} were written"


def _check_expected(connection: Connection, expected: str | None) -> str:
    known = expected is None or connection.execute(select(log.c.id).where(log.c.hash == expected))
    return "" if known is True or known.first() else f"no row has the noted hash {expected}"


def _check_cells(connection: Connection) -> str:
    last = (
        select(log.c.cell_id, func.max(log.c.id).label("id"))
        .where(log.c.action.in_(("decide", "undo")))
        .group_by(log.c.cell_id)
        .subquery()
    )
    said = select(log.c.cell_id, log.c.after).join_from(last, log, last.c.id == log.c.id)
    gone = _taken_out(connection)
    logged = {row[0]: row[1] for row in connection.execute(said) if row[0] not in gone}
    shown = select(cells.c.id, cells.c.decided_type).order_by(cells.c.id)
    for number, kind in connection.execute(shown):
        if logged.pop(number, None) != kind:
            return f"cell {number} shows {kind}, which is not what the log says"
    return f"cell {min(logged)} is in the log and nowhere else" if logged else ""


def _taken_out(connection: Connection) -> set[int]:
    """Return the cells that the log says were taken out, by themselves or with their image."""
    found = select(log.c.cell_id, log.c.detail).where(log.c.action == "remove")
    gone: set[int] = set()
    for cell, detail in connection.execute(found):
        gone.update([cell] if cell is not None else map(int, json.loads(detail)["cells"]))
    return gone


def _check_images(connection: Connection) -> str:
    logged = _logged_images(connection)
    shown = select(images.c.id, images.c.case_id, images.c.sha256).order_by(images.c.id)
    for number, case_id, sha256 in connection.execute(shown).all():
        said = logged.pop(number, None)
        seals = seal_suggestions(connection, number)
        # The import sealed its cells; each one added or taken out since, all there were by then.
        if said is None or said != (case_id, sha256, seals[-len(said[2]) :]):
            return f"image {number}, or what was suggested of its cells, is not as it was imported"
    return f"image {min(logged)} is in the log and nowhere else" if logged else ""


def _logged_images(connection: Connection) -> dict[int, tuple[int, str, list[str]]]:
    """Return image → case, SHA-256, and the seals that still have to hold, of those not taken out.

    They are those of its import and of each cell added since, or, from where a cell was taken out,
    of what was left, and of each cell added after that.
    """
    events = select(log.c.action, log.c.case_id, log.c.cell_id, log.c.image_sha256, log.c.detail)
    wanted = events.where(log.c.action.in_(("import", "add", "remove"))).order_by(log.c.id)
    logged: dict[int, tuple[int, str, list[str]]] = {}
    for action, case_id, cell, sha256, detail in connection.execute(wanted):
        values = json.loads(detail)
        if action == "remove" and cell is None:
            del logged[values["image"]]
            continue
        image = logged.setdefault(values["image"], (case_id, sha256, []))
        if action == "remove":
            image[2].clear()
        image[2].append(values["suggestions"])
    return logged


def _check_reads(connection: Connection) -> str:
    said = _logged_reads(connection)
    for number, version in connection.execute(select(reads.c.id, reads.c.closed_version)):
        if version != said.closed.get(number):
            return f"reading {number} was finished in version {said.closed.get(number)}"
    columns = (read_cells.c.decided_type, read_cells.c.first_type)
    for number, cell, kind, first in connection.execute(
        select(read_cells.c.read_id, read_cells.c.cell_id, *columns)
    ):
        if said.second.pop((number, cell), None) != kind:
            return f"reading {number} shows {kind} for cell {cell}, which is not what the log says"
        if said.first.get((number, cell)) != first:
            wrong = f"reading {number} keeps {first} as the first reader's word on cell {cell}"
            return f"{wrong}, which is not what the log says"
    return "a reading's cell is in the log and nowhere else" if said.second else ""


@dataclass(frozen=True)
class _Readings:
    """Second readings by the log.

    Attributes:
        second: (reading, cell) → what its reader said.
        first: (reading, cell) → what the first reader said when it was finished.
        closed: reading → the case's version when it was finished.
    """

    second: dict[tuple[int, int], str | None] = field(default_factory=dict)
    first: dict[tuple[int, int], str | None] = field(default_factory=dict)
    closed: dict[int, int] = field(default_factory=dict)


def _logged_reads(connection: Connection) -> _Readings:
    """Follow the log: what the first reader had said when a reading was finished stands in it."""
    found, now = _Readings(), dict[int, str | None]()
    versions_of: Counter[int] = Counter()
    cells_of: defaultdict[int, set[int]] = defaultdict(set)
    told = log.c.action.in_(("decide", "undo", "amend", "read", "reread"))
    columns = (log.c.action, log.c.case_id, log.c.cell_id, log.c.after, log.c.detail)
    for action, case_id, cell, after, detail in connection.execute(
        select(*columns).where(told).order_by(log.c.id)
    ):
        if action in ("decide", "undo"):
            now[cell] = after
        elif action == "amend":
            versions_of[case_id] += 1
        elif action == "reread":
            number = json.loads(detail)["read"]
            found.second[number, cell] = after
            cells_of[number].add(cell)
        elif after == ReadState.FINISHED:
            number = json.loads(detail)["read"]
            found.closed[number] = 1 + versions_of[case_id]
            found.first.update({(number, own): now.get(own) for own in cells_of[number]})
    return found


def _check_cases(connection: Connection) -> str:
    stands = log.c.action.in_(
        ("create", "import", "add", "remove", "decide", "undo", "enter", "sign", "amend")
    )
    last = select(log.c.case_id, func.max(log.c.case_revision)).where(stands)
    rows = connection.execute(last.group_by(log.c.case_id))
    logged = {row[0]: row[1] for row in rows}
    for number, revision in connection.execute(select(cases.c.id, cases.c.revision)):
        if logged.pop(number, None) != revision:
            return f"case {number} is at revision {revision}, which is not what the log says"
    return f"case {min(logged)} is in the log and nowhere else" if logged else ""


def _check_classes(connection: Connection) -> str:
    said = select(log.c.case_id, log.c.detail).where(log.c.action == "create")
    logged = {
        number: json.loads(detail).get("classes", {}) for number, detail in connection.execute(said)
    }
    for number, classes in connection.execute(select(cases.c.id, cases.c.classes)):
        if logged.get(number) != classes:
            return f"the classes of case {number} are not those that the log says"
    return ""


def _check_entries(connection: Connection) -> str:
    said = select(log.c.case_id, log.c.detail).where(log.c.action == "enter").order_by(log.c.id)
    logged = {number: json.loads(detail)["entries"] for number, detail in connection.execute(said)}
    for number, entries in connection.execute(select(cases.c.id, cases.c.entries)):
        if logged.pop(number, {}) != entries:
            return f"what is entered for case {number} is not what the log says"
    return f"case {min(logged)} is in the log and nowhere else" if logged else ""


def _check_signatures(connection: Connection) -> str:
    signed = select(log.c.case_id, log.c.who, log.c.at, log.c.detail).where(log.c.action == "sign")
    logged = {}
    for case_id, who, at, detail in connection.execute(signed):
        values = json.loads(detail)
        # No entries before step 0002, no figures before step 0003.
        content = (values["decisions"], values.get("entries"), values.get("figures"))
        logged[case_id, values["version"]] = (who, at, *content)
    heatmaps = _heatmaps(connection)
    for row in connection.execute(select(versions)):
        content = (row.decisions, row.entries, row.figures)
        shown = (row.signed_by, row.signed_at, *content) if row.signed_at else None
        kept = heatmaps.pop((row.case_id, row.version), {})
        whole = kept == (row.figures or {}).get("heatmaps", {})
        if not whole or logged.pop((row.case_id, row.version), None) != shown:
            return f"version {row.version} of case {row.case_id} is not as it was signed"
    return "a signed version is in the log and nowhere else" if logged else ""


def _heatmaps(connection: Connection) -> dict[tuple[int, int], dict[str, str]]:
    """Return (case, version) → cell → SHA-256 of the heatmaps that were signed with it."""
    png = cast(signed_heatmaps.c.png, LargeBinary).label("png")
    found = select(
        signed_heatmaps.c.case_id, signed_heatmaps.c.version, signed_heatmaps.c.cell_id, png
    )
    digests: defaultdict[tuple[int, int], dict[str, str]] = defaultdict(dict)
    rows = connection.execute(found, execution_options={"yield_per": _PICTURES_AT_ONCE})
    for case_id, version, cell_id, content in rows:
        digests[case_id, version][str(cell_id)] = hashlib.sha256(content).hexdigest()
    return digests


def _check_contents(connection: Connection, bucket: Bucket | None) -> str:
    logged = {sha256 for _, sha256, _ in _logged_images(connection).values()}
    # SQLite keeps whatever a hand puts there: text in place of bytes is a finding, not a failure.
    content = cast(contents.c.content, LargeBinary)
    for sha256 in list(connection.execute(select(contents.c.sha256)).scalars()):
        found = select(content).where(contents.c.sha256 == sha256)
        file = connection.execute(found).scalar_one() or _outside(bucket, sha256)
        if hashlib.sha256(file).hexdigest() != sha256:
            return f"the image file {sha256} is not what was imported"
        logged.discard(sha256)
    return f"the image file {min(logged)} is in the log and nowhere else" if logged else ""


def _outside(bucket: Bucket | None, sha256: str) -> bytes:
    """Return a file that lies outside the database; nothing where it is not there."""
    try:
        return b"" if bucket is None else bucket.read(sha256)
    except MissingError:
        return b""
