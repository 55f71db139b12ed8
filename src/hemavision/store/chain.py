"""The log: append-only, each row sealed with the one before it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, delete, func, insert, select, update

from hemavision.errors import RefusedError
from hemavision.store.schema import answered, cells, chain, log, taken_out

#: What the first row calls the hash of the row before it.
START = "0" * 64
#: Columns that a row's hash covers, beside the previous row's hash.
SEALED = (
    "id", "at", "who", "action", "case_id", "case_revision", "cell_id", "before", "after",
    "image_sha256", "model_sha256", "batch", "detail",
)  # fmt: skip


@dataclass(frozen=True)
class Event:
    """Something to write into the log.

    Attributes:
        action: such as ``"decide"``.
        case_id: the case, where there is one.
        case_revision: of the case after it.
        cell_id: the cell.
        before: what was there: a cell type, a state.
        after: what is there now.
        image_sha256: of the image file.
        model_sha256: of the model that suggested.
        detail: more, as JSON values.
    """

    action: str
    case_id: int | None = None
    case_revision: int | None = None
    cell_id: int | None = None
    before: str | None = None
    after: str | None = None
    image_sha256: str | None = None
    model_sha256: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)


class Transaction:
    """A writer's turn: one connection, one moment, one person.

    Attributes:
        repeated: the batch that came of this request when it was answered before, 0 where it
            changed nothing; None where it comes for the first time, or has no key.
    """

    def __init__(self, connection: Connection, who: str, at: str, key: str | None = None) -> None:
        """Take the name, the time, and how the request is called if it may come again.

        Whoever holds the chain's row is the only writer: reading what is there and changing it
        cannot be torn apart by another one.
        """
        self.connection = connection
        self.who = who
        self.at = at
        end = select(chain.c.length, chain.c.head).with_for_update()
        length, head = connection.execute(end).one()
        self._length, self._head = int(length), str(head)
        self._batch, self._key = 0, key
        mine = (answered.c.who == who) & (answered.c.key == key)
        self.repeated: int | None = (
            connection.execute(select(answered.c.batch).where(mine)).scalar() if key else None
        )

    def remember(self) -> None:
        """Note what came of a request that may come again; forget those of before yesterday."""
        if self._key is None or self.repeated is not None:
            return
        yesterday = (datetime.fromisoformat(self.at) - timedelta(days=1)).isoformat()
        self.connection.execute(delete(answered).where(answered.c.at < yesterday))
        row = {"who": self.who, "key": self._key, "batch": self._batch, "at": self.at}
        self.connection.execute(insert(answered).values(**row))

    def came_of(self, action: str, what: ColumnElement[int | None]) -> int:
        """Return the case or the cell that this request made when it was answered before.

        Args:
            action: of the log's row, such as ``"create"``.
            what: column of the log that names what was made.

        Raises:
            RefusedError: under this key came a request that did something else.
        """
        mine = (log.c.id == self.repeated) & (log.c.action == action)
        made = self.connection.execute(select(what).where(mine)).scalar()
        if made is None:
            message = f"The key {self._key} was another request's; give each a key of its own."
            raise RefusedError("key-used", message)
        return made

    def add(self, table: Table, **values: Any) -> int:
        """Insert a row into a table that numbers its rows; return its number, a new one."""
        if self.connection.dialect.name == "sqlite":
            values |= self._unused(table)
        done = self.connection.execute(insert(table).values(**values)).inserted_primary_key
        if done is None:
            raise LookupError(f"{table.name} numbers no rows")
        return int(done[0])

    def _unused(self, table: Table) -> dict[str, int]:
        """Return the number that a row must have where SQLite would give one that was taken out."""
        gone = select(taken_out.c.highest).where(taken_out.c.of_table == table.name)
        highest = self.connection.execute(gone).scalar()
        if highest is None:
            return {}
        there = self.connection.execute(select(func.max(table.c.id))).scalar() or 0
        return {"id": 1 + max(highest, there)}

    def record(self, events: Sequence[Event]) -> int:
        """Append events to the log as one batch; return its number: that of its first row."""
        batch = self._batch = self._length + 1
        rows = []
        for number, event in enumerate(events, batch):
            before = {"at": self.at, "who": self.who, "previous": self._head}
            row = _row(event, number, batch) | before
            self._head = row["hash"] = seal(row)
            rows.append(row)
        if rows:
            self._length += len(rows)
            self.connection.execute(insert(log), rows)
            self.connection.execute(update(chain).values(length=self._length, head=self._head))
        return batch


def seal(row: Mapping[str, Any]) -> str:
    """Return the hash of a row: SHA-256 of the one before it and of its own content."""
    content = json.dumps([row[name] for name in SEALED], ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(f"{row['previous']}\n{content}".encode("ascii")).hexdigest()


def find_break(rows: Iterable[Mapping[str, Any]]) -> tuple[int, str, str]:
    """Follow the chain over the log's rows, in order.

    Returns:
        How many rows are sound, the last one's hash, and what is wrong with the next one: empty
        where nothing is.
    """
    length, head = 0, START
    for row in rows:
        wrong = ""
        if row["id"] != length + 1:
            wrong = f"row {length + 1} is missing; row {row['id']} comes next"
        elif row["previous"] != head:
            wrong = f"row {row['id']} does not follow from the row before it"
        elif row["hash"] != seal(row):
            wrong = f"row {row['id']} was changed after it was written"
        if wrong:
            return length, head, wrong
        length, head = row["id"], row["hash"]
    return length, head, ""


def _row(event: Event, number: int, batch: int) -> dict[str, Any]:
    values = dict(vars(event))
    detail = json.dumps(values.pop("detail"), sort_keys=True, separators=(",", ":"))
    return values | {"id": number, "batch": batch, "detail": detail}


_SEALED = (
    cells.c.id,
    cells.c.left,
    cells.c.top,
    cells.c.right,
    cells.c.bottom,
    cells.c.suggested_type,
    cells.c.confidence,
    cells.c.status,
    cells.c.model_sha256,
    cells.c.prediction,
)


def seal_suggestions(connection: Connection, image_id: int) -> list[str]:
    """Return the SHA-256 of the suggestions for an image's cells, as they are kept.

    Returns:
        One for no cell, then one for each cell with all before it: an import and every cell that
        is added later have each sealed what was there, and each seal still has to hold.
    """
    total = hashlib.sha256()
    seals = [total.hexdigest()]
    found = select(*_SEALED).where(cells.c.image_id == image_id).order_by(cells.c.id)
    for row in connection.execute(found):
        total.update(_as_text(row).encode("ascii"))
        seals.append(total.hexdigest())
    return seals


def _as_text(row: Sequence[Any]) -> str:
    return json.dumps(list(row), sort_keys=True, separators=(",", ":")) + "\n"
