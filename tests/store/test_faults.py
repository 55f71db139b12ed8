"""A disk that is full or only reads, a clock that is set back: nothing lost, nothing half done."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from fixtures_cases import cells_of, decide_all, make_model, new_image
from fixtures_images import cell_png
from small_disk import Disk, on_a_small_disk

from hemavision.casework.importing import Import, Source, import_images
from hemavision.casework.recognition import Networks
from hemavision.cli import main
from hemavision.errors import StoreError
from hemavision.store import Store, database, open_store
from hemavision.store.cases import (
    amend_case,
    create_case,
    find_case,
    list_versions,
    sign_case,
)
from hemavision.store.images import add_image, list_images
from hemavision.store.journal import list_entries
from hemavision.store.records import Case, Page
from hemavision.store.verification import verify

Act = Callable[[Store, Case], object]


def bring(store: Store, case: Case) -> None:
    into = Import(store, case.id, Networks(make_model()), "bob")
    content = cell_png(len(list_images(store, case.id)) + 100)
    (outcome,) = import_images(into, [Source("new.png", lambda: content)])
    assert outcome.result == "added"


def sign(store: Store, case: Case) -> None:
    sign_case(store, case.id, find_case(store, case.id).revision, "bob")


#: One after the other: each is what the next one needs.
ACTS: tuple[Act, ...] = (
    bring,
    lambda store, case: decide_all(store, case, "monocyte", "bob"),
    sign,
    lambda store, case: amend_case(store, case.id, "again", "sue"),
)


def failure_of(do: Act, store: Store, case: Case) -> str:
    try:
        do(store, case)
    except StoreError as error:
        return str(error)
    return ""


def snapshot(store: Store, case: Case) -> Any:
    cells = [(c.id, c.decided_type, c.revision) for c in cells_of(store, case)]
    versions = list_versions(store, case.id)
    return find_case(store, case.id), cells, versions, list_images(store, case.id)


@pytest.mark.parametrize("stride", [12, pytest.param(1, marks=pytest.mark.long)])
def test_on_a_full_disk_all_is_kept_or_nothing(
    tmp_path: Path, blank_file: Path, stride: int
) -> None:
    def act(disk: Disk) -> None:
        store = open_store(shutil.copy(blank_file, disk.folder / "store.sqlite"))
        case = create_case(store, "One", "", "ann")
        for number in range(2):
            add_image(store, case.id, new_image(number), "ann")
        for do in ACTS:
            before = snapshot(store, case)
            for failures in count():
                disk.leave(stride * failures)
                said = failure_of(do, store, case)
                disk.make_room()
                if not said:
                    break
                assert "Make room on its disk" in said
                assert snapshot(store, case) == before
                assert verify(store).sound
            assert failures > 0
            assert snapshot(store, case) != before
            assert verify(store).sound
        store.close()

    on_a_small_disk(tmp_path, act)


def test_where_nothing_can_be_written_it_is_said_what_to_do(
    tmp_path: Path, blank_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def act(disk: Disk) -> None:
        path = Path(shutil.copy(blank_file, disk.folder / "store.sqlite"))
        disk.close_to_writers()
        for place in (path, disk.folder / "new" / "store.sqlite"):
            monkeypatch.setenv("HEMAVISION_STORE", str(place))
            done = CliRunner().invoke(main, ["cases", "list"])
            assert done.exit_code == 1
            assert "Read-only file system" in done.output
            assert "HEMAVISION_STORE" in done.output

    on_a_small_disk(tmp_path, act)


def test_a_clock_that_is_set_back_breaks_nothing(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = create_case(store, "One", "", "ann")
    add_image(store, case.id, new_image(), "ann")
    decide_all(store, case, "monocyte")
    monkeypatch.setattr(database, "now", lambda: "2001-01-01T00:00:00.000000+00:00")
    decide_all(store, case, "neutrophil", "bob")
    sign_case(store, case.id, find_case(store, case.id).revision, "bob")
    amend_case(store, case.id, "again", "sue")
    (cell,) = cells_of(store, case)
    assert cell.decided_type == "neutrophil"
    # The log is in the order in which things were done, whatever the clock said.
    entries, _ = list_entries(store, case.id, Page(100))
    done = [entry.action for entry in sorted(entries, key=lambda entry: entry.id)]
    assert done[-4:] == ["decide", "decide", "sign", "amend"]
    assert verify(store).sound
