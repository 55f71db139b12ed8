"""Second readings: a reader decides on a case's cells anew, without seeing what was decided."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, func, insert, select, update

from hemavision.errors import ConflictError, MissingError, RefusedError
from hemavision.records.classes import ClassList
from hemavision.records.json_values import Count, Record, Time
from hemavision.records.results import Box, Status
from hemavision.store.cases import read_case
from hemavision.store.chain import Event, Transaction
from hemavision.store.database import Store
from hemavision.store.records import Case, Change, Page, State
from hemavision.store.schema import cases, cells, read_cells, reads, versions


class ReadState(StrEnum):
    """Where a second reading stands."""

    OPEN = "open"
    FINISHED = "finished"
    #: Given up; its decisions count for nothing.
    DROPPED = "dropped"


@dataclass(frozen=True)
class Read(Record):
    """A second reading.

    Attributes:
        id: its number.
        case_id: of this case.
        version: of the case when it began.
        reader: who reads.
        state: where it stands.
        seed: of the order, and of the sample.
        opened_at: when.
        closed_at: when, if it is.
        closed_version: of the case when it was finished, if it was.
        cells: how many are to be read.
        decided: how many are.
    """

    id: Count
    case_id: Count
    version: Count
    reader: str
    state: ReadState
    seed: Count
    opened_at: Time
    closed_at: Time | None
    closed_version: int | None
    cells: Count
    decided: Count


@dataclass(frozen=True)
class BlindCell(Record):
    """A cell as the second reader sees it: where it is and what they said themselves."""

    id: Count
    image_id: Count
    box: Box
    decided_type: str | None
    revision: Count


@dataclass(frozen=True)
class Pair(Record):
    """What the first reader, the second one and the model say of one cell.

    The first reader's word is that of the moment when the reading was finished: afterwards they
    can look at the differences, and what they say then is no second opinion.
    """

    cell_id: Count
    first: str | None
    second: str
    model: str
    status: Status


def open_read(
    store: Store, case_id: int, who: str, *, sample: int | None = None, seed: int = 0
) -> Read:
    """Begin a second reading of a whole case or of a random sample of its cells.

    Args:
        store: where it is.
        case_id: the case.
        who: reads.
        sample: cells to read; None is all.
        seed: of the order, and of the sample: the same seed takes the same cells.

    Raises:
        RefusedError: the reader has a reading of the case open already, or it has no cells.
    """
    with store.writing(who) as turn:
        case = read_case(turn.connection, case_id)
        if blind(turn.connection, case_id, who):
            raise RefusedError("read-open", f"You have a reading of case {case_id} open already.")
        found = select(cells.c.id).where(cells.c.case_id == case_id).order_by(cells.c.id)
        if case.state is State.SIGNED:  # what its count left out is nobody's reading
            found = found.where(cells.c.decided_type.is_not(None))
        numbers = list(turn.connection.execute(found).scalars())
        if not numbers:
            raise RefusedError("no-cells", f"Case {case_id} has no cells to read.")
        chosen = random.Random(seed).sample(numbers, min(sample or len(numbers), len(numbers)))
        values = {"version": case.version, "reader": who, "state": ReadState.OPEN, "seed": seed}
        number = turn.add(reads, case_id=case_id, opened_at=turn.at, **values)
        rows = [
            {"read_id": number, "cell_id": cell, "position": place, "revision": 0}
            for place, cell in enumerate(chosen)
        ]
        turn.connection.execute(insert(read_cells), rows)
        detail = {"read": number, "cells": len(chosen), "seed": seed}
        turn.record([Event("read", case_id, after=ReadState.OPEN, detail=detail)])
        return _read(turn.connection, number)


def list_reads(store: Store, case_id: int) -> list[Read]:
    """Return a case's second readings, the first one first."""
    found = _counted(reads.c.case_id == case_id).order_by(reads.c.id)
    with store.reading() as connection:
        return [_as_read(row) for row in connection.execute(found)]


@dataclass(frozen=True)
class FinishedRead:
    """A finished second reading, with its case's name and classes.

    Attributes:
        signed: whether the case was signed by then: where the first reader said nothing of a cell,
            the count had stopped before it.
    """

    case_name: str
    classes: ClassList
    read: Read
    signed: bool


