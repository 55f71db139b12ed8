"""The real ``hemavision serve``, killed in the middle of three people's changes.

Each round starts the server, with waitress and the shipped model, on the same store file. One
person imports, one reclassifies many cells and one signs, all at once, each sending one change
after the other and nothing else; at a random moment the process gets SIGKILL, and the one that is
started next shows over the API what is there. It goes on until each of the three has been cut off
so many times with a change on its way. tests/store/test_kills.py kills between any two statements
of a transaction, in both databases; here it is the process that people run.
"""

from __future__ import annotations

import base64
import http.client
import json
import random
import shutil
import sqlite3
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import chain, count
from pathlib import Path
from typing import Any, Protocol

import pytest
from click.testing import CliRunner
from fixtures_cases import decide_all, new_image
from fixtures_images import cell_png
from servers import Served, free_port

from hemavision.cli import main
from hemavision.store import Store, open_store
from hemavision.store.cases import create_case
from hemavision.store.images import add_image

#: So many rounds for each kill that is wanted: not every one finds a change of each person's.
ROUNDS = 8
IMAGES, CELLS, TO_SIGN = 4, 24, 12
LONGEST_S = 0.2
TYPES = ("neutrophil", "monocyte", "blast")
#: How a request ends whose server is gone.
CUT_OFF = (OSError, http.client.HTTPException)
#: What a kill waits for: that such an action is kept, or nothing.
MOMENTS = ("sign", None, "decide", None)
#: When a change may be cut off: before it is kept, while a part of it is, after.
BEFORE, BETWEEN, AFTER = "before", "between", "after"
#: A request: method, path and body.
Change = tuple[str, str, dict[str, Any]]


