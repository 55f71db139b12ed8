"""Looking at a store: what is there is said, and nothing is made or changed."""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect, text

from hemavision.errors import StoreError
from hemavision.store import Store, inspection, open_store
from hemavision.store.cases import create_case
from hemavision.store.database import HEAD, find_url
from hemavision.store.inspection import Condition, inspect_store

NOBODY = 65_534


def execute(location: str, *statements: str) -> None:
    engine = create_engine(find_url(location))
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def tables(location: str) -> list[str]:
    engine = create_engine(find_url(location))
    names = sorted(inspect(engine).get_table_names())
    engine.dispose()
    return names


@contextmanager
def unprivileged() -> Iterator[None]:
    """Be somebody whom the system can refuse something."""
    mine = os.geteuid()
    if mine == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(mine)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that anybody may look into; the tests' own are for one."""
    folder = Path(tempfile.mkdtemp(prefix="hemavision-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def test_a_store_that_is_there(store: Store, location: str) -> None:
    for name in ("One", "Two"):
        create_case(store, name, "", "ann")
    found = inspect_store(location)
    assert (found.condition, found.step, found.cases) == (Condition.SOUND, HEAD, 2)


def test_nothing_is_made_where_nothing_is(location: str) -> None:
    assert inspect_store(location).condition is Condition.MISSING
    if "://" in location:
        assert tables(location) == []
    else:
        assert not Path(location).parent.exists()


def test_a_database_of_something_else_is_left_as_it_is(location: str) -> None:
    if "://" not in location:
        Path(location).parent.mkdir()
    execute(location, "CREATE TABLE bookmarks (address TEXT)")
    assert inspect_store(location).condition is Condition.FOREIGN
    assert tables(location) == ["bookmarks"]


@pytest.mark.parametrize(
    ("step", "condition"), [("0001", Condition.OLDER), ("9999", Condition.NEWER)]
)
def test_another_hemavision_s_store_stays_at_its_step(
    location: str, step: str, condition: Condition
) -> None:
    open_store(location).close()
    execute(location, f"UPDATE alembic_version SET version_num = '{step}'")
    for _ in range(2):
        found = inspect_store(location)
        assert (found.condition, found.step) == (condition, step)


@pytest.mark.parametrize("location", ["postgresql"], indirect=True)
def test_a_server_that_only_reads(store: Store, location: str) -> None:
    create_case(store, "One", "", "ann")
    found = inspect_store(f"{location}&options=-c%20default_transaction_read_only%3Don")
    assert (found.condition, found.cases) == (Condition.READ_ONLY, 1)


def test_a_file_that_only_reads_and_one_that_is_hidden(open_folder: Path) -> None:
    file = open_folder / "store.sqlite"
    store = open_store(file)
    create_case(store, "One", "", "ann")
    store.close()
    with closing(sqlite3.connect(file)) as connection:  # with WAL a reader has to write too
        connection.execute("PRAGMA journal_mode=DELETE")
    file.chmod(0o444)
    with unprivileged():
        found = inspect_store(file)
    assert (found.condition, found.cases) == (Condition.READ_ONLY, 1)
    file.chmod(0)
    with unprivileged():
        assert inspect_store(file).condition is Condition.DENIED


def test_a_file_that_is_written_at_the_moment_is_sound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inspection, "_TURN_S", 0.05)
    file = tmp_path / "store.sqlite"
    open_store(file).close()
    with closing(sqlite3.connect(file, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        assert inspect_store(file).condition is Condition.SOUND


def test_damaged_files(tmp_path: Path) -> None:
    file = tmp_path / "store.sqlite"
    file.write_text("no database " * 100)
    assert inspect_store(file).condition is Condition.DAMAGED
    file.unlink()
    open_store(file).close()
    size = file.stat().st_size
    with file.open("r+b") as opened:
        opened.seek(100)
        opened.write(b"\xff" * (size // 2))
    found = inspect_store(file)
    assert (found.condition, bool(found.reason)) == (Condition.DAMAGED, True)
    assert file.stat().st_size == size


def test_a_server_that_does_not_answer_is_given_up() -> None:
    # It takes the call and then says nothing, as behind a wall that swallows packets.
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        url = f"postgresql://ann:secret@127.0.0.1:{port}/cases?connect_timeout=2"
        found = inspect_store(url)
    assert found.condition is Condition.UNREACHABLE
    assert "secret" not in str(found)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql:///cases?host=127.0.0.1&port=1&password=secret",
        "postgresql://ann:secret@127.0.0.1:1/cases",
    ],
)
def test_passwords_are_shown_nowhere(url: str) -> None:
    assert "secret" not in str(inspect_store(url))
    with pytest.raises(StoreError, match=r"127\.0\.0\.1") as refused:
        open_store(url)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("url", ["postgresql://ann:secret@host:port/cases", "://ann:secret@host"])
def test_a_url_that_cannot_be_read_is_not_repeated(url: str) -> None:
    with pytest.raises(StoreError, match="cannot be read") as refused:
        inspect_store(url)
    assert "secret" not in str(refused.value)