def list_finished(store: Store, who: str) -> list[FinishedRead]:
    """Return every finished second reading, the last finished first.

    Args:
        store: whose readings.
        who: asks; cases that they are reading a second time are left out: they must stay blind.
    """
    open_ = select(reads.c.case_id).where(_is_open(who))
    seen = (reads.c.state == ReadState.FINISHED) & reads.c.case_id.not_in(open_)
    found = _counted(seen).join(cases, reads.c.case_id == cases.c.id)
    then = (versions.c.case_id == cases.c.id) & (versions.c.version == reads.c.closed_version)
    found = found.outerjoin(versions, then & (versions.c.signed_at <= reads.c.closed_at))
    found = found.add_columns(cases.c.name, cases.c.classes, versions.c.signed_at)
    found = found.group_by(cases.c.id, versions.c.signed_at)
    with store.reading() as connection:
        rows = connection.execute(found.order_by(reads.c.closed_at.desc(), reads.c.id.desc()))
        return [
            FinishedRead(r.name, ClassList.of(r.classes), _as_read(r), r.signed_at is not None)
            for r in rows
        ]


def find_read(store: Store, number: int) -> Read:
    """Return a second reading.

    Raises:
        MissingError: there is none of that number.
    """
    with store.reading() as connection:
        return _read(connection, number)


def is_blind(store: Store, case_id: int, who: str) -> bool:
    """Return whether a reader is reading a case anew and must not see what was decided."""
    with store.reading() as connection:
        return blind(connection, case_id, who)


def list_blind_cells(store: Store, number: int, page: Page) -> tuple[list[BlindCell], int]:
    """Return a page of what there is to read, in the reading's own order, and how many in all."""
    with store.reading() as connection:
        total = _read(connection, number).cells
        found = _blind_cells().where(read_cells.c.read_id == number)
        order = found.order_by(read_cells.c.position)
        rows = connection.execute(order.limit(page.limit).offset(page.offset)).all()
    return [_as_blind(row) for row in rows], total


def decide_blind(
    store: Store, number: int, changes: Sequence[Change], who: str, key: str | None = None
) -> list[BlindCell]:
    """Note the second reader's decisions, all or none.

    A request of the same ``key`` that comes again is answered as it is now, and changes nothing.

    Raises:
        ConflictError: one was changed after it was seen (in another window, say).
        MissingError: there is no such reading.
        RefusedError: it is closed or somebody else's, or a cell or type is unknown.
    """
    with store.writing(who, key) as turn:
        read = _own_open(turn, number)
        there = _there(turn.connection, number, changes)
        if turn.repeated is not None:
            return [there[change.cell_id] for change in changes]
        of = read_case(turn.connection, read.case_id)
        for change in changes:
            _refuse_type(turn.connection, of, change)
        stale = [c.cell_id for c in changes if there[c.cell_id].revision != c.revision]
        if stale:
            now = [there[cell].to_json() for cell in stale]
            raise ConflictError(f"Decided already: {len(stale)} cells; look again.", now)
        events = []
        for change in changes:
            values = {"decided_type": change.cell_type, "decided_at": turn.at}
            mine = (read_cells.c.read_id == number) & (read_cells.c.cell_id == change.cell_id)
            turn.connection.execute(
                update(read_cells).where(mine).values(**values, revision=change.revision + 1)
            )
            was, detail = there[change.cell_id].decided_type, {"read": number}
            events.append(
                Event("reread", read.case_id, None, change.cell_id, was, change.cell_type,
                      detail=detail)
            )  # fmt: skip
        turn.record(events)
        after = _there(turn.connection, number, changes)
        return [after[change.cell_id] for change in changes]


def close_read(store: Store, number: int, state: ReadState, who: str) -> Read:
    """Finish a second reading, or drop it.

    A finished one keeps what the first reader says of its cells by then.

    Raises:
        MissingError: there is no such reading.
        RefusedError: it is closed or somebody else's, or cells are undecided.
    """
    with store.writing(who) as turn:
        read = _own_open(turn, number)
        left = _undecided(turn.connection, number)
        if state is ReadState.FINISHED and left:
            raise RefusedError(
                "undecided", f"{len(left)} of the {read.cells} cells are undecided.", left
            )
        values: dict[str, Any] = {"state": state, "closed_at": turn.at}
        if state is ReadState.FINISHED:
            values["closed_version"] = read_case(turn.connection, read.case_id).version
            _keep_first_words(turn.connection, number)
        turn.connection.execute(update(reads).where(reads.c.id == number).values(**values))
        turn.record(
            [Event("read", read.case_id, before=read.state, after=state, detail={"read": number})]
        )
        return _read(turn.connection, number)


def list_pairs(store: Store, number: int) -> list[Pair]:
    """Return what both readers and the model say of each cell of a finished reading.

    Raises:
        MissingError: there is no such reading.
        RefusedError: it is not finished: the second reader would no longer be blind.
    """
    with store.reading() as connection:
        if _read(connection, number).state is not ReadState.FINISHED:
            raise RefusedError("read-open", f"Reading {number} is not finished.")
        return _pairs(connection, [number])[number]


