"""What is taken out of a case: gone with all that belongs to it, logged, proved, never mistaken."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fixtures_cases import a_cell, a_field, cells_of, decide_all, new_image
from sqlalchemy import func, select, update

from hemavision.errors import MissingError, RefusedError
from hemavision.records.results import Box
from hemavision.store import Store
from hemavision.store.cases import amend_case, create_case, find_case, sign_case
from hemavision.store.cells import decide
from hemavision.store.images import add_cell, add_image, list_images
from hemavision.store.journal import list_entries
from hemavision.store.records import Case, Change, Page
from hemavision.store.removing import remove_cell, remove_image
from hemavision.store.schema import cells, contents, cutouts, images, thumbnails
from hemavision.store.second_readings import open_read
from hemavision.store.undoing import undo
from hemavision.store.verification import verify

APART = [Box(70 * n, 0, 70 * n + 50, 50) for n in range(5)]
WRONG = "Another patient's slide"
Filled = Callable[..., Case]


def rows(store: Store, *tables: object) -> list[int]:
    with store.reading() as connection:
        return [
            int(connection.execute(select(func.count()).select_from(table)).scalar() or 0)  # type: ignore[arg-type]
            for table in tables
        ]


def test_a_wrong_image_goes_with_its_cells_and_its_file(store: Store, filled: Filled) -> None:
    case = filled(3)
    decide_all(store, case)
    first, second, third = list_images(store, case.id)
    after = remove_image(store, case.id, second.id, f" {WRONG} ", "bob")
    assert (after.images, after.counts.cells, after.revision) == (2, 2, case.revision + 5)
    assert [image.id for image in list_images(store, case.id)] == [first.id, third.id]
    assert rows(store, images, cells, thumbnails, contents) == [2, 2, 2, 2]
    (entry, *_), _ = list_entries(store, case.id, Page(1))
    assert (entry.action, entry.who, entry.cell_id) == ("remove", "bob", None)
    assert entry.image_sha256 == second.sha256
    assert entry.detail == {
        "image": second.id, "name": second.name, "reason": WRONG, "cells": {"2": "neutrophil"},
    }  # fmt: skip
    assert verify(store).sound
    with pytest.raises(MissingError):
        remove_image(store, case.id, second.id, WRONG, "bob")
    # Signed without it, and the log still holds together.
    sign_case(store, case.id, find_case(store, case.id).revision, "ann")
    assert verify(store).sound


def test_numbers_are_never_given_again(store: Store, filled: Filled) -> None:
    case = filled(2)
    last = list_images(store, case.id)[-1]
    decide_all(store, case)
    remove_image(store, case.id, last.id, WRONG, "bob")
    assert add_image(store, case.id, new_image(1), "ann"), "the same file, by mistake or not"
    image = list_images(store, case.id)[-1]
    (_, cell) = cells_of(store, case)
    assert (image.id, cell.id) == (last.id + 1, 3)
    assert (cell.decided_type, cell.revision) == (None, 0)
    assert verify(store).sound
    remove_image(store, case.id, list_images(store, case.id)[0].id, WRONG, "bob")
    add_image(store, case.id, new_image(7), "ann")
    assert cells_of(store, case)[-1].id == 4
    assert verify(store).sound


def test_a_file_that_another_case_shows_stays(store: Store, filled: Filled) -> None:
    case = filled(1)
    other = create_case(store, "Other", "", "ann")
    add_image(store, other.id, new_image(0), "ann")
    remove_image(store, case.id, 1, WRONG, "bob")
    assert rows(store, contents, images) == [1, 1]
    assert verify(store).sound


def test_a_reason_is_needed(store: Store, filled: Filled) -> None:
    case = filled(1)
    for reason in ("", "  ", "\x07"):
        with pytest.raises(RefusedError):
            remove_image(store, case.id, 1, reason, "bob")
    assert find_case(store, case.id).images == 1


def test_what_was_signed_or_is_read_stays_whole(store: Store, filled: Filled) -> None:
    case = filled(1)
    decide_all(store, case)
    signed = sign_case(store, case.id, find_case(store, case.id).revision, "ann")
    assert refused(store, case, 1) == "signed"
    amend_case(store, case.id, "One more", "ann")
    assert refused(store, case, 1) == "signed-with"
    # What came after the signature may go.
    add_image(store, case.id, new_image(5), "ann")
    assert remove_image(store, case.id, 2, WRONG, "bob").images == signed.images
    add_image(store, case.id, new_image(6), "ann")
    open_read(store, case.id, "eve")
    assert refused(store, case, 3) == "read-with"
    assert verify(store).sound


def refused(store: Store, case: Case, image: int) -> str:
    with pytest.raises(RefusedError) as found:
        remove_image(store, case.id, image, WRONG, "bob")
    return found.value.code


def test_an_added_cell_is_taken_out_and_the_seals_hold(store: Store) -> None:
    case, image = a_field(store, APART[0])
    (found,) = cells_of(store, case)
    added = [add_cell(store, image, a_cell(box), "bob") for box in APART[1:4]]
    decide(store, case.id, [Change(added[0].id, 0, "blast")], "ann")
    after = remove_cell(store, case.id, added[0].id, "bob")
    assert after.counts.cells == 3
    (entry, *_), _ = list_entries(store, case.id, Page(1))
    assert (entry.action, entry.cell_id, entry.before) == ("remove", added[0].id, "blast")
    assert rows(store, cutouts) == [0 if store.bucket else 3]
    assert verify(store).sound
    again = add_cell(store, image, a_cell(APART[1]), "bob")
    assert again.id == added[-1].id + 1
    remove_cell(store, case.id, again.id, "bob")
    last = add_cell(store, image, a_cell(APART[1]), "bob")
    assert last.id == again.id + 1, "even where it was the highest"
    assert verify(store).sound
    with pytest.raises(RefusedError, match="came with its image") as kept:
        remove_cell(store, case.id, found.id, "bob")
    assert kept.value.code == "not-added"
    with pytest.raises(RefusedError, match="no cell 99"):
        remove_cell(store, case.id, 99, "bob")


def test_a_removal_that_the_log_does_not_know_is_found(store: Store, filled: Filled) -> None:
    case = filled(2)
    decide_all(store, case)
    remove_image(store, case.id, 1, WRONG, "bob")
    with store.noting() as connection:
        connection.execute(update(cells).values(decided_type="blast"))
    assert "cell 2 shows blast" in verify(store).problem


def test_undo_goes_past_what_is_gone(store: Store, filled: Filled) -> None:
    case = filled(3)
    earlier = decide(store, case.id, [Change(1, 0, "blast")], "ann").batch
    both = decide(store, case.id, [Change(2, 0, "monocyte"), Change(3, 0, "monocyte")], "ann").batch
    remove_image(store, case.id, 3, WRONG, "bob")
    done = undo(store, case.id, both, "ann")
    assert [(cell.id, cell.decided_type) for cell in done.cells] == [(2, None)]
    remove_image(store, case.id, 2, WRONG, "bob")
    done = undo(store, case.id, None, "ann")
    assert [(cell.id, cell.decided_type) for cell in done.cells] == [(1, None)]
    assert earlier
    assert verify(store).sound
