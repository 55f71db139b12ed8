"""A real server among slow clients, clients that go, and another server on the same file."""

from __future__ import annotations

import json
import socket
import threading
import time
import urllib.error
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psutil
import pytest
from fixtures_cases import cells_of, new_image
from fixtures_images import cell_png
from servers import Served, free_port

from hemavision.store import open_store
from hemavision.store.cases import create_case
from hemavision.store.images import add_image, list_images
from hemavision.store.records import Case, Cell
from hemavision.store.verification import verify

#: Requests that are answered at once, by default.
THREADS = 4
#: A body that waitress keeps in a file.
LARGE = 2**21


def ask(address: str, path: str, body: dict[str, Any] | None = None, method: str = "GET") -> Any:
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{address}{path}", data, headers, method=method)
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.load(response)


def begun(port: int, path: str, sent: bytes) -> socket.socket:
    """Send the head of a request and a part of its body."""
    client = socket.create_connection(("127.0.0.1", port), timeout=60)
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {LARGE}\r\n"
    kind = "Content-Type: multipart/form-data; boundary=b\r\n\r\n"
    client.sendall(f"{head}{kind}".encode() + sent)
    return client


@pytest.mark.parametrize(
    ("clients", "each"), [(3 * THREADS, 3), pytest.param(100, 100, marks=pytest.mark.long)]
)
def test_two_servers_on_one_file_among_clients_that_never_end(
    forked: Served, tmp_path: Path, clients: int, each: int
) -> None:
    """Slow ones hold nobody up, those that go leave nothing, and two servers lose nothing."""
    path, port = tmp_path / "store.sqlite", free_port()
    store = open_store(path)
    case = create_case(store, "One", "", "ann")
    for number in range(2):
        add_image(store, case.id, new_image(number), "ann")
    upload = f"/api/v1/cases/{case.id}/images"
    part = b'--b\r\nContent-Disposition: form-data; name="images"; filename="a.png"\r\n\r\n'
    part += cell_png(9) + bytes(LARGE // 2)
    with ExitStack() as running, ExitStack() as open_:
        started = [
            running.enter_context(forked("--port", str(p), HEMAVISION_STORE=str(path)))
            for p in (port, free_port())
        ]
        addresses = [line.split()[-1] for _, line in started]
        for address in addresses:
            ask(address, "/health/live")
        server = psutil.Process(started[0][0].pid)
        files = len(server.open_files())
        slow = [open_.enter_context(begun(port, upload, part)) for _ in range(clients)]
        begin = time.monotonic()
        decide_on_both(addresses, case, cells_of(store, case), each)
        for client in slow:
            client.sendall(b"\0")  # a byte now and then
        assert ask(addresses[0], "/health/live")["status"] == "live"
        assert time.monotonic() - begin < 60
        open_.close()
        while len(server.open_files()) > files + 3:  # the store's own: file, log and its index
            assert time.monotonic() - begin < 60
            time.sleep(0.05)
        for address in addresses:  # each sees what the other one did
            seen = ask(address, f"/api/v1/cases/{case.id}/cells")["cells"]
            assert {cell["revision"] for cell in seen} == {each}
        for process, _ in started:
            process.kill()
            assert "Traceback" not in process.communicate(timeout=60)[1]
    assert len(list_images(store, case.id)) == 2
    assert verify(store).sound
    store.close()


def decide_on_both(addresses: list[str], case: Case, cells: list[Cell], each: int) -> None:
    """Decide a cell so many times at each server, at the same time."""
    refused: list[object] = []

    def work(address: str, mine: Cell) -> None:
        try:
            for revision in range(each):
                kind = ("monocyte", "blast")[revision % 2]
                change = {"id": mine.id, "revision": revision, "cell_type": kind}
                body = {"changes": [change], "seen": [mine.id]}
                ask(address, f"/api/v1/cases/{case.id}/cells", body, "PATCH")
        except urllib.error.HTTPError as error:
            refused.append((address, error.code, error.read()))

    threads = [
        threading.Thread(target=work, args=pair) for pair in zip(addresses, cells, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused == []
