"""The log: sealed, append-only, and what it proves; the tables and their migrations."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from fixtures_cases import cells_of, decide_all, new_image
from fixtures_store import take_back_step_5
from sqlalchemy import Connection, select, text, update

import hemavision.store
from hemavision.errors import StoreError
from hemavision.records.classes import load_classes
from hemavision.records.results import ModelReference
from hemavision.store import Store, database, open_store
from hemavision.store.agreement import model_against_readers
from hemavision.store.cases import amend_case, create_case, enter, find_case, sign_case
from hemavision.store.cells import decide
from hemavision.store.chain import START, seal
from hemavision.store.database import HEAD
from hemavision.store.images import add_image
from hemavision.store.journal import list_entries
from hemavision.store.records import Case, Change, Entries, Page
from hemavision.store.schema import chain, log, metadata
from hemavision.store.second_readings import decide_blind, open_read
from hemavision.store.undoing import undo
from hemavision.store.verification import verify

Filled = Callable[..., Case]
#: What a hand can do to the rows, and what the proof says of it.
TAMPERING = [
    ("UPDATE log SET who = 'eve' WHERE id = 4", "row 4 was changed"),
    ("UPDATE log SET \"after\" = 'monocyte' WHERE id = 6", "row 6 was changed"),
    ("UPDATE log SET detail = '{}' WHERE id = 1", "row 1 was changed"),
    ("UPDATE log SET previous = hash WHERE id = 3", "row 3 does not follow"),
    ("DELETE FROM log WHERE id = 2", "row 2 is missing"),
    ("DELETE FROM log WHERE id = 1", "row 1 is missing"),
    ("DELETE FROM log WHERE id = (SELECT max(id) FROM log)", "the log ends at row"),
    ("DELETE FROM log", "the log ends at row 0"),
    ("UPDATE cells SET decided_type = 'blast' WHERE id = 2", "cell 2 shows blast"),
    ("UPDATE cells SET decided_type = NULL WHERE id = 2", "cell 2 shows None"),
    ("UPDATE cells SET suggested_type = 'blast' WHERE id = 2", "image 2, or what was suggested"),
    ("UPDATE cells SET confidence = 0.5 WHERE id = 1", "image 1, or what was suggested"),
    ("UPDATE cells SET image_id = 1", "image 1, or what was suggested"),
    ("UPDATE read_cells SET decided_type = 'monocyte' WHERE cell_id = 2", "reading 1 shows"),
    ("DELETE FROM read_cells WHERE cell_id = 1", "a reading's cell is in the log"),
    ("UPDATE cases SET revision = 1", "case 1 is at revision 1"),
    ("UPDATE versions SET signed_by = 'eve'", "version 1 of case 1 is not as it was signed"),
    ("UPDATE versions SET signed_at = NULL", "version 1 of case 1 is not as it was signed"),
    ("UPDATE versions SET decisions = '{}'", "version 1 of case 1 is not as it was signed"),
    ("UPDATE versions SET entries = '{}'", "version 1 of case 1 is not as it was signed"),
    ("UPDATE cases SET classes = '{}'", "the classes of case 1 are not those that the log says"),
    ("UPDATE cases SET entries = '{}'", "what is entered for case 1 is not what the log says"),
    (
        "UPDATE contents SET content = (SELECT jpeg FROM thumbnails LIMIT 1)",
        "is not what was imported",
    ),
]


@pytest.fixture
def signed(store: Store, filled: Filled) -> Case:
    """A signed case of two cells that was read a second time."""
    case = filled(2)
    read = open_read(store, case.id, "bob")
    decide_blind(store, read.id, [Change(c.id, 0, "blast") for c in cells_of(store, case)], "bob")
    decide_all(store, case, "neutrophil")
    undo(store, case.id, None, "ann")
    decide_all(store, case, "monocyte")
    enter(store, case.id, Entries(white_cells=6.2, comment="No blasts."), "ann")
    return sign_case(store, case.id, find_case(store, case.id).revision, "ann")


def test_an_untouched_log_is_sound(store: Store, signed: Case) -> None:
    verdict = verify(store)
    entries, total = list_entries(store, None, Page(100))
    assert verdict.sound
    assert (verdict.entries, verdict.head) == (total, entries[0].hash)
    assert [entry.id for entry in entries] == list(range(total, 0, -1))


def test_tampering_is_found(store: Store, signed: Case) -> None:
    drop_triggers(store)
    tables = metadata.sorted_tables
    with store.reading() as connection:
        rows = {table: connection.execute(table.select()).mappings().all() for table in tables}
    for statement, problem in TAMPERING:
        with store.noting() as connection:
            connection.execute(text(statement))
        verdict = verify(store)
        assert not verdict.sound, statement
        assert problem in verdict.problem
        with store.noting() as connection:  # everything as it was
            for table in reversed(tables):
                connection.execute(table.delete())
            for table in tables:
                if rows[table]:
                    connection.execute(table.insert(), [dict(row) for row in rows[table]])
    assert verify(store).sound


def test_a_sqlite_file_edited_by_hand_is_found(tmp_path: Path) -> None:
    path = tmp_path / "by-hand.sqlite"
    opened = open_store(path)
    create_case(opened, "One", "", "ann")
    create_case(opened, "Two", "", "ann")
    opened.close()
    edited = sqlite3.connect(path)
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        edited.execute("UPDATE log SET who = 'eve' WHERE id = 1")
    edited.execute("DROP TRIGGER log_no_UPDATE")
    edited.execute("UPDATE log SET who = 'eve' WHERE id = 1")
    edited.commit()
    edited.close()
    again = open_store(path)
    assert verify(again).problem == "row 1 was changed after it was written"
    again.close()


@pytest.mark.parametrize("statement", ["UPDATE log SET who = 'eve'", "DELETE FROM log"])
def test_the_database_itself_refuses(store: Store, signed: Case, statement: str) -> None:
    with pytest.raises(StoreError, match="append-only"), store.noting() as connection:
        connection.execute(text(statement))
    assert verify(store).sound


def test_a_noted_head_proves_what_came_before(store: Store, signed: Case) -> None:
    noted = verify(store).head
    amend_case(store, signed.id, "a second look", "sue")
    assert verify(store, noted).sound
    assert "no row has the noted hash" in verify(store, "0" * 64).problem


def test_a_log_written_anew_is_found_by_a_noted_head(store: Store, signed: Case) -> None:
    noted = verify(store).head
    drop_triggers(store)
    rewrite(store)
    assert verify(store).sound  # a chain alone cannot tell
    assert not verify(store, noted).sound


def test_models_of_one_period_stand_in_the_order_in_which_they_came(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither names nor digests say which model was there before the other."""
    case = create_case(store, "A case", "", "ann")
    for index, name in enumerate(("zebra", "zebra", "aardvark")):
        digit = "f" if name == "zebra" else "1"
        image = replace(new_image(index), model=ModelReference(name, digit * 64))
        assert add_image(store, case.id, image, "ann")
    for month, cell in zip((9, 10, 10), cells_of(store, case), strict=True):
        moment = f"2026-{month:02}-15T12:00:00.000000+00:00"
        monkeypatch.setattr(database, "now", lambda moment=moment: moment)
        decide(store, case.id, [Change(cell.id, 0, "blast")], "ann")
    found = [(part.period, part.model_name) for part in model_against_readers(store)]
    assert found == [("2026-09", "zebra"), ("2026-10", "zebra"), ("2026-10", "aardvark")]


