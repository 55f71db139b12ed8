"""Decisions taken back, and brought again: always as new entries of the log."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, select

from hemavision.errors import ConflictError, RefusedError
from hemavision.store.cases import open_case, read_case
from hemavision.store.cells import (
    Decided,
    as_it_is,
    overtaken,
    read_cells,
    write_decisions,
)
from hemavision.store.chain import Transaction
from hemavision.store.database import Store
from hemavision.store.records import Case, Cell
from hemavision.store.schema import cells, log

#: The batches of decisions that stand on a cell, the one that shows last.
Standing = tuple[int, ...]


def undo(
    store: Store, case_id: int, batch: int | None, who: str, key: str | None = None
) -> Decided:
    """Take back a batch of decisions, as a new batch; undoing that one brings them again.

    Args:
        store: where the case is.
        case_id: the case.
        batch: number of the batch; None is the last one of this reader's own decisions that
            stands.
        who: takes it back.
        key: of the request; one that comes again is answered as it is now, and changes nothing.

    Raises:
        ConflictError: one of its cells was decided anew since, or it is taken back already.
        RefusedError: there is nothing to take back, or the case is signed.
    """
    with store.writing(who, key) as turn:
        of = open_case(turn.connection, case_id)
        if turn.repeated is not None:
            return _as_undone(turn, of, turn.repeated)
        batch = batch or _last_batch(turn, case_id)
        wanted = (log.c.case_id == case_id) & log.c.action.in_(("decide", "undo"))
        wanted &= (log.c.batch == batch) & _still_there(case_id)
        rows = turn.connection.execute(select(log).where(wanted)).all()
        if not rows:
            raise RefusedError("nothing-to-undo", "There is no decision to take back.")
        numbers = [row.cell_id for row in rows]
        there = read_cells(turn.connection, case_id, numbers)
        _refuse_overtaken(turn.connection, case_id, batch, there)
        back = [(there[row.cell_id], row.before) for row in rows]
        undone, after = write_decisions(turn, of, back, "undo", {"undoes": batch})
        return Decided(undone, read_case(turn.connection, case_id), [after[n] for n in numbers])


def _as_undone(turn: Transaction, of: Case, batch: int) -> Decided:
    """Return the cells of a batch as they are now."""
    mine = (log.c.case_id == of.id) & (log.c.batch == batch) & _still_there(of.id)
    numbers = list(turn.connection.execute(select(log.c.cell_id).where(mine)).scalars())
    there = read_cells(turn.connection, of.id, numbers)
    return Decided(batch, of, [there[number] for number in numbers])


def _refuse_overtaken(
    connection: Connection, case_id: int, batch: int, there: dict[int, Cell]
) -> None:
    # The case is named for its index: the log of all cases is long.
    decided = (log.c.case_id == case_id) & log.c.action.in_(("decide", "undo"))
    wanted = decided & log.c.cell_id.in_(list(there))
    rows = connection.execute(select(log).where(wanted).order_by(log.c.id))
    after, now = follow(rows)
    stale = [cell for cell in there if after[cell, batch] != now[cell]]
    if stale:
        raise ConflictError(overtaken(stale), [as_it_is(there[cell]) for cell in stale])


def follow(
    rows: Iterable[Row[Any]],
) -> tuple[dict[tuple[int, int], Standing], dict[int, Standing]]:
    """Follow decisions and undos in the log's order.

    Returns:
        What stood on each cell right after each batch, and what stands on it now.
    """
    after: dict[tuple[int, int], Standing] = {}
    now: dict[int, Standing] = {}
    # What a batch did to a cell: which decision, and whether it stood afterwards.
    did: dict[tuple[int, int], tuple[int, bool]] = {}
    for row in rows:
        key = (row.cell_id, row.batch)
        if row.action == "decide":
            did[key] = (row.batch, True)
        else:
            decision, stood = did[row.cell_id, json.loads(row.detail)["undoes"]]
            did[key] = (decision, not stood)
        decision, stands = did[key]
        standing = now.get(row.cell_id, ())
        # Only what shows can be taken back, so it is always the last one.
        now[row.cell_id] = after[key] = (*standing, decision) if stands else standing[:-1]
    return after, now


def _last_batch(turn: Transaction, case_id: int) -> int:
    """Return the reader's last batch of decisions that was not taken back; 0 for none."""
    mine = (log.c.case_id == case_id) & (log.c.who == turn.who) & (log.c.action == "decide")
    mine &= _still_there(case_id)
    standing = mine & log.c.batch.not_in(_taken_back(turn.connection, case_id))
    return int(turn.connection.execute(select(func.max(log.c.batch)).where(standing)).scalar() or 0)


def _still_there(case_id: int) -> ColumnElement[bool]:
    """Ask for rows of the log whose cell was not taken out of the case since."""
    return log.c.cell_id.in_(select(cells.c.id).where(cells.c.case_id == case_id))


def _taken_back(connection: Connection, case_id: int) -> Sequence[int]:
    undone = (log.c.case_id == case_id) & (log.c.action == "undo")
    found = select(log.c.batch, log.c.detail).where(undone).order_by(log.c.batch.desc())
    taken_back: set[int] = set()
    for batch, detail in connection.execute(found):
        # The newest first: an undo that was itself taken back takes nothing back.
        if batch not in taken_back:
            taken_back.add(json.loads(detail)["undoes"])
    return sorted(taken_back)
