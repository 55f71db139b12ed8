"""Second readings: blind, in an order of their own, and compared only when they are finished."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fixtures_cases import ALL, cells_of, decide_all
from fixtures_store import asked, take_back_step_5
from sqlalchemy import text, update

from hemavision.errors import ConflictError, MissingError, RefusedError
from hemavision.records.classes import load_classes
from hemavision.store import Store, open_store
from hemavision.store.cases import amend_case, find_case, sign_case
from hemavision.store.records import Case, Change
from hemavision.store.schema import cases
from hemavision.store.second_readings import (
    FinishedRead,
    Read,
    ReadState,
    close_read,
    decide_blind,
    find_read,
    is_blind,
    list_all_pairs,
    list_blind_cells,
    list_finished,
    list_pairs,
    list_reads,
    open_read,
)
from hemavision.store.undoing import undo
from hemavision.store.verification import verify

Filled = Callable[..., Case]


@pytest.fixture
def case(store: Store, filled: Filled) -> Case:
    made = filled(8)
    decide_all(store, made, "neutrophil")
    return made


def test_a_whole_case_is_read_a_second_time(store: Store, case: Case) -> None:
    read = open_read(store, case.id, "bob", seed=3)
    assert (read.cells, read.decided, read.state) == (8, 0, ReadState.OPEN)
    cells, total = list_blind_cells(store, read.id, ALL)
    assert total == 8
    assert {cell.decided_type for cell in cells} == {None}
    assert not {"suggestion", "confidence", "status"} & set(cells[0].to_json())
    changes = [Change(cell.id, 0, "monocyte") for cell in cells]
    assert {c.decided_type for c in decide_blind(store, read.id, changes, "bob")} == {"monocyte"}
    # The first reader's decisions stay as they are.
    assert {cell.decided_type for cell in cells_of(store, case)} == {"neutrophil"}
    done = close_read(store, read.id, ReadState.FINISHED, "bob")
    assert (done.state, done.decided) == (ReadState.FINISHED, 8)
    pairs = list_pairs(store, read.id)
    assert {(pair.first, pair.second) for pair in pairs} == {("neutrophil", "monocyte")}
    assert [pair.model for pair in pairs] == [
        cell.suggestion.cell_type for cell in cells_of(store, case)
    ]
    assert verify(store).sound


def test_the_first_reader_s_word_is_that_of_the_moment_when_it_was_finished(
    store: Store, case: Case
) -> None:
    """Looking at the differences and agreeing afterwards is no agreement."""
    read = finish(store, case, "monocyte")
    assert (read.version, read.closed_version) == (1, 1)
    decide_all(store, case, "monocyte")
    sign_case(store, case.id, find_case(store, case.id).revision, "ann")
    amend_case(store, case.id, "a second look", "sue")
    decide_all(store, case, "blast")
    assert {(p.first, p.second) for p in list_pairs(store, read.id)} == {("neutrophil", "monocyte")}
    again = finish(store, case, "blast", who="cleo")
    assert again.closed_version == 2
    assert {(pair.first, pair.second) for pair in list_pairs(store, again.id)} == {("blast",) * 2}
    assert verify(store).sound


def test_what_nobody_had_decided_by_then_stays_nobody_s_word(store: Store, filled: Filled) -> None:
    case = filled(2)
    read = finish(store, case, "monocyte")
    decide_all(store, case, "monocyte")
    assert {pair.first for pair in list_pairs(store, read.id)} == {None}
    assert verify(store).sound


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("UPDATE read_cells SET first_type = 'monocyte'", "reading 1 keeps monocyte"),
        ("UPDATE read_cells SET first_type = NULL", "reading 1 keeps None"),
        ("UPDATE reads SET closed_version = 2", "reading 1 was finished in version 1"),
        ("UPDATE reads SET closed_version = NULL", "reading 1 was finished in version 1"),
    ],
)
def test_the_proof_covers_the_first_reader_s_word(
    store: Store, case: Case, statement: str, problem: str
) -> None:
    finish(store, case, "monocyte")
    with store.noting() as connection:
        connection.execute(text(statement))
    assert problem in verify(store).problem


def test_older_readings_get_the_first_reader_s_word_from_the_log(store: Store, case: Case) -> None:
    """They had kept none: what the log says of the moment when they were finished is brought."""
    read = finish(store, case, "monocyte")
    sign_case(store, case.id, find_case(store, case.id).revision, "ann")
    amend_case(store, case.id, "a second look", "sue")
    late = finish(store, case, "blast", who="cleo")
    decide_all(store, case, "monocyte")
    undo(store, case.id, None, "ann")
    later = finish(store, case, "blast", who="dan")
    decide_all(store, case, "blast")
    with store.noting() as connection:
        take_back_step_5(connection)
        connection.execute(text("ALTER TABLE reads DROP COLUMN closed_version"))
        connection.execute(text("ALTER TABLE read_cells DROP COLUMN first_type"))
        connection.execute(text("UPDATE alembic_version SET version_num = '0003'"))
    again = open_store(store.location)
    with again.noting() as connection:  # the log of a store so old would name none
        connection.execute(update(cases).values(classes=case.classes.to_json()))
    for number, version in ((read.id, 1), (late.id, 2), (later.id, 2)):
        assert {pair.first for pair in list_pairs(again, number)} == {"neutrophil"}
        assert find_read(again, number).closed_version == version
    assert verify(again).sound
    again.close()


def finish(store: Store, case: Case, kind: str, who: str = "bob") -> Read:
    """Read a case a second time, all of it as one type."""
    read = open_read(store, case.id, who)
    cells = list_blind_cells(store, read.id, ALL)[0]
    decide_blind(store, read.id, [Change(cell.id, 0, kind) for cell in cells], who)
    return close_read(store, read.id, ReadState.FINISHED, who)


def test_a_sample_follows_from_its_seed(store: Store, case: Case) -> None:
    samples = []
    for seed, who in ((7, "bob"), (7, "cleo"), (8, "dan")):
        read = open_read(store, case.id, who, sample=4, seed=seed)
        samples.append([cell.id for cell in list_blind_cells(store, read.id, ALL)[0]])
    assert samples[0] == samples[1] != samples[2]
    assert len(samples[0]) == 4
    everything = open_read(store, case.id, "eve", sample=100)
    assert everything.cells == 8
    assert len(list_reads(store, case.id)) == 4


def test_its_reader_is_blind_until_it_is_closed(store: Store, case: Case) -> None:
    read = open_read(store, case.id, "bob", sample=1)
    assert is_blind(store, case.id, "bob")
    assert not is_blind(store, case.id, "ann")
    with pytest.raises(RefusedError, match="open already"):
        open_read(store, case.id, "bob")
    with pytest.raises(RefusedError, match="not finished"):
        list_pairs(store, read.id)
    close_read(store, read.id, ReadState.DROPPED, "bob")
    assert not is_blind(store, case.id, "bob")
    with pytest.raises(RefusedError, match="not finished"):
        list_pairs(store, read.id)


def test_a_reading_is_finished_whole_and_by_its_reader(store: Store, case: Case) -> None:
    read = open_read(store, case.id, "bob", sample=2)
    first, second = list_blind_cells(store, read.id, ALL)[0]
    decide_blind(store, read.id, [Change(first.id, 0, "blast")], "bob")
    with pytest.raises(RefusedError, match="1 of the 2 cells") as refused:
        close_read(store, read.id, ReadState.FINISHED, "bob")
    assert list(refused.value.cells) == [second.id]
    with pytest.raises(RefusedError, match="bob's"):
        close_read(store, read.id, ReadState.FINISHED, "ann")
    with pytest.raises(RefusedError, match="bob's"):
        decide_blind(store, read.id, [Change(second.id, 0, "blast")], "ann")
    with pytest.raises(ConflictError):
        decide_blind(store, read.id, [Change(first.id, 0, "monocyte")], "bob")
    with pytest.raises(RefusedError, match="no cell type"):
        decide_blind(store, read.id, [Change(second.id, 0, "nonsense")], "bob")
    other = next(c.id for c in cells_of(store, case) if c.id not in (first.id, second.id))
    with pytest.raises(RefusedError, match=rf"Reading {read.id} has no cell {other}\."):
        decide_blind(store, read.id, [Change(n, 0, "blast") for n in (other, 10**6)], "bob")
    decide_blind(store, read.id, [Change(second.id, 0, "blast")], "bob")
    close_read(store, read.id, ReadState.FINISHED, "bob")
    with pytest.raises(RefusedError, match="finished"):
        decide_blind(store, read.id, [Change(second.id, 1, "monocyte")], "bob")
    assert find_read(store, read.id).decided == 2


def named(finished: list[FinishedRead]) -> list[tuple[str, Read]]:
    assert all(one.classes == load_classes() for one in finished)
    return [(one.case_name, one.read) for one in finished]


def test_finished_readings_come_with_their_cases_the_last_finished_first(
    store: Store, filled: Filled
) -> None:
    one, other = filled(2, name="One"), filled(3, name="Another")
    reading = [finish(store, case, "blast", who) for case, who in ((other, "bob"), (one, "cleo"))]
    late = open_read(store, other.id, "dan", sample=1)
    dropped = open_read(store, one.id, "dan")
    close_read(store, dropped.id, ReadState.DROPPED, "dan")
    found = [("One", reading[1]), ("Another", reading[0])]
    assert named(list_finished(store, "ann")) == found
    assert named(list_finished(store, "dan")) == found[:1], "dan has to stay blind"
    (cell,) = list_blind_cells(store, late.id, ALL)[0]
    decide_blind(store, late.id, [Change(cell.id, 0, "monocyte")], "dan")
    last = close_read(store, late.id, ReadState.FINISHED, "dan")
    assert named(list_finished(store, "dan")) == [("Another", last), *found]
    assert list_reads(store, one.id) == [reading[1], find_read(store, dropped.id)]
    finished = [last, *reading]
    pairs = {read.id: list_pairs(store, read.id) for read in finished}
    assert list_all_pairs(store, finished) == pairs
    assert [len(pairs[read.id]) for read in finished] == [1, 3, 2]
    assert list_all_pairs(store, []) == {}


def test_a_case_s_readings_are_listed_with_one_question(store: Store, case: Case) -> None:
    for number, who in enumerate(("bob", "cleo", "dan"), 1):
        open_read(store, case.id, who)
        with asked() as statements:
            assert len(list_reads(store, case.id)) == number
        assert len(statements) == 1


def test_there_has_to_be_something_to_read(store: Store, filled: Filled) -> None:
    with pytest.raises(RefusedError, match="no cells"):
        open_read(store, filled(0).id, "bob")
    with pytest.raises(MissingError):
        open_read(store, 99, "bob")
    with pytest.raises(MissingError):
        find_read(store, 99)
