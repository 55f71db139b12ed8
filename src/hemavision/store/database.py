"""Opening the store, and its transactions: SQLite in a file, or PostgreSQL by URL."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from platformdirs import user_data_path
from sqlalchemy import (
    URL,
    Connection,
    Engine,
    create_engine,
    event,
    inspect,
    make_url,
    select,
    text,
)
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from hemavision import settings
from hemavision.errors import StoreError
from hemavision.store.bucket import Bucket
from hemavision.store.chain import Transaction
from hemavision.store.schema import chain

if TYPE_CHECKING:
    from alembic.config import Config

#: The last migration; a test holds it to the files.
HEAD = "0009"
#: Any number will do, as long as every HemaVision takes the same one.
_LOCK = 7_436_212
#: Alembic keeps the migration that it runs in globals of the process.
_ONE_AT_A_TIME = threading.Lock()


def upgrade(connection: Connection) -> None:
    """Run the migrations that a store has not seen yet, in the connection's transaction.

    Raises:
        StoreError: a newer HemaVision made the store.
    """
    if connection.dialect.name == "postgresql":  # SQLite's transaction has locked the file
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    current = read_step(connection)
    if current == HEAD:
        return
    # Slow to import, and nearly always the tables are as they should be.
    from alembic import command

    if current is not None and current not in known_steps():
        raise StoreError(
            f"A newer HemaVision made this store (step {current}; this one knows {HEAD}). Update "
            "HemaVision."
        )
    config = _config()
    config.attributes["connection"] = connection
    with _ONE_AT_A_TIME:
        command.upgrade(config, "head")


def known_steps() -> set[str]:
    """Return every migration that this HemaVision has."""
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory.from_config(_config()).walk_revisions()
    return {script.revision for script in scripts}


def _config() -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    return config


def read_step(connection: Connection) -> str | None:
    """Return the migration that a store's tables are at, None where there is no store."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


#: The setting's value for a file in the user's data directory.
USER = "user"
#: The setting's value for image files in the database.
IN_STORE = "store"
#: How long a writer waits for its turn, in seconds.
WAIT_S = 30
#: How long a server may take to answer the call, in seconds.
CONNECT_S = 10
#: How a server's URL begins, and what is said of one that makes no sense, in no part of its words.
_SERVERS = ("postgresql:", "postgres:", "postgresql+")
_UNREADABLE = (
    "The store's URL cannot be read. It goes postgresql://USER:PASSWORD@HOST:PORT/NAME, "
    "with %40 for an @ in the name or password, %2F for a / and %3F for a question mark."
)
#: What of a URL's options is shown. The others are secrets, or a secret's part that stood behind &.
_SHOWN = ("host", "port", "dbname", "sslmode", "connect_timeout")
#: Execution option of connections that write.
_WRITES = "hemavision_writes"
#: Execution options of connections that read: SQLite's transactions see one moment anyway and are
#: told as they begin, PostgreSQL's would see a new one with every statement.
_READS: dict[str, dict[str, Any]] = {
    "sqlite": {},
    "postgresql": {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True},
}


class Store:
    """An opened store. Safe to use from many threads; many processes may open the same one."""

    def __init__(
        self, engine: Engine, still: Connection | None = None, bucket: Bucket | None = None
    ) -> None:
        """Take an engine whose tables are up to date; see :func:`open_store`.

        ``still``: the connection that everything is read with, for :meth:`at_one_moment`;
        ``bucket``: where image files are kept that do not lie in the database.
        """
        self._engine, self._still, self.bucket = engine, still, bucket
        self._reader = engine.execution_options(**_READS[engine.dialect.name])
        self._writer = engine.execution_options(**{_WRITES: True})

    @property
    def dialect(self) -> str:
        """``"sqlite"`` or ``"postgresql"``."""
        return self._engine.dialect.name

    @property
    def location(self) -> str:
        """The file's path or the database's URL, its password hidden."""
        return shown(self._engine.url)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection that sees the store at one moment, that of its first statement."""
        with self._translated():
            if self._still is not None:
                yield self._still
                return
            with self._reader.begin() as connection:
                yield connection

    @contextmanager
    def at_one_moment(self) -> Iterator[Store]:
        """Give the store as it is at one moment, for several functions that read it.

        They share one transaction and see the same, whatever is written meanwhile; it takes no
        changes itself.
        """
        with self.reading() as connection:
            yield Store(self._engine, connection, self.bucket)

    @contextmanager
    def writing(self, who: str, key: str | None = None) -> Iterator[Transaction]:
        """Give a transaction that is kept whole or not at all; writers take turns.

        Args:
            who: the reader's name, for the log.
            key: how the reader calls this request, so that it is known if it comes again.
        """
        with self._translated(), self._begin_writing() as connection:
            turn = Transaction(connection, who, now(), key)
            yield turn
            turn.remember()

    @contextmanager
    def noting(self) -> Iterator[Connection]:
        """Give a connection for what the log does not cover: sessions and failed logins."""
        with self._translated(), self._begin_writing() as connection:
            yield connection

    def ping(self) -> None:
        """Read one row; SQLite would answer a question about nothing without its file.

        Raises:
            StoreError: the store does not answer.
        """
        with self.reading() as connection:
            connection.execute(select(chain.c.length)).one()

    def close(self) -> None:
        """Give back every connection."""
        self._engine.dispose()

    def _begin_writing(self) -> AbstractContextManager[Connection]:
        if self._still is not None:
            raise StoreError("The store as it is at one moment can be read only.")
        return self._writer.begin()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, UnicodeError) as error:
            said = reason(error)
            message = f"The store at {self.location} failed: {said}."
            raise StoreError(message, _advice(said, self.dialect)) from error


def now() -> str:
    """Return this moment as the store writes it."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def open_store(location: str | Path | None = None) -> Store:
    """Open a store, made where there is none yet and brought up to date where it is older.

    Args:
        location: a file, a database's URL, or ``"user"``; the setting ``store`` if None.

    Raises:
        StoreError: it cannot be opened, or a newer HemaVision made it.
    """
    url = find_url(location)
    home = settings.text("images")
    store = Store(_engine(url), bucket=None if home == IN_STORE else Bucket(home))
    try:
        with store.noting() as connection:
            upgrade(connection)
    except StoreError as error:
        store.close()
        raise StoreError(f"{error} Check the setting HEMAVISION_STORE.") from error
    return store


