"""A process that is killed leaves nothing half-done; two at once lose nothing.

Real processes, forked so that a few of each take seconds. Half are killed from outside at a
random moment; half kill themselves right after a random one of the statements that they send, so
that no place in a transaction is left out.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from fixtures_cases import a_cell, a_field, cells_of, decide_all, make_model
from sqlalchemy import event, select
from sqlalchemy.engine import Engine

from hemavision.casework.importing import Import, Source, import_images
from hemavision.casework.recognition import Networks
from hemavision.errors import ConflictError, RefusedError
from hemavision.records.results import Box
from hemavision.store import Store, open_store
from hemavision.store.cases import amend_case, create_case, find_case, list_versions, sign_case
from hemavision.store.cells import decide, find_cell
from hemavision.store.images import add_cell, list_images, read_cutouts
from hemavision.store.records import Case, Change, State
from hemavision.store.schema import log
from hemavision.store.undoing import undo
from hemavision.store.verification import verify

#: How often a process is killed in each test.
KILLS = pytest.mark.parametrize("kills", [4, pytest.param(25, marks=pytest.mark.long)])
IMAGES = 6
FORK = multiprocessing.get_context("fork")
Act = Callable[[Store], None]
Filled = Callable[..., Case]


@pytest.fixture(scope="session")
def contents(data: Path) -> list[bytes]:
    """A few real images."""
    paths = sorted((data / "kaggle_wbc" / "TEST" / "EOSINOPHIL").iterdir())[:IMAGES]
    return [path.read_bytes() for path in paths]


def bring(store: Store, case_id: int, contents: list[bytes], who: str) -> list[str]:
    sources = [Source(f"{i}.jpeg", lambda c=c: c) for i, c in enumerate(contents)]
    into = Import(store, case_id, Networks(make_model()), who)
    return [outcome.result.value for outcome in import_images(into, sources)]


def killed(location: str, act: Act, chance: random.Random) -> None:
    """Let a process do ``act`` over and over until it is killed in the middle of it."""
    reader, writer = FORK.Pipe(duplex=False)
    after = chance.randrange(1, 100) if chance.random() < 0.5 else None
    process = FORK.Process(target=_work, args=(location, act, writer, after), daemon=True)
    process.start()
    writer.close()
    reader.recv()
    if after is None:
        time.sleep(chance.uniform(0, 0.15))
        os.kill(process.pid or 0, signal.SIGKILL)
    process.join(timeout=60)
    assert process.exitcode == -signal.SIGKILL
    reader.close()


def _work(location: str, act: Act, ready: object, after: int | None) -> None:
    store = open_store(location)
    left = iter(range(after, -1, -1)) if after else None

    def count(*arguments: object) -> None:
        if left is not None and next(left) == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "after_cursor_execute", count)
    event.listen(Engine, "commit", count)
    ready.send("ready")  # type: ignore[attr-defined]
    while True:
        act(store)


@KILLS
def test_killed_imports_leave_nothing_half_done(
    location: str, contents: list[bytes], kills: int
) -> None:
    chance, store = random.Random(1), open_store(location)
    for number in range(kills):
        case = create_case(store, f"Case {number}", "", "ann")
        killed(location, lambda s, n=case.id: bring(s, n, contents, "bob"), chance)
        images = list_images(store, case.id)
        assert [image.cells for image in images] == [1] * len(images)
        assert find_case(store, case.id).counts.cells == len(images)
        assert find_case(store, case.id).images == len(images)
        assert len(cells_of(store, case)) == len(images)
        found = verify(store)
        assert found.sound, found.problem
        # The same command again goes on where it stopped.
        rest = ["duplicate"] * len(images) + ["added"] * (IMAGES - len(images))
        assert bring(store, case.id, contents, "bob") == rest
    store.close()


@KILLS
def test_killed_decisions_are_whole_or_not_at_all(
    location: str, filled: Filled, kills: int
) -> None:
    chance, store, case = random.Random(2), open_store(location), filled(5)
    types = ("neutrophil", "monocyte", "blast")

    def act(theirs: Store) -> None:
        decide_all(theirs, case, types[find_case(theirs, case.id).revision % 3], "bob")
        if find_case(theirs, case.id).revision % 5 == 0:
            undo(theirs, case.id, None, "bob")

    for _ in range(kills):
        killed(location, act, chance)
        cells = cells_of(store, case)
        assert len({(cell.decided_type, cell.revision) for cell in cells}) == 1
        found = verify(store)
        assert found.sound, found.problem
    assert cells[0].revision > 1  # something was done, too
    store.close()


@KILLS
def test_killed_additions_are_whole_or_not_at_all(location: str, kills: int) -> None:
    chance, store = random.Random(4), open_store(location)
    case, image = a_field(store)
    places = [Box(60 * n, 0, 60 * n + 50, 50) for n in range(10_000)]

    def act(theirs: Store) -> None:
        add_cell(theirs, image, a_cell(places[len(cells_of(theirs, case))]), "bob")

    for _ in range(kills):
        killed(location, act, chance)
        cells = cells_of(store, case)
        assert [cell.box for cell in cells] == places[: len(cells)]
        assert {cell.added_by for cell in cells} <= {"bob"}
        kept = {} if store.bucket else {c.id: b"PNG" for c in cells}
        assert read_cutouts(store, [c.id for c in cells]) == kept
        assert find_case(store, case.id).revision == 2 + len(cells)
        found = verify(store)
        assert found.sound, found.problem
    assert len(cells) > kills // 5
    store.close()


@KILLS
def test_killed_signatures_are_whole_or_not_at_all(
    location: str, filled: Filled, kills: int
) -> None:
    chance, store, case = random.Random(3), open_store(location), filled(3)
    decide_all(store, case)

    def act(theirs: Store) -> None:
        now = find_case(theirs, case.id)
        if now.state is State.SIGNED:
            amend_case(theirs, case.id, "again", "sue")
        else:
            sign_case(theirs, case.id, now.revision, "bob")

    for _ in range(kills):
        killed(location, act, chance)
        now, versions = find_case(store, case.id), list_versions(store, case.id)
        assert now.version == len(versions)
        assert all(version.signed_at for version in versions[:-1])
        last = versions[-1]
        assert (last.signed_at is not None) == (now.state is State.SIGNED)
        assert (last.decisions is not None) == (now.state is State.SIGNED)
        found = verify(store)
        assert found.sound, found.problem
    assert now.version > kills // 5
    store.close()


def test_two_at_once_lose_no_update(location: str, filled: Filled) -> None:
    store, case, each = open_store(location), filled(2), 25
    names = ("ann", "bob")
    workers = [FORK.Process(target=_insist, args=(location, case, each, who)) for who in names]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=120)
        assert worker.exitcode == 0
    cells = cells_of(store, case)
    assert sum(cell.revision for cell in cells) == len(names) * each
    for cell in cells:
        follow_decisions(store, cell.id, cell.decided_type)
    assert verify(store).sound
    store.close()


def _insist(location: str, case: Case, times: int, who: str) -> None:
    store, chance = open_store(location), random.Random(who)
    done = 0
    while done < times:
        cell = chance.choice(cells_of(store, case))
        others = [t for t in ("blast", "monocyte", "neutrophil") if t != cell.decided_type]
        try:
            change = Change(cell.id, cell.revision, chance.choice(others))
            done += decide(store, case.id, [change], who).batch is not None
        except ConflictError:
            continue
    store.close()


def follow_decisions(store: Store, cell_id: int, shown: str | None) -> None:
    """Each decision began where the one before it ended."""
    with store.reading() as connection:
        mine = (log.c.cell_id == cell_id) & (log.c.action == "decide")
        rows = connection.execute(select(log).where(mine).order_by(log.c.id)).all()
    last = None
    for row in rows:
        assert row.before == last
        last = row.after
    assert last == shown


def test_signing_and_deciding_at_once(location: str, filled: Filled) -> None:
    """Nobody's decision slips into a case that was signed without it."""
    store, case = open_store(location), filled(1)
    decide_all(store, case)
    worker = FORK.Process(target=_decide_until_signed, args=(location, case))
    worker.start()
    while find_case(store, case.id).state is not State.SIGNED:
        try:
            sign_case(store, case.id, find_case(store, case.id).revision, "ann")
        except ConflictError:
            continue
    worker.join(timeout=60)
    assert worker.exitcode == 0
    (version,) = list_versions(store, case.id)
    (cell,) = cells_of(store, case)
    assert version.decisions == {str(cell.id): cell.decided_type}
    assert verify(store).sound
    store.close()


def _decide_until_signed(location: str, case: Case) -> None:
    store = open_store(location)
    (cell,) = cells_of(store, case)
    types = ("blast", "monocyte")
    try:
        while True:
            cell = find_cell(store, case.id, cell.id)
            kind = types[cell.revision % 2]
            decide(store, case.id, [Change(cell.id, cell.revision, kind)], "bob")
    except RefusedError:
        store.close()


def test_many_may_open_a_new_store_at_once(location: str) -> None:
    workers = [FORK.Process(target=_open, args=(location,)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=60)
        assert worker.exitcode == 0


def _open(location: str) -> None:
    store = open_store(location)
    create_case(store, "One", "", "ann")
    store.close()