def test_agreement_of_model_and_readers(store: Store, signed: Case) -> None:
    (month,) = model_against_readers(store)
    agreed = sum(row.get(kind, 0) for kind, row in month.confusion.items())
    assert (month.decided, month.agreed) == (2, agreed)
    assert sum(sum(row.values()) for row in month.confusion.values()) == 2
    assert list(month.confusion) == ["monocyte"]
    assert model_against_readers(store, "day", signed.id)[0].period == signed.updated_at[:10]
    assert model_against_readers(store, "year", 99) == []
    open_read(store, signed.id, "eve")
    assert model_against_readers(store, who="eve") == [], "who reads a case anew stays blind"
    assert model_against_readers(store, who="ann") == [month]


def test_the_migrations_make_the_tables(store: Store) -> None:
    with store.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_the_last_migration_is_the_one_that_is_looked_for() -> None:
    folder = Path(hemavision.store.__file__).with_name("migrations")
    config = Config()
    config.set_main_option("script_location", str(folder))
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


@pytest.mark.parametrize("step", ["0001", "0002"])
def test_a_store_of_an_older_step_is_brought_up_to_date(
    store: Store, filled: Filled, step: str
) -> None:
    case = filled(2)
    decide_all(store, case)
    sign_case(store, case.id, find_case(store, case.id).revision, "ann")
    make_as_step(store, step)
    again = open_store(store.location)
    assert verify(again).sound
    assert find_case(again, case.id).entries == Entries()
    assert find_case(again, case.id).classes == load_classes()
    amend_case(again, case.id, "a second look", "sue")
    entered = enter(again, case.id, Entries(target=200), "ann")
    assert entered.entries == Entries(target=200, revision=1)
    assert verify(again).sound
    again.close()


