"""Looks at a store without opening it for work: nothing is made, changed or brought up to date."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import URL, Connection, create_engine, false, func, inspect, select, update
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from hemavision.store.database import (
    HEAD,
    find_url,
    known_steps,
    make_engine,
    read_step,
    reason,
    shown,
)
from hemavision.store.schema import cases

#: How long to wait while somebody else writes, in seconds.
_TURN_S = 2


class Condition(StrEnum):
    """What is at a store's place."""

    SOUND = "sound"
    #: Nothing yet; the first use makes it.
    MISSING = "missing"
    #: Tables of something else, and no store among them.
    FOREIGN = "foreign"
    #: Brought up to date when it is opened.
    OLDER = "older"
    #: A newer HemaVision made it.
    NEWER = "newer"
    READ_ONLY = "read-only"
    #: The file is there and cannot be opened.
    DENIED = "denied"
    #: The file is no database, or a broken one.
    DAMAGED = "damaged"
    #: The server does not answer, or does not let us in.
    UNREACHABLE = "unreachable"


@dataclass(frozen=True)
class Inspection:
    """What was found.

    Attributes:
        location: the file's path or the database's URL, its password hidden.
        condition: what is there.
        step: the migration that its tables are at, empty where there are none.
        cases: how many it holds.
        reason: what the database said, where it did not let us look.
    """

    location: str
    condition: Condition
    step: str = ""
    cases: int = 0
    reason: str = ""


def inspect_store(location: str | Path | None = None) -> Inspection:
    """Look at a store.

    Args:
        location: a file, a database's URL, or ``"user"``; the setting ``store`` if None.

    Raises:
        StoreError: the location cannot be read, or PostgreSQL's driver is not installed.
    """
    url = find_url(location)
    is_file = url.get_backend_name() == "sqlite"
    if is_file and not Path(str(url.database)).exists():
        return Inspection(shown(url), Condition.MISSING)
    try:
        return _look_at_file(url) if is_file else _look_at_server(url)
    except (SQLAlchemyError, UnicodeError) as error:
        condition = _condition_of(error) if is_file else Condition.UNREACHABLE
        return Inspection(shown(url), condition, reason=reason(error))


def _look_at_file(url: URL) -> Inspection:
    path = Path(str(url.database))
    engine = create_engine("sqlite://", creator=lambda: _connect(path), poolclass=NullPool)
    with engine.connect() as connection:
        return _look(connection, shown(url))


def _look_at_server(url: URL) -> Inspection:
    engine = make_engine(url)
    try:
        with engine.connect() as connection:
            return _look(connection, shown(url))
    finally:
        engine.dispose()


def _look(connection: Connection, location: str) -> Inspection:
    step = read_step(connection)
    if step is None:
        empty = not inspect(connection).get_table_names()
        return Inspection(location, Condition.MISSING if empty else Condition.FOREIGN)
    if step not in known_steps():
        return Inspection(location, Condition.NEWER, step)
    count = connection.execute(select(func.count()).select_from(cases)).scalar_one()
    condition = Condition.SOUND if step == HEAD else Condition.OLDER
    if not _takes_changes(connection):
        condition = Condition.READ_ONLY
    return Inspection(location, condition, step, count)


def _connect(path: Path) -> sqlite3.Connection:
    """Open a file that is there; SQLite would make one that is not."""
    return sqlite3.connect(f"file:{quote(str(path))}?mode=rw", uri=True, timeout=_TURN_S)


def _takes_changes(connection: Connection) -> bool:
    """Try a change that no row asks for; it is not kept either."""
    try:
        connection.execute(update(cases).where(false()).values(name=cases.c.name))
    except DBAPIError as error:  # whoever is writing at the moment shows that it can be done
        return _code(error.orig) == sqlite3.SQLITE_BUSY
    return True


def _condition_of(error: Exception) -> Condition:
    cause = error.orig if isinstance(error, DBAPIError) else error
    denied = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_READONLY)
    return Condition.DENIED if _code(cause) in denied else Condition.DAMAGED


def _code(error: BaseException | None) -> int:
    """Return SQLite's own number of an error; the extended one holds it in its lowest byte."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF
