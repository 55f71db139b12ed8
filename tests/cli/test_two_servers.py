"""Two real servers on one database and one home of image files, behind a real nginx.

Three readers, each logged in once, work through cases of their own over nginx, which is set up as
``deploy/nginx.conf`` says: they bring images in, add the cell that was missed, decide each cell
twice and sign. Meanwhile one server is killed, started again, then the other one: in some rounds
while it holds what was sent to it and has answered nothing, else at a random moment.
"""

from __future__ import annotations

import base64
import http.client
import json
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from fixtures_cases import a_field, cells_of
from fixtures_images import cell_png
from servers import Process, Served, anybody, certificate, free_port, proxied

from hemavision.records.results import Box
from hemavision.store import Store, open_store
from hemavision.store.cases import find_case, find_version
from hemavision.store.journal import list_entries
from hemavision.store.readers import Role, add_reader
from hemavision.store.records import Page, State
from hemavision.store.verification import verify

CONFIGURATION = Path(__file__).parents[2] / "deploy" / "nginx.conf"
READERS, PASSWORD = ("ann", "bob", "sue"), "correct horse battery"
KINDS = ("neutrophil", "monocyte")
IMAGES = 1
#: In the drawn field; it has one, the readers add another one, and each image brings one.
CELL = Box(0, 0, 20, 20)
#: To the decisions and the signature of a case.
ANSWERS = (2 + IMAGES) * len(KINDS) + 1
#: Nobody gets an answer any more: none came for so long.
STILL_S = 0.2
#: What nginx or the system answers in the place of a server that is gone.
AWAY = (502, 503, 504)
_NUMBERS = count(1)


class Refused(Exception):
    """The server answered, and did not do it."""


class Client:
    """A browser or a program: sends again, once and under the same key, what had no answer."""

    def __init__(self, port: int) -> None:
        self.port, self._tls = port, anybody()
        self.headers: dict[str, str] = {"Host": "smears.example"}
        self.again = 0

    def ask(self, method: str, path: str, body: Any = None, key: str | None = None) -> Any:
        try:
            return self._ask(method, path, body, key)
        except (OSError, http.client.HTTPException):
            self.again += 1
        return self._ask(method, path, body, key)

    def log_in(self, name: str) -> None:
        session = self.ask("POST", "/session", {"name": name, "password": PASSWORD})
        self.headers["X-CSRF-Token"] = session["csrf"]

    def _ask(self, method: str, path: str, body: Any, key: str | None) -> Any:
        headers = {"Content-Type": "application/json", **self.headers}
        if key:
            headers["Idempotency-Key"] = key
        connection = self._connection()
        connection.request(method, f"/api/v1{path}", json.dumps(body) if body else None, headers)
        response = connection.getresponse()
        content = response.read()
        connection.close()
        if response.status in AWAY:
            raise ConnectionError(f"{method} {path}: {response.status}")
        if response.status >= 400:
            raise Refused(f"{method} {path}: {response.status} {content.decode()}")
        cookie = response.headers["Set-Cookie"]
        if cookie:
            self.headers["Cookie"] = cookie.split(";")[0]
        return json.loads(content) if content else None

    def _connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=60, context=self._tls)


class Straight(Client):
    """A reader's browser past nginx, at one server, which takes it for what came through nginx."""

    def __init__(self, port: int, browser: Client) -> None:
        super().__init__(port)
        self.headers = browser.headers | {"X-Forwarded-Proto": "https"}

    def _connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)