def test_opening_again_changes_nothing(location: str) -> None:
    first, second = open_store(location), open_store(location)
    assert verify(first).sound
    assert verify(second).entries == 0
    first.close()
    second.close()


def test_a_store_of_a_newer_version_is_refused(location: str) -> None:
    opened = open_store(location)
    with opened.noting() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    opened.close()
    with pytest.raises(StoreError, match="newer HemaVision"):
        open_store(location)


@pytest.mark.parametrize(
    ("location", "words"),
    [
        ("mysql://u@h/d", "sqlite:///FILE or postgresql://"),
        ("http://[", "store"),
        ("postgresql://nobody@127.0.0.1:1/none", "failed"),
        ("/proc/nothing/store.sqlite", "cannot be opened"),
    ],
)
def test_a_store_that_cannot_be_opened_says_so(location: str, words: str) -> None:
    with pytest.raises(StoreError, match=words):
        open_store(location)


def test_a_file_that_is_no_store_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_text("no database" * 100)
    with pytest.raises(StoreError, match="not a database"):
        open_store(path)
    assert path.read_text() == "no database" * 100


def test_a_password_is_not_shown() -> None:
    with pytest.raises(StoreError) as error:
        open_store("postgresql://nobody:secret@127.0.0.1:1/none")
    assert "secret" not in str(error.value)


def test_a_new_file_is_its_owner_s_alone(tmp_path: Path) -> None:
    open_store(tmp_path / "new" / "store.sqlite").close()
    assert (tmp_path / "new" / "store.sqlite").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700


def drop_triggers(store: Store) -> None:
    """Do what a tamperer does first."""
    names = ["log_no_UPDATE", "log_no_DELETE"] if store.dialect == "sqlite" else ["log_no_change"]
    on = "" if store.dialect == "sqlite" else " ON log"
    with store.noting() as connection:
        for name in names:
            connection.execute(text(f"DROP TRIGGER {name}{on}"))


def make_as_step(store: Store, step: str) -> None:
    """Take out of a store, and of its log, what the later steps of the tables brought."""
    drop_triggers(store)
    with store.noting() as connection:
        take_back_step_5(connection)
        connection.execute(text("ALTER TABLE reads DROP COLUMN closed_version"))
        connection.execute(text("ALTER TABLE read_cells DROP COLUMN first_type"))
        connection.execute(text("DROP TABLE signed_heatmaps"))
        connection.execute(text("ALTER TABLE versions DROP COLUMN figures"))
        _forget(connection, "create", "classes")
        if step == "0001":
            _drop_entries(connection)
        connection.execute(text(f"UPDATE alembic_version SET version_num = '{step}'"))
    rewrite(store, "ann")


def _forget(connection: Connection, action: str, member: str) -> None:
    for row in connection.execute(select(log).where(log.c.action == action)).all():
        detail = json.loads(row.detail)
        del detail[member]
        values = {"detail": json.dumps(detail, sort_keys=True, separators=(",", ":"))}
        connection.execute(update(log).where(log.c.id == row.id).values(**values))


def _drop_entries(connection: Connection) -> None:
    _forget(connection, "sign", "entries")
    for table in ("cases", "versions"):
        connection.execute(text(f"ALTER TABLE {table} DROP COLUMN entries"))


def rewrite(store: Store, who: str = "eve") -> None:
    """Give the first row to somebody and seal all rows anew, as a patient tamperer would."""
    with store.noting() as connection:
        head = START
        for row in connection.execute(select(log).order_by(log.c.id)).all():
            values = dict(row._mapping) | {"previous": head}
            values["who"] = who if row.id == 1 else row.who
            head = values["hash"] = seal(values)
            connection.execute(update(log).where(log.c.id == row.id).values(**values))
        connection.execute(update(chain).values(head=head))
