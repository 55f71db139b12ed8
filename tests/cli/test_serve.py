from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import psutil
import pytest
from fixtures_images import cell_png
from servers import Process, Served, free_port, served

from hemavision.cli.serve import is_free, listen, url
from hemavision.errors import SettingsError
from hemavision.store import open_store
from hemavision.store.readers import Role, add_reader
from hemavision.web.security import is_loopback

RESIDENT_BYTES = 300e6
CLASSIFY = "/api/v1/classify"


def fetch(address: str) -> bytes:
    with urllib.request.urlopen(address, timeout=60) as response:
        return bytes(response.read())


def test_one_line_when_ready_and_small_and_a_quiet_end() -> None:
    """The command as a person starts it; how soon it is ready, benchmarks/serving.py times."""
    with served("--port", str(free_port())) as (process, line):
        ends_quietly(process, line, signal.SIGINT)


def test_a_quiet_end_when_told_to_stop(forked: Served) -> None:
    with forked("--port", str(free_port())) as (process, line):
        ends_quietly(process, line, signal.SIGTERM)


def ends_quietly(process: Process, line: str, ending: signal.Signals) -> None:
    assert re.fullmatch(r"HemaVision is at http://localhost:\d+", line)
    address = line.split()[-1]
    assert b"ready" in fetch(f"{address}/health/ready")
    assert b"For research use only" in fetch(f"{address}/")
    assert psutil.Process(process.pid).memory_info().rss < RESIDENT_BYTES
    process.send_signal(ending)
    out, errors = process.communicate(timeout=60)
    assert (out, errors, process.returncode) == ("", "", 0)


@contextmanager
def gunicorn(port: str, **environment: str) -> Iterator[Process]:
    """The same server as gunicorn runs it."""
    command = [sys.executable, "-m", "gunicorn", "--config", "python:hemavision.web.gunicorn"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=os.environ | environment | {"HEMAVISION_PORT": port},
    ) as process:  # fmt: skip
        while is_free("127.0.0.1", int(port)):
            assert process.poll() is None, process.communicate()[1]
            time.sleep(0.05)
        try:
            yield process
        finally:
            process.kill()


def a_request(images: int) -> tuple[bytes, dict[str, str]]:
    """The body and headers of a request with so many images."""
    head = b'--x\r\nContent-Disposition: form-data; name="images"; filename="a"\r\n\r\n'
    body = b"".join(head + cell_png(n) + b"\r\n" for n in range(images)) + b"--x--\r\n"
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    return body, kind | {"Content-Length": str(len(body))}


@pytest.mark.parametrize("by", ["serve", pytest.param("gunicorn", marks=pytest.mark.long)])
def test_what_was_accepted_is_answered_before_the_end(by: str, forked: Served) -> None:
    """A request at work, one that waits, one that is half sent; and a connection without one."""
    port = str(free_port())
    told = {"HEMAVISION_AT_ONCE": "1", "HEMAVISION_LOG": "json", "HEMAVISION_MODEL": "unseen-cells"}
    with ExitStack() as open_:
        if by == "serve":
            process, _ = open_.enter_context(forked("--port", port, **told))
        else:
            process = open_.enter_context(gunicorn(port, **told))

        def connect() -> http.client.HTTPConnection:
            made = http.client.HTTPConnection("127.0.0.1", int(port), timeout=60)
            return open_.enter_context(closing(made))

        watching = connect()

        def counts(name: str) -> bool:
            watching.request("GET", "/metrics")
            return f"\n{name} 1.0\n" in watching.getresponse().read().decode()

        at_work, waiting, half = connect(), connect(), connect()
        body, headers = a_request(1)
        if by == "serve":  # gunicorn leaves it to a proxy to wait for a whole request
            half.putrequest("POST", CLASSIFY)
            for name, value in headers.items():
                half.putheader(name, value)
            half.endheaders(body[:100])
        for connection, images, count in ((at_work, 16, "working"), (waiting, 1, "waiting")):
            connection.request("POST", CLASSIFY, *a_request(images))
            while not counts(f"hemavision_{count}"):
                time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        asked = [at_work, waiting]
        if by == "serve":
            while not is_free("127.0.0.1", int(port)):
                time.sleep(0.01)
            half.send(body[100:])
            asked.append(half)
        answers = [connection.getresponse() for connection in asked]
        assert {a.status for a in answers} == {200}
        assert [len(json.loads(a.read())["results"]) for a in answers] == [16, 1, 1][: len(asked)]
        out, errors = process.communicate(timeout=60)
        assert process.returncode == 0
    if by == "serve":
        assert {a.headers["Connection"] for a in answers} == {"close"}
        assert out == ""
        last = [json.loads(line) for line in errors.splitlines()][-1]
        assert (last["rule"], last["status"]) == (CLASSIFY, 200)


