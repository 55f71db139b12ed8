"""The real ``hemavision serve``, killed in the middle of what three people ask of it.

Each round starts the server on the same store. One person imports, one reclassifies and one signs
and amends, all at once and without a pause; then the server gets SIGKILL at a random moment, so
that each of the three is cut off fifty times. tests/store/test_kills.py kills between any two
statements of a transaction, in both databases; here it is the process that people run.
"""

from __future__ import annotations

import base64
import http.client
import json
import random
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fixtures_cases import cells_of, decide_all, new_image

from hemavision.samples import SAMPLE_NAMES, sample_png
from hemavision.store import Store, open_store
from hemavision.store.cases import Search, create_case, find_case, list_cases, list_versions
from hemavision.store.images import add_image, list_images
from hemavision.store.records import Case, Page, State
from hemavision.store.verification import verify

from .test_serve import free_port, served

KILLS = 50
IMAGES, CELLS = 4, 12
LONGEST_S = 0.35
TYPES = ("neutrophil", "monocyte", "blast")
#: How a request ends whose server is gone.
CUT_OFF = (OSError, http.client.HTTPException)
Ask = Callable[..., Any]


class Person(threading.Thread):
    """Asks the server for one kind of thing over and over, until it is gone."""

    def __init__(self, address: str, act: Callable[[Ask], None]) -> None:
        super().__init__(daemon=True)
        self.address, self.act = address, act
        self.begun, self.cut_off = threading.Event(), False

    def run(self) -> None:
        try:
            while True:
                self.act(self.ask)
        except CUT_OFF:
            self.cut_off = True

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        content = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"{self.address}/api/v1{path}",
            content,
            {"Content-Type": "application/json"},
            method=method,
        )
        self.begun.set()
        with urllib.request.urlopen(request, timeout=30) as response:
            return json.load(response)


def bring(ask: Ask) -> None:
    case = ask("POST", "/cases", {"name": "Import"})["case"]["id"]
    images = [base64.b64encode(sample_png(name)).decode() for name in SAMPLE_NAMES[:IMAGES]]
    ask("POST", f"/cases/{case}/images", {"images": images, "kind": "cell"})


def reclassify(ask: Ask, case: int) -> None:
    cells = ask("GET", f"/cases/{case}/cells?limit=1000")["cells"]
    kind = TYPES[cells[0]["revision"] % len(TYPES)]
    changes = [{"id": c["id"], "revision": c["revision"], "cell_type": kind} for c in cells]
    ask("PATCH", f"/cases/{case}/cells", {"changes": changes})


def sign_or_amend(ask: Ask, case: int) -> None:
    now = ask("GET", f"/cases/{case}")["case"]
    if now["state"] == "signed":
        ask("POST", f"/cases/{case}/amend", {"reason": "again"})
    else:
        ask("POST", f"/cases/{case}/sign", {"revision": now["revision"]})


def filled(store: Store, name: str) -> Case:
    case = create_case(store, name, "", "ann")
    for index in range(CELLS):
        add_image(store, case.id, new_image(index), "ann")
    decide_all(store, case)
    return case


def test_a_killed_server_leaves_nothing_half_done(tmp_path: Path) -> None:
    chance, store = random.Random(4), open_store(tmp_path / "store.sqlite")
    decided, signed = filled(store, "Reclassified"), filled(store, "Signed")
    acts: tuple[Callable[[Ask], None], ...] = (
        bring,
        lambda ask: reclassify(ask, decided.id),
        lambda ask: sign_or_amend(ask, signed.id),
    )
    cut = [0, 0, 0]
    for _ in range(KILLS):
        people = killed(str(tmp_path / "store.sqlite"), acts, chance)
        cut = [count + person.cut_off for count, person in zip(cut, people, strict=True)]
        check_imports(store)
        cells = cells_of(store, decided)
        assert len({(cell.decided_type, cell.revision) for cell in cells}) == 1
        check_signature(store, signed)
        found = verify(store, deep=False)
        assert found.sound, found.problem
    assert cut == [KILLS] * len(acts)
    # The kills came early and late: work was done, and some of it was lost on the way.
    assert cells[0].revision > 10
    assert find_case(store, signed.id).version > 5
    images = [case.images for case in list_cases(store, Search("Import"), Page(10_000))[0]]
    assert 0 < sum(images) < IMAGES * len(images)
    assert verify(store).sound
    store.close()


def killed(
    store: str, acts: tuple[Callable[[Ask], None], ...], chance: random.Random
) -> list[Person]:
    """Serve a store, let people work in it, and kill the server; return the people."""
    with served("--port", str(free_port()), HEMAVISION_STORE=store) as (process, line):
        people = [Person(line.split()[-1], act) for act in acts]
        for person in people:
            person.start()
        for person in people:
            assert person.begun.wait(30)
        time.sleep(chance.uniform(0, LONGEST_S))
        process.kill()
        process.wait(timeout=30)
        for person in people:
            person.join(timeout=60)
    return people


def check_imports(store: Store) -> None:
    """Each image is there whole, with its cell, or not at all."""
    for case in list_cases(store, Search("Import"), Page(10_000))[0]:
        images = list_images(store, case.id)
        assert [image.cells for image in images] == [1] * case.images
        assert case.counts.cells == len(images)


def check_signature(store: Store, case: Case) -> None:
    """A version is signed whole, or open."""
    now, versions = find_case(store, case.id), list_versions(store, case.id)
    assert now.version == len(versions)
    assert all(version.signed_at for version in versions[:-1])
    last = versions[-1]
    for part in (last.signed_at, last.signed_by, last.decisions, last.entries):
        assert (part is not None) == (now.state is State.SIGNED)