class Ask(Protocol):
    """Asks the server; gives the answer's JSON."""

    def __call__(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any: ...


class Task(Protocol):
    """One person's work."""

    def begin(self, ask: Ask) -> None:
        """Make ready for a round."""

    def changes(self) -> Iterator[Change]:
        """Give what to ask for, one after the other."""

    def made(self, ask: Ask) -> float:
        """Return how many changes since ``begin`` are there; none may be there by half."""


class Importing:
    """Four images at a time: each is there whole, with its cell, or not at all."""

    def __init__(self) -> None:
        self.numbers = count()

    def begin(self, ask: Ask) -> None:
        self.path = f"/cases/{ask('POST', '/cases', {'name': 'Imported'})['case']['id']}"

    def changes(self) -> Iterator[Change]:
        while True:
            cells = [cell_png(next(self.numbers), 96, 72) for _ in range(IMAGES)]
            images = [base64.b64encode(cell).decode() for cell in cells]
            yield "POST", f"{self.path}/images", {"images": images, "kind": "cell"}

    def made(self, ask: Ask) -> float:
        images = ask("GET", f"{self.path}/images")["images"]
        cells = ask("GET", f"{self.path}/cells?limit=1000")["cells"]
        case = ask("GET", self.path)["case"]
        assert sorted(cell["image_id"] for cell in cells) == [image["id"] for image in images]
        assert [image["cells"] for image in images] == [1] * case["images"]
        assert case["counts"]["cells"] == case["images"]
        return len(images) / IMAGES


class Reclassifying:
    """All cells of a case in one request: they change together."""

    def __init__(self, case: int) -> None:
        self.path = f"/cases/{case}/cells"

    def begin(self, ask: Ask) -> None:
        self.cells = ask("GET", f"{self.path}?limit=1000")["cells"]
        self.revision = self.cells[0]["revision"]

    def changes(self) -> Iterator[Change]:
        for revision in count(self.revision):
            kind = TYPES[revision % len(TYPES)]
            ids = [cell["id"] for cell in self.cells]
            change = {"revision": revision, "cell_type": kind}
            changes = [change | {"id": number} for number in ids]
            yield "PATCH", self.path, {"changes": changes, "seen": ids}

    def made(self, ask: Ask) -> float:
        cells = ask("GET", f"{self.path}?limit=1000")["cells"]
        ((kind, revision),) = {(cell["decided_type"], cell["revision"]) for cell in cells}
        assert kind == TYPES[(revision - 1) % len(TYPES)]
        return float(revision - self.revision)


class Signing:
    """Case after case: each is signed, with its version, or open. Then they are opened again."""

    def __init__(self, cases: Sequence[int]) -> None:
        self.cases = cases

    def begin(self, ask: Ask) -> None:
        self.revisions = [self._opened(ask, number) for number in self.cases]

    def changes(self) -> Iterator[Change]:
        for number, revision in zip(self.cases, self.revisions, strict=True):
            yield "POST", f"/cases/{number}/sign", {"revision": revision}

    def made(self, ask: Ask) -> float:
        found = [ask("GET", f"/cases/{number}") for number in self.cases]
        signed = [shown["case"]["state"] == "signed" for shown in found]
        for shown, so in zip(found, signed, strict=True):
            versions = shown["versions"]
            assert shown["case"]["version"] == len(versions)
            by = [version["signed_by"] is not None for version in versions]
            assert by == [version["signed_at"] is not None for version in versions]
            assert by == [True] * (len(versions) - 1) + [so]
        assert signed == sorted(signed, reverse=True)
        return float(sum(signed))

    @staticmethod
    def _opened(ask: Ask, number: int) -> int:
        case = ask("GET", f"/cases/{number}")["case"]
        if case["state"] == "signed":
            case = ask("POST", f"/cases/{number}/amend", {"reason": "again"})["case"]
        return int(case["revision"])


Tasks = tuple[Task, ...]


class Person(threading.Thread):
    """Asks for one change after the other until the server is gone.

    ``answered`` says how many the server answered, ``cut_off`` whether it went with one on its
    way, ``refusal`` what it answered where it made none.
    """

    def __init__(self, ask: Ask, task: Task) -> None:
        super().__init__(daemon=True)
        self.ask, self.changes = ask, task.changes()
        self.answered, self.cut_off, self.refusal = 0, False, ""
        self.begun = threading.Event()

    def run(self) -> None:
        for change in self.changes:
            self.begun.set()
            try:
                self.ask(*change)
            except urllib.error.HTTPError as error:
                self.refusal = error.read().decode()
                return
            except CUT_OFF as error:
                self.cut_off = not isinstance(
                    getattr(error, "reason", error), ConnectionRefusedError
                )
                return
            self.answered += 1


@pytest.mark.parametrize(
    ("kills", "cuts", "lanes", "seen"),
    [
        pytest.param(4, 2, 1, set(), id="4"),
        # Kills came before a change was kept and after it; of an import, between its images.
        pytest.param(50, 50, 2, {BEFORE, BETWEEN, AFTER}, id="50", marks=pytest.mark.long),
    ],
)
def test_a_killed_server_leaves_nothing_half_done(
    forked: Served,
    work: Path,
    tmp_path: Path,
    kills: int,
    cuts: int,
    lanes: int,
    seen: set[str],
) -> None:
    """Servers side by side, each on a store of its own."""
    stores = [shutil.copy(work, tmp_path / f"{lane}.sqlite") for lane in range(lanes)]
    works = [(Importing(), Reclassifying(1), Signing(range(2, 2 + TO_SIGN))) for _ in stores]
    with ThreadPoolExecutor(lanes) as pool:
        each = [
            Lane(forked, store, seed, kills // lanes, cuts // lanes)
            for seed, store in enumerate(stores)
        ]
        found = list(pool.map(kill_over_and_over, each, works))
    imported, reclassified, signed = (list(chain(*of_one)) for of_one in zip(*found, strict=True))
    assert min(len(kept) for kept in (imported, reclassified, signed)) >= cuts
    assert seen - {AFTER} <= set(map(moment_of, imported))
    for whole in (reclassified, signed):
        assert seen - {BETWEEN} <= set(map(moment_of, whole)) <= {BEFORE, AFTER}
    for store in stores:
        done = CliRunner().invoke(main, ["cases", "--store", str(store), "verify"])
        assert done.exit_code == 0, done.output


def moment_of(kept: float) -> str:
    """When a change was cut off of which so much was kept."""
    return {0: BEFORE, 1: AFTER}.get(kept, BETWEEN)


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with cases to work on: the first of many cells, the others to be signed."""
    path = tmp_path_factory.mktemp("work") / "store.sqlite"
    store = open_store(path)
    numbers = [filled(store, cells) for cells in (CELLS, *[2] * TO_SIGN)]
    assert numbers == [*range(1, 2 + TO_SIGN)]
    store.close()
    return path


@dataclass(frozen=True)
class Lane:
    """Servers, one after the other, on a store.

    So many of them are killed, and more until each person was cut off so many times with a change
    on its way.
    """

    serve: Served
    store: Path
    seed: int
    kills: int
    cuts: int


def kill_over_and_over(lane: Lane, tasks: Tasks) -> tuple[list[float], ...]:
    """Return, for each of the tasks, how much was kept of each change that was cut off."""
    chance = random.Random(lane.seed)
    ends: tuple[list[float], ...] = tuple([] for _ in tasks)
    people: list[Person] = []
    for number in range(ROUNDS * lane.kills):
        port = str(free_port())
        with lane.serve("--port", port, HEMAVISION_STORE=str(lane.store)) as (process, line):
            ask: Ask = partial(asked, f"{line.split()[-1]}/api/v1")
            verdict = ask("GET", "/verify")
            assert verdict["sound"], verdict["problem"]
            for task, person, found in zip(tasks, people, ends, strict=bool(people)):
                found.extend(end(task.made(ask), person))
            if number >= lane.kills and min(map(len, ends)) >= lane.cuts:
                return ends
            people = begin(ask, tasks)
            moment = MOMENTS[number % len(MOMENTS)]
            if moment is None:
                time.sleep(chance.uniform(0, LONGEST_S))
            wait_for(moment, lane.store)
            process.kill()
            for person in people:
                person.join(timeout=60)
    raise AssertionError(f"too few of {lane.kills} kills hit a change: {ends}")


def wait_for(action: str | None, store: Path) -> None:
    """Return as soon as such an action is kept, mostly before the server has said so."""
    with closing(sqlite3.connect(store)) as watching:
        last = partial(watching.execute, "SELECT id, action FROM log ORDER BY id DESC LIMIT 1")
        seen, deadline = last().fetchone(), time.monotonic() + 30
        while action is not None and time.monotonic() < deadline:
            now = last().fetchone()
            if now != seen and now[1] == action:
                return
            time.sleep(0.0005)


def asked(root: str, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    content = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(root + path, content, headers, method=method)
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)


def begin(ask: Ask, tasks: Tasks) -> list[Person]:
    """Let people work; return when each has begun."""
    for task in tasks:
        task.begin(ask)
    people = [Person(ask, task) for task in tasks]
    for person in people:
        person.start()
    for person in people:
        assert person.begun.wait(30)
    return people


def end(made: float, person: Person) -> list[float]:
    """Return how much is there of the change that was on its way; nothing where none was."""
    assert not person.refusal
    left = made - person.answered
    assert 0 <= left <= person.cut_off  # what was answered is there
    return [left] if person.cut_off else []


def filled(store: Store, cells: int) -> int:
    """Make a case whose cells are decided once; return its number."""
    case = create_case(store, "A case", "", "ann")
    for index in range(cells):
        add_image(store, case.id, new_image(index), "ann")
    decide_all(store, case, TYPES[0])
    return case.id