@dataclass
class Reader:
    """Works through cases of their own, and remembers what was answered."""

    client: Client
    name: str
    cases: list[int]
    decided: list[tuple[int, int, str]] = field(default_factory=list)
    signed: list[int] = field(default_factory=list)

    @property
    def answers(self) -> int:
        return len(self.decided) + len(self.signed)

    def work(self) -> None:
        self.client.log_in(self.name)
        for case in self.cases:
            self._bring_in(case)
            for kind in KINDS:
                self._decide(case, kind)
            root = f"/cases/{case}"
            revision = self.client.ask("GET", root)["case"]["revision"]
            signed = self.client.ask("POST", f"{root}/sign", {"revision": revision}, key())
            assert signed["case"]["state"] == State.SIGNED
            self.signed.append(case)

    def _bring_in(self, case: int) -> None:
        """An image, which has no key but its content, and a cell that was missed."""
        ask, root = self.client.ask, f"/cases/{case}"
        for _ in range(IMAGES):
            picture = base64.b64encode(cell_png(next(_NUMBERS), 96, 72)).decode()
            found = ask("POST", f"{root}/images", {"images": [picture], "kind": "cell"})
            assert found["results"][0]["result"] in ("added", "duplicate")
        box = {"left": 40, "top": 40, "right": 60, "bottom": 60}
        first = ask("GET", f"{root}/images")["images"][0]["id"]
        ask("POST", f"{root}/images/{first}/cells", {"box": box}, key())

    def _decide(self, case: int, kind: str) -> None:
        ask, path = self.client.ask, f"/cases/{case}/cells"
        for cell in ask("GET", path)["cells"]:
            change = {"id": cell["id"], "revision": cell["revision"], "cell_type": kind}
            ask("PATCH", path, {"changes": [change]}, key())
            self.decided.append((case, cell["id"], kind))


def key() -> str:
    return f"request-{next(_NUMBERS)}"


@dataclass
class Place:
    """Two servers' ports, nginx's, and how to start a server."""

    serve: Served
    settings: dict[str, str]
    ports: list[int] = field(default_factory=lambda: [free_port(), free_port()])
    front: int = field(default_factory=free_port)

    @contextmanager
    def server(self, which: int) -> Iterator[Process]:
        with self.serve("--port", str(self.ports[which]), **self.settings) as (process, line):
            assert line.endswith(f":{self.ports[which]}"), line
            yield process


