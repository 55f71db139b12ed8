"""Cells that a reader adds to a field: kept, refused, raced for, sealed and proved."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from fixtures_cases import a_cell, a_field, cells_of, decide_all
from fixtures_store import asked
from sqlalchemy import delete, insert, select, update

from hemavision.errors import MissingError, RefusedError
from hemavision.records.results import Box
from hemavision.store import Store, open_store
from hemavision.store.cases import amend_case, find_case, sign_case
from hemavision.store.cells import decide, find_cell
from hemavision.store.images import add_cell, list_images, read_cutouts
from hemavision.store.journal import list_entries
from hemavision.store.records import Case, Change, Page, State, StoredImage
from hemavision.store.schema import cells, cutouts, embeddings
from hemavision.store.verification import verify

FORK = multiprocessing.get_context("fork")
#: Boxes of 50 pixels that lie apart.
APART = [Box(70 * n, 0, 70 * n + 50, 50) for n in range(5)]
Filled = Callable[..., Case]


def test_an_added_cell_is_kept_with_who_added_it(store: Store) -> None:
    case, image = a_field(store, APART[0])
    revision = find_case(store, case.id).revision
    cell = add_cell(store, image, a_cell(APART[1]), "bob")
    assert (cell.decided_type, cell.box, cell.image_id) == (None, APART[1], image.id)
    now = find_case(store, case.id)
    assert (now.revision, now.updated_by, now.state) == (revision + 1, "bob", State.NEW)
    kept = {} if store.bucket else {cell.id: b"PNG"}  # it is cut out of the field again
    assert (now.counts.cells, read_cutouts(store, [cell.id])) == (2, kept)
    assert [c.added_by for c in cells_of(store, case)] == [None, "bob"]
    decide(store, case.id, [Change(cell.id, 0, "blast")], "ann")
    assert find_cell(store, case.id, cell.id).added_by == "bob", "whoever decides on it later"
    assert cell.summary().added_by == cell.to_json()["added_by"] == "bob"
    assert verify(store).sound


def test_a_decision_goes_through_neither_the_case_s_log_nor_its_cells(tmp_path: Path) -> None:
    """Who added cells is found by an index, and the case is counted from another alone."""
    store = open_store(tmp_path / "store.sqlite")
    case, _ = a_field(store, *APART)
    (cell, *_) = cells_of(store, case)
    with asked() as statements:
        decide(store, case.id, [Change(cell.id, 0, "blast")], "ann")
    plans = []
    with store.reading() as connection:
        for statement in statements:
            unknown = (None,) * statement.count("?")
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", unknown)
            plans += [row.detail for row in plan if statement.startswith("SELECT")]
    store.close()
    log = [plan for plan in plans if " log " in plan]
    assert len(log) == 1
    assert "INDEX ix_log_case_id_action_cell_id (case_id=? AND action=? AND cell_id=?)" in log[0]
    of_case = [plan for plan in plans if " cells " in plan and "rowid" not in plan]
    assert of_case
    assert all("COVERING INDEX ix_cells_case_id_decided_type_status" in p for p in of_case)


def test_the_log_says_all_of_an_added_cell(store: Store) -> None:
    case, image = a_field(store)
    cell = add_cell(store, image, a_cell(APART[1]), "bob")
    (entry, *_), _ = list_entries(store, case.id, Page(1))
    assert (entry.action, entry.who, entry.cell_id) == ("add", "bob", cell.id)
    assert (entry.image_sha256, entry.model_sha256) == (image.sha256, "0" * 64)
    assert entry.case_revision == find_case(store, case.id).revision
    assert entry.detail["box"] == vars(APART[1])


def test_a_cell_that_is_there_is_not_added_again(store: Store) -> None:
    _, image = a_field(store, Box(0, 0, 50, 50))
    for box in (Box(0, 0, 50, 50), Box(4, 2, 56, 50), Box(8, 0, 58, 50), Box(15, 15, 35, 35)):
        with pytest.raises(RefusedError, match="Cell 1 is at this place") as refused:
            add_cell(store, image, a_cell(box), "bob")
        assert (refused.value.code, refused.value.cells) == ("there-already", (1,))
    touching = add_cell(store, image, a_cell(Box(30, 0, 80, 50)), "bob")
    assert touching.id == 2
    assert verify(store).sound


def test_another_field_has_cells_at_the_same_place(store: Store) -> None:
    _, first = a_field(store, APART[0])
    _, second = a_field(store)
    assert add_cell(store, second, a_cell(APART[0]), "bob").image_id == second.id != first.id


def test_where_no_cell_can_be_added(store: Store, filled: Filled) -> None:
    alone = list_images(store, filled(1).id)[0]
    with pytest.raises(RefusedError, match="shows one cell"):
        add_cell(store, alone, a_cell(APART[0]), "ann")
    case, image = a_field(store, APART[0])
    with pytest.raises(MissingError, match="no case 99"):
        add_cell(store, replace(image, case_id=99), a_cell(APART[1]), "ann")
    decide_all(store, case)
    sign_case(store, case.id, find_case(store, case.id).revision, "ann")
    with pytest.raises(RefusedError, match="signed"):
        add_cell(store, image, a_cell(APART[1]), "ann")
    amend_case(store, case.id, "one was missed", "sue")
    add_cell(store, image, a_cell(APART[1]), "ann")
    with pytest.raises(RefusedError, match="1 cells of case"):
        sign_case(store, case.id, find_case(store, case.id).revision, "ann")


@pytest.mark.parametrize("value", [{"left": 12}, {"suggested_type": "basophil"}])
def test_a_changed_cell_is_found(store: Store, value: dict[str, object]) -> None:
    _, image = a_field(store, APART[0])
    added = add_cell(store, image, a_cell(APART[1]), "bob")
    with store.noting() as connection:
        connection.execute(update(cells).where(cells.c.id == added.id).values(**value))
    assert "image 1, or what was suggested" in verify(store).problem


def test_a_cell_that_nobody_added_and_one_that_is_gone_are_found(store: Store) -> None:
    _, image = a_field(store, APART[0])
    added = add_cell(store, image, a_cell(APART[1]), "bob")
    with store.noting() as connection:
        found = select(cells).where(cells.c.id == added.id)
        row = dict(connection.execute(found).one()._mapping)
        connection.execute(insert(cells).values(**row | {"id": 99, "left": 90}))
    assert not verify(store).sound
    with store.noting() as connection:
        connection.execute(delete(cells).where(cells.c.id == 99))
    assert verify(store).sound
    with store.noting() as connection:
        for kept in (cutouts, embeddings):
            connection.execute(delete(kept).where(kept.c.cell_id == added.id))
        connection.execute(delete(cells).where(cells.c.id == added.id))
    assert not verify(store).sound


@pytest.mark.parametrize("which", [0, 1], ids=["imported", "added"])
def test_adding_a_cell_does_not_cover_up_what_was_changed_before(store: Store, which: int) -> None:
    case, image = a_field(store, APART[0])
    add_cell(store, image, a_cell(APART[1]), "ann")
    mine = cells.c.id == cells_of(store, case)[which].id
    with store.noting() as connection:
        connection.execute(update(cells).where(mine).values(suggested_type="basophil"))
    assert not verify(store).sound
    # Its entry seals every cell of the image as it is by now.
    add_cell(store, image, a_cell(APART[2]), "bob")
    assert "image 1, or what was suggested" in verify(store).problem


def test_of_two_who_add_the_same_cell_one_is_told_of_the_other_s(location: str) -> None:
    store = open_store(location)
    case, image = a_field(store)
    start, told = FORK.Barrier(3), FORK.SimpleQueue()
    workers = [
        FORK.Process(target=_add_all, args=(location, image, who, start, told))
        for who in ("ann", "bob", "eve")
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=60)
        assert worker.exitcode == 0
    outcomes = [told.get() for _ in range(len(workers) * len(APART))]
    there = cells_of(store, case)
    assert [cell.box for cell in there] == APART
    assert sorted(box for box, who, refused in outcomes if not refused) == list(range(len(APART)))
    for box, _, refused in outcomes:
        assert refused in ((), (there[box].id,))
    added = {box: who for box, who, refused in outcomes if not refused}
    assert [cell.added_by for cell in there] == [added[n] for n in range(len(APART))]
    assert find_case(store, case.id).revision == 2 + len(APART)
    assert verify(store).sound
    store.close()


def _add_all(location: str, image: StoredImage, who: str, start: object, told: object) -> None:
    store = open_store(location)
    for number, box in enumerate(APART):
        start.wait(timeout=30)  # type: ignore[attr-defined]
        try:
            add_cell(store, image, a_cell(box), who)
            refused: tuple[int, ...] = ()
        except RefusedError as error:
            refused = error.cells
        told.put((number, who, refused))  # type: ignore[attr-defined]
    store.close()