def list_all_pairs(store: Store, finished: Sequence[Read]) -> dict[int, list[Pair]]:
    """Return the pairs of finished readings, as :func:`list_pairs` does of one, by number."""
    with store.reading() as connection:
        return _pairs(connection, [read.id for read in finished])


def _pairs(connection: Connection, numbers: Sequence[int]) -> dict[int, list[Pair]]:
    found = (
        select(
            read_cells.c.read_id,
            cells.c.id,
            read_cells.c.first_type,
            read_cells.c.decided_type,
            cells.c.suggested_type,
            cells.c.status,
        )
        .join_from(read_cells, cells, read_cells.c.cell_id == cells.c.id)
        .where(read_cells.c.read_id.in_(numbers))
        .order_by(cells.c.id)
    )
    pairs: dict[int, list[Pair]] = {number: [] for number in numbers}
    for number, *said in connection.execute(found):
        pairs[number].append(Pair(*said))
    return pairs


def blind(connection: Connection, case_id: int, who: str) -> bool:
    """Return the same as :func:`is_blind`, as a transaction sees it."""
    found = select(reads.c.id).where(reads.c.case_id == case_id, _is_open(who))
    return connection.execute(found).first() is not None


def _is_open(who: str) -> ColumnElement[bool]:
    return (reads.c.reader == who) & (reads.c.state == ReadState.OPEN)


def _read(connection: Connection, number: int) -> Read:
    row = connection.execute(_counted(reads.c.id == number)).one_or_none()
    if row is None:
        raise MissingError(f"There is no reading {number}.")
    return _as_read(row)


def _counted(wanted: ColumnElement[bool]) -> Select[Any]:
    """Ask for readings, each with how many cells it has and how many of them are decided."""
    counts = (
        func.count(read_cells.c.cell_id).label("cells"),
        func.count(read_cells.c.decided_type).label("decided"),
    )
    joined = select(reads, *counts).outerjoin(read_cells, read_cells.c.read_id == reads.c.id)
    return joined.where(wanted).group_by(reads.c.id)


def _as_read(row: Row[Any]) -> Read:
    values = {field.name: row._mapping[field.name] for field in fields(Read)}
    return Read(**values | {"state": ReadState(row.state)})


def _own_open(turn: Transaction, number: int) -> Read:
    read = _read(turn.connection, number)
    if read.reader != turn.who:
        raise RefusedError("not-yours", f"Reading {number} is {read.reader}'s.")
    if read.state is not ReadState.OPEN:
        raise RefusedError("read-closed", f"Reading {number} is {read.state}.")
    return read


def _keep_first_words(connection: Connection, number: int) -> None:
    said = select(cells.c.decided_type).where(cells.c.id == read_cells.c.cell_id)
    mine = read_cells.c.read_id == number
    connection.execute(update(read_cells).where(mine).values(first_type=said.scalar_subquery()))


def _blind_cells() -> Any:
    columns = (cells.c.id, cells.c.image_id, cells.c.left, cells.c.top, cells.c.right)
    own = (cells.c.bottom, read_cells.c.decided_type, read_cells.c.revision)
    return select(*columns, *own).join_from(read_cells, cells, read_cells.c.cell_id == cells.c.id)


def _as_blind(row: Row[Any]) -> BlindCell:
    box = Box(row.left, row.top, row.right, row.bottom)
    return BlindCell(row.id, row.image_id, box, row.decided_type, row.revision)


def _there(connection: Connection, number: int, changes: Sequence[Change]) -> dict[int, BlindCell]:
    numbers = [change.cell_id for change in changes]
    if len(set(numbers)) < len(numbers):
        raise RefusedError("named-twice", "A cell is named twice; name each once.")
    mine = (read_cells.c.read_id == number) & read_cells.c.cell_id.in_(numbers)
    there = {row.id: _as_blind(row) for row in connection.execute(_blind_cells().where(mine))}
    missing = [cell for cell in numbers if cell not in there]
    if missing:
        raise RefusedError("unknown-cell", f"Reading {number} has no cell {missing[0]}.")
    return there


def _refuse_type(connection: Connection, of: Case, change: Change) -> None:
    known: Any = connection.execute(
        select(cells.c.prediction).where(cells.c.id == change.cell_id)
    ).scalar_one()
    types = of.classes.names(known["probabilities"])
    if change.cell_type is not None and change.cell_type not in types:
        raise RefusedError(
            "unknown-type",
            f"{change.cell_type!r} is no cell type here; there are {', '.join(types)}.",
            [change.cell_id],
        )


def _undecided(connection: Connection, number: int) -> list[int]:
    mine = (read_cells.c.read_id == number) & read_cells.c.decided_type.is_(None)
    found = select(read_cells.c.cell_id).where(mine).order_by(read_cells.c.position)
    return list(connection.execute(found).scalars())