def find_url(location: str | Path | None = None) -> URL:
    """Return where a store is, there or not: a file as a ``sqlite`` URL, or a server's.

    Args:
        location: as for :func:`open_store`.

    Raises:
        StoreError: it cannot be read.
    """
    text = str(location or settings.text("store"))
    if "://" not in text and text.lower().startswith(_SERVERS):
        raise StoreError(_UNREADABLE)
    if "://" not in text:
        path = user_data_path("hemavision") / "store.sqlite" if text == USER else Path(text)
        return URL.create("sqlite", database=str(path.expanduser().absolute()))
    try:
        # What follows an @ is taken for the host, and shown: a second one, or one in an option,
        # is a password's.
        is_clear = text.count("@") < 2 and "@" not in text.partition("?")[2]
        url = make_url(text) if is_clear else None
    except (ArgumentError, ValueError):
        url = None
    if url is None:
        raise StoreError(_UNREADABLE)  # and not from the error: its words may hold the password
    if url.get_backend_name() == "postgresql":
        return url.set(drivername="postgresql+psycopg")
    if url.get_backend_name() != "sqlite" or not url.database or url.host or url.username:
        raise StoreError(
            f"A store is a file, sqlite:///FILE or postgresql://…; received {url.drivername}://…."
        )
    return url


def shown(url: URL) -> str:
    """Return a file's path or a database's URL for people to read, without its password."""
    if url.get_backend_name() == "sqlite":
        return str(url.database)
    hidden = [option for option in url.query if option not in _SHOWN]
    return url.difference_update_query(hidden).render_as_string()


def make_engine(url: URL) -> Engine:
    """Return an engine for a server's store; nothing is connected yet.

    Raises:
        StoreError: the driver is not installed, or does not know one of the URL's options.
    """
    # Without a limit a host that swallows every packet holds whoever asks for minutes.
    limit = {} if "connect_timeout" in url.query else {"connect_timeout": CONNECT_S}
    try:
        _check_options(url)
        return create_engine(url, pool_pre_ping=True, connect_args=limit)
    except ArgumentError:
        raise StoreError(_UNREADABLE) from None
    except (ImportError, NoSuchModuleError) as error:
        raise StoreError(
            "A store in PostgreSQL needs the package psycopg: pip install 'hemavision[postgres]'."
        ) from error


def _check_options(url: URL) -> None:
    """Refuse what the driver would repeat in its own words: it may be the end of a password."""
    from psycopg.pq import Conninfo

    known = {option.keyword.decode() for option in Conninfo.get_defaults()}
    if not known.issuperset(url.query):
        raise StoreError(
            "The store's URL has an option that PostgreSQL does not know. Write %26 for an & and "
            "%3F for a question mark in a password."
        )


def _engine(url: URL) -> Engine:
    if url.get_backend_name() == "sqlite":
        _make_file(Path(str(url.database)))
        engine = create_engine(url, connect_args={"timeout": WAIT_S})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    return make_engine(url)


def _make_file(path: Path) -> None:
    """Make a new store's file readable by its owner alone: it holds patients' cells."""
    try:
        if not path.parent.is_dir():
            path.parent.mkdir(parents=True, mode=0o700)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise StoreError(
            f"The store {path} cannot be opened ({error.strerror}).",
            "See that its file and its folder can be written to, or set HEMAVISION_STORE to "
            "another place.",
        ) from error


def _prepare_sqlite(connection: Any, record: object) -> None:
    # Transactions are begun by hand below: the driver would begin them too late.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A writer that began as a reader could not go on once another one has written.
    writes = connection.get_execution_options().get(_WRITES)
    cursor = connection.connection.cursor()
    cursor.execute(f"PRAGMA query_only={'OFF' if writes else 'ON'}")
    cursor.close()
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


#: What a database says of its trouble → what to do.
_ADVICE = (
    (
        re.compile("disk is full|No space left"),
        "Make room on its disk and do it again: nothing of this was kept.",
    ),
    (
        re.compile("readonly|read-only|unable to open|disk I/O error"),
        "See that its file and its folder can be written to, and do it again: nothing of this was "
        "kept.",
    ),
    (
        re.compile("connection|terminating|server closed"),
        "Its server is away; when it is back, look at what is there and go on.",
    ),
)


def _advice(said: str, dialect: str) -> str:
    """Return what to do about what a database said; nothing where that is not known."""
    known = _ADVICE if dialect == "postgresql" else _ADVICE[:2]
    return next((advice for pattern, advice in known if pattern.search(said)), "")


def reason(error: Exception) -> str:
    """Return what a database said, in a line."""
    if isinstance(error, UnicodeError):  # its words name a character, which may be a password's
        return "there is a character in it that cannot be encoded"
    cause = getattr(error, "orig", None) or error
    return str(cause).strip().split("\n")[0].rstrip(".")
