"""A store in each database that is supported: a new file, and a real PostgreSQL server.

Loaded as a pytest plugin by ``tests/conftest.py``.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from urllib.parse import quote

import pytest
from argon2 import PasswordHasher
from real_parts import missing
from sqlalchemy import Connection, Engine, create_engine, event, text

from hemavision.store import Store, open_store, readers

_NUMBERS = count(1)
_USER = "hemavision"
#: Bytes that a server's databases may take at once, with much to spare.
ROOM = 2**30


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The URL of a PostgreSQL server of our own, without a database's name: ``{}`` stands there."""
    tools = _tools()
    if tools is None:
        missing("PostgreSQL's server (apt-get install postgresql)")
    folder = Path(tempfile.mkdtemp(prefix="hemavision-postgresql-", dir=_in_memory()))
    person = _unprivileged()
    if person:
        shutil.chown(folder, person.pw_uid, person.pw_gid)
    cluster = folder / "cluster"
    # Nothing here outlives the tests, so nothing has to reach the disk or be kept in order.
    options = (
        f"-c listen_addresses='' -c unix_socket_directories='{folder}' -c fsync=off "
        "-c synchronous_commit=off -c full_page_writes=off -c autovacuum=off "
        "-c checkpoint_timeout=1h -c max_wal_size=4GB"
    )
    command = ["-D", str(cluster), "-A", "trust", "-U", _USER, "-E", "UTF8", "--no-sync"]
    try:
        _run([str(tools / "initdb"), *command], folder, person)
        start = ["-D", str(cluster), "-w", "-l", str(folder / "log"), "-o", options, "start"]
        _run([str(tools / "pg_ctl"), *start], folder, person)
        try:
            yield f"postgresql://{_USER}@/{{}}?host={quote(str(folder), safe='')}"
        finally:
            stop = ["-D", str(cluster), "-m", "immediate", "stop"]
            _run([str(tools / "pg_ctl"), *stop], folder, person)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def blank_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with nothing in it, to copy: the migrations take longer than most tests."""
    path = tmp_path_factory.mktemp("blank") / "store.sqlite"
    open_store(path).close()
    return path


@pytest.fixture(scope="session")
def blank_database(postgresql: str) -> str:
    """The name of a database with such a store on the server."""
    _create_database(postgresql, "blank")
    open_store(postgresql.format("blank")).close()
    return "blank"


@pytest.fixture(params=["sqlite", "postgresql"])
def location(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Where a store may be made, once in each database; with ``store`` it is there already."""
    is_made = "store" in request.fixturenames
    if request.param == "sqlite":
        path = tmp_path / "cases" / "store.sqlite"
        if is_made:
            path.parent.mkdir()
            shutil.copy(request.getfixturevalue("blank_file"), path)
        yield str(path)
        return
    server: str = request.getfixturevalue("postgresql")
    name = f"store{next(_NUMBERS)}"
    template = request.getfixturevalue("blank_database") if is_made else "template1"
    _create_database(server, name, template)
    yield server.format(name)
    _drop_database(server, name)


@pytest.fixture
def database(postgresql: str, blank_database: str) -> Iterator[str]:
    """The name of a new database on the server with an empty store in it."""
    name = f"store{next(_NUMBERS)}"
    _create_database(postgresql, name, blank_database)
    yield name
    _drop_database(postgresql, name)


@pytest.fixture
def store(location: str) -> Iterator[Store]:
    """A new, empty store, once in each database."""
    opened = open_store(location)
    yield opened
    opened.close()


def take_back_step_5(connection: Connection) -> None:
    """Take out of a store what step 0005 of the tables brought, and all after it."""
    for statement in (
        "ALTER TABLE cases DROP COLUMN classes",
        "DROP TABLE embeddings",
        "DROP TABLE reference_cells",
        "ALTER TABLE images DROP COLUMN pixel_um",
        "DROP TABLE answered",
        "DROP TABLE taken_out",
        "DROP TABLE thumbnails",
        "DROP INDEX ix_log_case_id_action_cell_id",
        "DROP INDEX ix_cells_case_id_decided_type_status",
        "CREATE INDEX ix_cells_case_id ON cells (case_id)",
        "UPDATE alembic_version SET version_num = '0004'",
    ):
        connection.execute(text(statement))


@contextmanager
def asked() -> Iterator[list[str]]:
    """Note what databases are asked, beginnings of transactions left out."""
    statements: list[str] = []

    def note(connection: Connection, cursor: object, statement: str, *more: object) -> None:
        if not statement.startswith("BEGIN"):
            statements.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(Engine, "before_cursor_execute", note)


@pytest.fixture(scope="session", autouse=True)
def shipped_hasher() -> Iterator[PasswordHasher]:
    """What passwords are kept with; the tests' own are kept the same way at the least cost."""
    shipped = readers._HASHER
    with pytest.MonkeyPatch.context() as patch:
        cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
        patch.setattr(readers, "_HASHER", cheap)
        yield shipped


def _create_database(server: str, name: str, template: str = "template1") -> None:
    url = server.format("postgres").replace("postgresql:", "postgresql+psycopg:")
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    engine.dispose()


def _drop_database(server: str, name: str) -> None:
    """Give its room back now: two hundred of them take seconds to remove at the end."""
    url = server.format("postgres").replace("postgresql:", "postgresql+psycopg:")
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
    engine.dispose()


def _in_memory() -> str | None:
    """Where files lie in memory, if there is room: making a database is copying many."""
    place = Path("/dev/shm")
    return str(place) if place.is_dir() and shutil.disk_usage(place).free > ROOM else None


def _tools() -> Path | None:
    """Where the server's programs are; Debian keeps them off the PATH."""
    found = shutil.which("pg_ctl")
    beside = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
    paths = [Path(found).resolve()] if found else beside[-1:]
    return paths[0].parent if paths and (paths[0].parent / "initdb").exists() else None


def _unprivileged() -> pwd.struct_passwd | None:
    """Whom to run the server as: it refuses to run as root."""
    if os.getuid() != 0:
        return None
    names = {person.pw_name: person for person in pwd.getpwall()}
    return names.get("postgres") or names["nobody"]


def _run(command: list[str], folder: Path, person: pwd.struct_passwd | None) -> None:
    ids = {"user": person.pw_uid, "group": person.pw_gid, "extra_groups": []} if person else {}
    # The server inherits the output; a pipe would never end.
    with (folder / "output").open("ab") as output:
        done = subprocess.run(
            command, cwd=folder, stdout=output, stderr=output, timeout=120, check=False, **ids
        )
    assert done.returncode == 0, (folder / "output").read_text()