def test_a_taken_port_gives_the_next_free_one(forked: Served) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with forked(HEMAVISION_PORT=str(port)) as (process, line):
            got = int(line.rsplit(":", 1)[1])
            assert got > port
            assert b"live" in fetch(f"http://localhost:{got}/health/live")
            process.send_signal(signal.SIGINT)
            assert f"Port {port} is taken; using {got}." in process.communicate(timeout=60)[1]


def test_two_servers_at_once(forked: Served) -> None:
    port = str(free_port())
    with forked("--port", port) as (_, first), forked("--port", port) as (_, second):
        assert first != second
        for line in (first, second):
            assert b"live" in fetch(line.split()[-1] + "/health/live")


def test_beyond_loopback_without_accounts_is_refused(forked: Served, tmp_path: Path) -> None:
    beyond = ("--host", "0.0.0.0", "--port", str(free_port()))
    with forked(*beyond, HEMAVISION_STORE=str(tmp_path / "store")) as (process, line):
        assert line == ""
        errors = process.communicate(timeout=60)[1]
        assert "no accounts" in errors
        assert "--without-accounts" in errors
        assert process.returncode == 2


@pytest.mark.parametrize("accounts", [True, False])
def test_beyond_loopback_warns(forked: Served, accounts: bool, tmp_path: Path) -> None:
    beyond = ["--host", "0.0.0.0", "--port", str(free_port())]
    if accounts:
        store = open_store(tmp_path / "store")
        add_reader(store, "ann", Role.ADMIN, "correct horse battery", "local")
        store.close()
    else:
        beyond.append("--without-accounts")
    with forked(*beyond, HEMAVISION_STORE=str(tmp_path / "store")) as (process, line):
        assert line.startswith("HemaVision is at http://localhost:")
        session = json.loads(fetch(line.split()[-1] + "/api/v1/session"))
        assert session["accounts"] is accounts
        assert (session["reader"] is None) is accounts
        process.send_signal(signal.SIGINT)
        errors = process.communicate(timeout=60)[1]
    assert "0.0.0.0 can be reached from other machines" in errors
    assert ("no login" in errors) is not accounts
    assert "encryption" in errors


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--model", "no-such-model"), "No model 'no-such-model'"),
        (("--host", "203.0.113.7"), "Cannot listen on 203.0.113.7"),
        (("--port", "0"), "Invalid value for '--port'"),
    ],
)
def test_wrong_usage_ends_in_words(forked: Served, arguments: tuple[str, ...], words: str) -> None:
    with forked(*arguments) as (process, line):
        assert line == ""
        errors = process.communicate(timeout=60)[1]
        assert words in errors
        assert "Traceback" not in errors
        assert process.returncode == 2


def test_addresses() -> None:
    assert url("127.0.0.1", 5000) == "http://localhost:5000"
    assert url("0.0.0.0", 80) == "http://localhost:80"
    assert url("::1", 80) == "http://[::1]:80"
    assert url("192.0.2.1", 80) == "http://192.0.2.1:80"
    for loopback in ("127.0.0.1", "127.1.2.3", "::1", "localhost"):
        assert is_loopback(loopback)
    for other in ("0.0.0.0", "::", "192.0.2.1", "example.org"):
        assert not is_loopback(other)


def test_all_ports_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hemavision.cli.serve.PORTS_TRIED", 1)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert not is_free("127.0.0.1", port)
        with pytest.raises(SettingsError, match="all taken"):
            listen("127.0.0.1", port)
