"""Cases: made, found, decided on, signed, opened again; the same in both databases."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest
from fixtures_cases import ALL, a_cell, a_field, cells_of, decide_all, new_image

from hemavision.errors import ConflictError, MissingError, RefusedError
from hemavision.records.results import Box, Status
from hemavision.store import Store
from hemavision.store.cases import (
    Search,
    amend_case,
    create_case,
    enter,
    find_case,
    list_cases,
    list_versions,
    sign_case,
)
from hemavision.store.cells import Filter, count_types, decide, find_cell, list_cells
from hemavision.store.images import (
    add_cell,
    add_image,
    cases_with,
    has_image,
    list_images,
    read_content,
)
from hemavision.store.journal import list_entries
from hemavision.store.records import Case, Change, Entries, Page, State
from hemavision.store.undoing import undo
from hemavision.store.verification import verify

Filled = Callable[..., Case]


def test_a_case_is_made_and_found(store: Store) -> None:
    made = create_case(store, "  Morning round ", "S-17", "ann")
    assert (made.name, made.slide, made.state) == ("Morning round", "S-17", State.NEW)
    assert (made.version, made.revision, made.created_by) == (1, 1, "ann")
    assert find_case(store, made.id) == made
    with pytest.raises(MissingError, match="no case 99"):
        find_case(store, 99)


def test_a_name_that_cannot_be_kept_is_refused(store: Store) -> None:
    for name in ("", "   ", "a\x00b", "x" * 201, "a\nb", "\ud800"):
        with pytest.raises(RefusedError):
            create_case(store, name, "", "ann")


def test_cases_are_searched_by_words_and_state(store: Store, filled: Filled) -> None:
    first = create_case(store, "Müller 100%", "S-1", "ann")
    second = filled(1, name="Meier")
    decide_all(store, second)
    assert [c.id for c in list_cases(store, Search(), ALL)[0]] == [second.id, first.id]
    assert [c.id for c in list_cases(store, Search("MÜLLER s-1"), ALL)[0]] == [first.id]
    assert [c.id for c in list_cases(store, Search("100%"), ALL)[0]] == [first.id]
    assert list_cases(store, Search("%_"), ALL) == ([], 0)
    found, total = list_cases(store, Search(state=State.IN_REVIEW), ALL)
    assert ([c.id for c in found], total) == ([second.id], 1)
    assert list_cases(store, Search(), Page(1, 1)) == ([find_case(store, first.id)], 2)


def test_an_image_is_kept_once(store: Store, filled: Filled) -> None:
    one, other = filled(1), filled(0)
    image = new_image(0)
    assert not add_image(store, one.id, image, "ann")
    assert add_image(store, other.id, image, "ann")
    assert cases_with(store, image.sha256, other.id) == [one.id]
    assert read_content(store, image.sha256) == image.content
    (shown,) = list_images(store, one.id)
    assert (shown.sha256, shown.cells, shown.added_by) == (image.sha256, 1, "ann")


def test_every_other_case_that_holds_a_file_is_named(store: Store, filled: Filled) -> None:
    before, mine, none, after = filled(2), filled(1), filled(0), filled(1)
    held, unheld = new_image(0), new_image(5)
    assert cases_with(store, held.sha256, mine.id) == [before.id, after.id]
    assert cases_with(store, held.sha256, none.id) == [before.id, mine.id, after.id]
    assert cases_with(store, new_image(1).sha256, before.id) == []
    assert cases_with(store, unheld.sha256, mine.id) == []
    assert has_image(store, mine.id, held.sha256) == held.name
    assert has_image(store, none.id, held.sha256) is None
    assert has_image(store, mine.id, new_image(1).sha256) is None


def test_cells_come_most_doubtful_first(store: Store, filled: Filled) -> None:
    case = filled(2)
    add_image(store, case.id, new_image(2, novelty=2.0), "ann")
    found, total = list_cells(store, case.id, Filter(), ALL)
    assert total == 3
    assert found[0].suggestion.status is Status.UNFAMILIAR
    suggested = [cell.suggestion.cell_type for cell in found[1:]]
    counts = {name: (0, suggested.count(name)) for name in suggested}
    assert count_types(store, case.id) == dict(sorted((counts | {"unfamiliar": (0, 1)}).items()))
    unfamiliar = Filter(status=Status.UNFAMILIAR, decided=False)
    assert list_cells(store, case.id, unfamiliar, ALL) == ([found[0]], 1)
    kind = found[1].suggestion.cell_type
    mine = Filter(cell_type=kind, image_id=found[1].image_id)
    assert list_cells(store, case.id, mine, ALL)[1] == 1


def test_decisions_are_kept_and_logged(store: Store, filled: Filled) -> None:
    case = filled(2)
    first, second = cells_of(store, case)
    done = decide(store, case.id, [Change(first.id, 0, "blast")], "bob")
    assert done.case.state is State.IN_REVIEW
    assert done.case.counts.decided == 1
    (cell,) = done.cells
    assert (cell.decided_type, cell.decided_by, cell.revision) == ("blast", "bob", 1)
    entry = list_entries(store, case.id, Page(1))[0][0]
    assert (entry.action, entry.who, entry.cell_id) == ("decide", "bob", first.id)
    assert (entry.before, entry.after) == (None, "blast")
    assert entry.image_sha256 == new_image(0).sha256
    assert entry.model_sha256 == first.suggestion.model.sha256
    again = decide(store, case.id, [Change(first.id, 1, "blast")], "bob")
    assert again.batch is None
    assert find_cell(store, case.id, second.id).decided_type is None


def test_what_somebody_else_changed_is_not_overwritten(store: Store, filled: Filled) -> None:
    case = filled(2)
    first, second = cells_of(store, case)
    decide(store, case.id, [Change(first.id, 0, "blast")], "bob")
    both = [Change(second.id, 0, "monocyte"), Change(first.id, 0, "monocyte")]
    with pytest.raises(ConflictError) as conflict:
        decide(store, case.id, both, "ann")
    (change,) = conflict.value.changes
    assert change["id"] == first.id
    assert (change["decided_type"], change["decided_by"], change["revision"]) == ("blast", "bob", 1)
    assert find_cell(store, case.id, second.id).decided_type is None  # all or none


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ([Change(1, 0, "no_such_type")], "unknown-type"),
        ([Change(1, 0, "blast"), Change(1, 0, "blast")], "named-twice"),
        ([Change(77, 0, "blast")], "unknown-cell"),
    ],
)
def test_senseless_changes_are_refused(
    store: Store, filled: Filled, changes: list[Change], code: str
) -> None:
    case = filled(1)
    (cell,) = cells_of(store, case)
    mine = [dataclasses.replace(c, cell_id=cell.id if c.cell_id == 1 else 77) for c in changes]
    with pytest.raises(RefusedError) as refused:
        decide(store, case.id, mine, "ann")
    assert refused.value.code == code
    with pytest.raises(MissingError):
        find_cell(store, case.id, 77)


def test_undo_and_redo(store: Store, filled: Filled) -> None:
    case = filled(3)
    decide_all(store, case, "neutrophil")
    second = decide_all(store, case, "monocyte")
    undone = undo(store, case.id, None, "ann")
    assert {c.decided_type for c in undone.cells} == {"neutrophil"}
    redone = undo(store, case.id, undone.batch, "ann")
    assert {c.decided_type for c in redone.cells} == {"monocyte"}
    # The second decision stands again, so it is the last one to take back.
    undo(store, case.id, None, "ann")
    undo(store, case.id, None, "ann")
    assert {c.decided_type for c in cells_of(store, case)} == {None}
    with pytest.raises(RefusedError, match="no decision"):
        undo(store, case.id, None, "ann")
    with pytest.raises(RefusedError, match="no decision"):
        undo(store, case.id, None, "bob")
    with pytest.raises(ConflictError):
        undo(store, case.id, second, "ann")
    assert verify(store).sound


def test_undo_leaves_alone_what_somebody_decided_since(store: Store, filled: Filled) -> None:
    case = filled(2)
    decide_all(store, case, "neutrophil", "ann")
    first = cells_of(store, case)[0]
    decide(store, case.id, [Change(first.id, first.revision, "blast")], "bob")
    with pytest.raises(ConflictError) as conflict:
        undo(store, case.id, None, "ann")
    assert [change["id"] for change in conflict.value.changes] == [first.id]
    assert {c.decided_type for c in cells_of(store, case)} == {"blast", "neutrophil"}


def test_signing_needs_every_decision(store: Store, filled: Filled) -> None:
    case = filled(3)
    one, *left = cells_of(store, case)
    decide(store, case.id, [Change(one.id, 0, "blast")], "ann")
    with pytest.raises(RefusedError, match=r"2 cells .* undecided") as refused:
        sign_case(store, case.id, find_case(store, case.id).revision, "ann")
    assert refused.value.code == "undecided"
    assert list(refused.value.cells) == [cell.id for cell in left]
    empty = filled(0)
    with pytest.raises(RefusedError, match="no cells"):
        sign_case(store, empty.id, empty.revision, "ann")


def test_signing_needs_to_have_seen_the_last_change(store: Store, filled: Filled) -> None:
    case = filled(2)
    decide_all(store, case)
    seen = find_case(store, case.id).revision
    cell = cells_of(store, case)[0]
    decide(store, case.id, [Change(cell.id, cell.revision, "blast")], "bob")
    with pytest.raises(ConflictError) as conflict:
        sign_case(store, case.id, seen, "ann")
    (entry,) = conflict.value.changes
    assert (entry["who"], entry["cell_id"], entry["after"]) == ("bob", cell.id, "blast")
    assert find_case(store, case.id).state is State.IN_REVIEW


def test_a_signed_case_is_read_only_until_amended(store: Store, filled: Filled) -> None:
    case = filled(2)
    decide_all(store, case, "neutrophil")
    signed = sign_case(store, case.id, find_case(store, case.id).revision, "ann")
    assert signed.state is State.SIGNED
    cell = cells_of(store, case)[0]
    refused: list[Callable[[], object]] = [
        lambda: decide(store, case.id, [Change(cell.id, cell.revision, "blast")], "ann"),
        lambda: undo(store, case.id, None, "ann"),
        lambda: add_image(store, case.id, new_image(5), "ann"),
        lambda: sign_case(store, case.id, signed.revision, "ann"),
        lambda: amend_case(store, case.id, "  ", "ann"),
    ]
    for change in refused:
        with pytest.raises(RefusedError):
            change()
    amended = amend_case(store, case.id, "Wrong slide label", "sue")
    assert (amended.state, amended.version) == (State.IN_REVIEW, 2)
    with pytest.raises(RefusedError, match="not signed"):
        amend_case(store, case.id, "again", "sue")
    decide(store, case.id, [Change(cell.id, cell.revision, "blast")], "ann")
    first, second = list_versions(store, case.id)
    assert first.decisions == {str(c.id): "neutrophil" for c in cells_of(store, case)}
    assert (first.signed_by, second.reason, second.signed_at) == ("ann", "Wrong slide label", None)
    assert verify(store).sound


def test_a_comment_has_four_thousand_letters_at_most(store: Store) -> None:
    case = create_case(store, "A case", "", "ann")
    longest = "\n".join(["x" * 1999, "y" * 2000])
    kept = enter(store, case.id, Entries(comment=longest), "ann").entries
    assert kept.comment == longest
    with pytest.raises(RefusedError, match="4001 characters; it may have 4000"):
        enter(store, case.id, Entries(comment=longest + "!", revision=kept.revision), "ann")


def test_the_model_s_word_for_several_is_not_taken_where_it_doubts(
    store: Store, filled: Filled
) -> None:
    case = filled(3, novelty=1.5)
    assert {cell.suggestion.status for cell in cells_of(store, case)} == {Status.UNFAMILIAR}
    decide(store, case.id, [Change(1, 0, "blast")], "ann")
    changes = [Change(1, 1, "neutrophil"), Change(2, 0, "neutrophil"), Change(3, 0, "neutrophil")]
    done = decide(store, case.id, changes, "ann", opened=[])
    assert done.doubtful == (2, 3)
    assert [cell.decided_type for cell in done.cells] == ["neutrophil", None, None]
    assert decide(store, case.id, changes[1:], "ann").doubtful == ()


def test_a_request_that_comes_again_changes_nothing_again(store: Store, filled: Filled) -> None:
    made = filled(3)
    case = made.id
    first, second, third = [cell.id for cell in cells_of(store, made)]
    changes = [Change(first, 0, "neutrophil"), Change(second, 0, "monocyte")]
    done = decide(store, case, changes, "ann", key="a")
    decide(store, case, [Change(third, 0, "blast")], "ann", key="b")
    length = len(list_entries(store, case, Page())[0])
    again = decide(store, case, changes, "ann", key="a")
    assert (again.batch, again.cells) == (done.batch, done.cells)
    undone = undo(store, case, done.batch, "ann", key="c")
    back = undo(store, case, done.batch, "ann", key="c")
    assert (back.batch, back.cells) == (undone.batch, undone.cells)
    entered = enter(store, case, Entries(comment="Once."), "ann", key="d")
    assert enter(store, case, Entries(comment="Once."), "ann", key="d") == entered
    assert len(list_entries(store, case, Page())[0]) == length + 3
    with pytest.raises(ConflictError):
        decide(store, case, changes, "bob", key="a")  # another reader's request is another one


def test_what_is_made_or_signed_is_so_once(store: Store) -> None:
    made, again = (create_case(store, "One", "S-1", "ann", key="a") for _ in range(2))
    assert again == made
    assert create_case(store, "One", "S-1", "ann", key="b").id == made.id + 1
    case, image = a_field(store, Box(0, 0, 20, 20))
    new = a_cell(Box(40, 40, 60, 60))
    added, known = (add_cell(store, image, new, "ann", key="c") for _ in range(2))
    assert known == added
    with pytest.raises(RefusedError, match="at this place already"):
        add_cell(store, image, new, "ann", key="d")
    with pytest.raises(RefusedError, match="The key a was another request's"):
        add_cell(store, image, new, "ann", key="a")
    with pytest.raises(RefusedError, match="give each a key of its own"):
        create_case(store, "One", "S-1", "ann", key="c")
    decide_all(store, case)
    seen = find_case(store, case.id).revision
    signed, same = (sign_case(store, case.id, seen, "ann", key="e") for _ in range(2))
    assert same == signed
    with pytest.raises(RefusedError, match="signed and read-only"):
        sign_case(store, case.id, seen, "ann", key="f")
    done = [entry.action for entry in list_entries(store, case.id, Page())[0]]
    assert [done.count(action) for action in ("add", "sign")] == [1, 1]
    assert verify(store).sound
