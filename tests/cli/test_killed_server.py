"""The real ``hemavision serve``, killed in the middle of three people's changes.

Each round starts the server, with waitress and the shipped model, on the same store file. One
person imports, one reclassifies many cells and one signs, all at once, each sending one change
after the other and nothing else; at a random moment the process gets SIGKILL, and the one that is
started next shows over the API what is there. It goes on until each of the three has been cut off
fifty times with a change on its way. tests/store/test_kills.py kills between any two statements
of a transaction, in both databases; here it is the process that people run.
"""

from __future__ import annotations

import base64
import http.client
import io
import json
import random
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from itertools import chain, count
from pathlib import Path
from typing import Any, Protocol

from fixtures_cases import decide_all, new_image
from PIL import Image

from hemavision.samples import SAMPLE_NAMES, sample_png
from hemavision.store import Store, open_store
from hemavision.store.cases import create_case
from hemavision.store.images import add_image

from .test_serve import free_port, served

KILLS = 50
#: Servers side by side, each on a store of its own.
LANES = 2
IMAGES, CELLS, TO_SIGN = 4, 24, 12
LONGEST_S = 0.2
TYPES = ("neutrophil", "monocyte", "blast")
#: How a request ends whose server is gone.
CUT_OFF = (OSError, http.client.HTTPException)
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
            images = [picture(next(self.numbers)) for _ in range(IMAGES)]
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
            change = {"revision": revision, "cell_type": kind}
            yield "PATCH", self.path, {"changes": [change | {"id": c["id"]} for c in self.cells]}

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


def test_a_killed_server_leaves_nothing_half_done(tmp_path: Path) -> None:
    stores = [str(tmp_path / f"{lane}.sqlite") for lane in range(LANES)]
    works = [work_in(store) for store in stores]
    with ThreadPoolExecutor(LANES) as pool:
        lanes = list(pool.map(kill_over_and_over, stores, works, range(LANES)))
    imported, reclassified, signed = (list(chain(*ends)) for ends in zip(*lanes, strict=True))
    assert min(len(ends) for ends in (imported, reclassified, signed)) >= KILLS
    # Kills came before a change was kept and after it; of an import, between its images too.
    assert set(reclassified) == set(signed) == {0, 1}
    assert 0 in imported
    assert any(0 < kept < 1 for kept in imported)
    for store in stores:
        command = [sys.executable, "-m", "hemavision", "cases", "--store", store, "verify"]
        subprocess.run(command, check=True, timeout=60, capture_output=True)


def work_in(location: str) -> Tasks:
    """Make a store with cases to work on."""
    store = open_store(location)
    many, *few = [filled(store, cells) for cells in (CELLS, *[2] * TO_SIGN)]
    store.close()
    return Importing(), Reclassifying(many), Signing(few)


def kill_over_and_over(store: str, tasks: Tasks, seed: int) -> tuple[list[float], ...]:
    """Return, for each of the tasks, how much was kept of each change that was cut off."""
    chance = random.Random(seed)
    ends: tuple[list[float], ...] = tuple([] for _ in tasks)
    people: list[Person] = []
    for _ in range(KILLS):
        with served("--port", str(free_port()), HEMAVISION_STORE=store) as (process, line):
            ask: Ask = partial(asked, f"{line.split()[-1]}/api/v1")
            verdict = ask("GET", "/verify")
            assert verdict["sound"], verdict["problem"]
            for task, person, found in zip(tasks, people, ends, strict=bool(people)):
                found.extend(end(task.made(ask), person))
            if min(map(len, ends)) >= KILLS / LANES:
                return ends
            people = begin(ask, tasks)
            time.sleep(chance.uniform(0, LONGEST_S))
            wait_for(chance.choice((None, None, "decide", "sign")), store)
            process.kill()
            for person in people:
                person.join(timeout=60)
    raise AssertionError(f"too few of {KILLS} kills hit a change: {ends}")


def wait_for(action: str | None, store: str) -> None:
    """Return as soon as such an action is kept, mostly before the server has said so."""
    with closing(sqlite3.connect(store)) as watching:
        last = partial(watching.execute, "SELECT id, action FROM log ORDER BY id DESC LIMIT 1")
        seen, deadline = last().fetchone(), time.monotonic() + 1
        while action is not None and time.monotonic() < deadline:
            now = last().fetchone()
            if now != seen and now[1] == action:
                return


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


def picture(number: int) -> str:
    """Return a small drawn cell in base64, each number's with a digest of its own."""
    buffer = io.BytesIO()
    with Image.open(io.BytesIO(sample_png(SAMPLE_NAMES[number % len(SAMPLE_NAMES)]))) as image:
        image.resize((96, 72)).save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue() + str(number).encode()).decode()