@pytest.fixture
def place(
    request: pytest.FixtureRequest, forked: Served, postgresql: str, database: str, tmp_path: Path
) -> Iterator[Place]:
    """Where both servers find everything: a PostgreSQL database, and a folder or a bucket."""
    home = f"file://{tmp_path}/images"
    if request.node.callspec.params["home"] == "s3":
        s3: Any = request.getfixturevalue("s3")
        home = f"s3://shared-{next(_NUMBERS)}/images"
        s3.mkdir(home.removesuffix("/images"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HEMAVISION_IMAGES", home)
        patch.setenv("HEMAVISION_STORE", postgresql.format(database))
        yield Place(forked, {"HEMAVISION_PROXIES": "1"})


@pytest.mark.parametrize(
    ("home", "kills", "cases"),
    [("file", 1, 1), pytest.param("s3", 8, 40, marks=pytest.mark.long)],
)
def test_one_of_two_is_killed_and_nothing_is_lost(
    place: Place, tmp_path: Path, home: str, kills: int, cases: int
) -> None:
    store, passed = open_store(), tmp_path / "passed"
    for name in READERS:
        add_reader(store, name, Role.ADMIN if name == "ann" else Role.READER, PASSWORD, "local")
    readers = [
        Reader(Client(place.front), name, [a_field(store, CELL)[0].id for _ in range(cases)])
        for name in READERS
    ]
    certificate(tmp_path)
    with ExitStack() as stack:
        servers = [stack.enter_context(place.server(which)) for which in (0, 1)]
        stack.enter_context(proxied(tmp_path, in_front(passed, place), place.front))
        check_that_a_login_is_everywhere(place)
        with ThreadPoolExecutor(len(readers)) as pool:
            working = [pool.submit(reader.work) for reader in readers]
            for number in range(kills):
                goal = (number + 1) * cases * len(READERS) * ANSWERS // (kills + 1)
                wait_until(lambda goal=goal: answers(readers) >= goal, working)
                kill(servers[number % 2], readers, holding=number % 2 == 0)
                signed = sum(len(reader.signed) for reader in readers)
                if number < kills - 1:  # one of two: the other one has its turn when this is back
                    servers[number % 2] = stack.enter_context(place.server(number % 2))
                    seen, back = len(passed.read_text()), f" 127.0.0.1:{place.ports[number % 2]}\n"
                    wait_until(lambda s=seen, b=back: b in passed.read_text()[s:], working)
            for work in working:
                work.result(timeout=300)
    assert signed < cases * len(READERS)  # by the last kill; signing works after it
    assert max(reader.client.again for reader in readers) <= kills
    # A request went to the other one, before or after its server's death, and no reader saw it.
    assert passed.read_text().count(",") >= kills
    check_what_is_kept(store, readers)
    store.close()


def in_front(passed: Path, place: Place) -> str:
    """Return the shipped blocks, with our ports and files; where a request went is written down."""
    blocks = CONFIGURATION.read_text(encoding="utf-8")
    for old, new in (
        ("web-1:5000", f"127.0.0.1:{place.ports[0]}"),
        ("web-2:5000", f"127.0.0.1:{place.ports[1]}"),
        ("fail_timeout=5s", "fail_timeout=1s"),
        ("listen 443", f"listen 127.0.0.1:{place.front}"),
        ("/etc/nginx/tls/smears.", f"{passed.parent}/"),
        ("    client_max", f"    access_log {passed} passed;\n    client_max"),
    ):
        assert old in blocks
        blocks = blocks.replace(old, new)
    return f"log_format passed '$request_method $status $upstream_addr';\n{blocks}"


def kill(victim: Process, readers: Sequence[Reader], *, holding: bool) -> None:
    """Kill a server: while it holds what was sent to it and answers nothing, or at any moment."""
    if holding:
        victim.send_signal(signal.SIGSTOP)
        before = -1
        while before < (before := answers(readers)):
            time.sleep(STILL_S)
    else:
        time.sleep(random.uniform(0, STILL_S))
    victim.kill()
    victim.communicate(timeout=60)


def answers(readers: Sequence[Reader]) -> int:
    return sum(reader.answers for reader in readers)


def wait_until(there: Callable[[], bool], working: Sequence[Future[None]]) -> None:
    until = time.monotonic() + 300
    while not there() and not any(work.done() for work in working) and time.monotonic() < until:
        time.sleep(0.002)
    assert there()


def check_that_a_login_is_everywhere(place: Place) -> None:
    """Who logs in over nginx is known to both servers; who logs out, or is shut out, to neither."""
    browsers = {name: Client(place.front) for name in READERS}
    for name, browser in browsers.items():
        browser.log_in(name)
    one, other = (
        {name: Straight(port, browser) for name, browser in browsers.items()}
        for port in place.ports
    )
    for name in READERS:
        assert {at[name].ask("GET", "/session")["reader"]["name"] for at in (one, other)} == {name}
    one["bob"].ask("DELETE", "/session")
    one["ann"].ask("PATCH", "/readers/sue", {"disabled": True})
    for name in ("bob", "sue"):
        with pytest.raises(Refused, match="401"):
            other[name].ask("GET", "/cases")
    other["ann"].ask("PATCH", "/readers/sue", {"disabled": False})


def check_what_is_kept(store: Store, readers: Sequence[Reader]) -> None:
    """Whatever was answered is there, and nothing twice; the log and all files are sound."""
    for reader in readers:
        answered = Counter((case, cell) for case, cell, _ in reader.decided)
        kept: Counter[tuple[int, int]] = Counter()
        for case in reader.cases:
            entries, _ = list_entries(store, case, Page(1000))
            done = Counter(entry.action for entry in entries)
            assert (done["import"], done["add"], done["sign"]) == (1 + IMAGES, 1, 1)
            kept.update((case, e.cell_id) for e in entries if e.action == "decide" and e.cell_id)
            assert {cell.decided_type for cell in cells_of(store, find_case(store, case))} == {
                KINDS[-1]
            }
            assert find_version(store, case, 1).signed_by == reader.name
        assert kept == answered
        assert set(kept.values()) == {len(KINDS)}
        assert reader.signed == reader.cases
    assert verify(store).sound
