"""Behind a real nginx, set up as docs/proxy.md says: who asks, over what, and under which name."""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from email.message import Message
from pathlib import Path

import pytest
from fixtures_cases import make_model
from servers import Served, anybody, certificate, free_port, proxied

from hemavision.errors import LoginError, SettingsError
from hemavision.store import open_store
from hemavision.store.logins import log_in
from hemavision.store.readers import Role, add_reader
from hemavision.web import create_app

DOCUMENT = Path(__file__).parents[2] / "docs" / "proxy.md"
NAME, PASSWORD = "ann", "correct horse battery"
#: Of one address; then it has to wait.
FAILURES = 30


@dataclass(frozen=True)
class Answer:
    """What came back: the status, the headers by name, and the body."""

    status: int
    headers: Message
    body: bytes


Ask = Callable[..., Answer]


def as_documented(folder: Path, port: int, upstream: int) -> str:
    """Return the document's own block, on other ports and with other files."""
    (block,) = re.findall(r"```nginx\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    for old, new in (
        ("443", str(port)),
        ("127.0.0.1:5000", f"127.0.0.1:{upstream}"),
        ("/etc/ssl/smears.example.", f"{folder}/"),
    ):
        assert old in block
        block = block.replace(old, new)
    return block


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "store.sqlite"
    opened = open_store(path)
    add_reader(opened, NAME, Role.ADMIN, PASSWORD, "local")
    opened.close()
    return path


@pytest.fixture
def ask(forked: Served, store: Path, tmp_path: Path) -> Iterator[Ask]:
    """Ask the server through nginx, over TLS: ``ask(method, path, body, address=...)``."""
    port, upstream = free_port(), free_port()
    certificate(tmp_path)
    settings = {"HEMAVISION_PROXIES": "1", "HEMAVISION_STORE": str(store)}
    with forked("--port", str(upstream), **settings) as (_, line):
        assert line.endswith(f":{upstream}")
        with proxied(tmp_path, as_documented(tmp_path, port, upstream), port):
            trusting = anybody()

            def asked(
                method: str, path: str, body: object = None, *, address: str = "127.0.0.1",
                **headers: str,
            ) -> Answer:  # fmt: skip
                connection = http.client.HTTPSConnection(
                    "127.0.0.1", port, timeout=120, context=trusting, source_address=(address, 0)
                )
                host = f"smears.example:{port}"
                sent = {"Host": host, "Origin": f"https://{host}"} | {
                    name.replace("_", "-"): value for name, value in headers.items()
                }
                if body is not None:
                    sent["Content-Type"] = "application/json"
                with closing(connection):
                    connection.request(method, path, body and json.dumps(body), sent)
                    response = connection.getresponse()
                    return Answer(response.status, response.headers, response.read())

            yield asked


def test_a_login_over_tls_has_a_cookie_for_tls_alone(ask: Ask) -> None:
    answer = ask("POST", "/api/v1/session", {"name": NAME, "password": PASSWORD})
    assert answer.status == 200, answer.body
    cookie = answer.headers["Set-Cookie"]
    assert {"Secure", "HttpOnly", "SameSite=Strict"} <= set(cookie.split("; "))
    page = ask("GET", "/cases", Cookie=cookie.split(";")[0])
    assert page.status == 200
    assert b"For research use only" in page.body
    elsewhere = ask("POST", "/api/v1/session", {}, Origin="https://evil.example")
    assert elsewhere.status == 403
    # Where the login sends a visitor, it is still on the proxy's side.
    sent = ask("GET", "/cases")
    assert (sent.status, sent.headers["Location"]) == (302, "/login?next=/cases")


def test_failures_shut_out_one_address_and_nobody_else(ask: Ask, store: Path) -> None:
    opened = open_store(store)
    for number in range(FAILURES):
        with pytest.raises(LoginError):
            log_in(opened, f"nobody-{number}", "wrong", "127.0.0.2")
    opened.close()
    login = {"name": NAME, "password": PASSWORD}
    assert ask("POST", "/api/v1/session", login, address="127.0.0.2").status == 429
    # What a visitor says of itself changes nothing.
    claimed = {"X_Forwarded_For": "127.0.0.9"}
    assert ask("POST", "/api/v1/session", login, address="127.0.0.2", **claimed).status == 429
    assert ask("POST", "/api/v1/session", login, address="127.0.0.3").status == 200


@pytest.mark.parametrize(("proxies", "secure"), [("0", False), ("1", True)])
def test_nobody_is_believed_unless_that_is_set(
    proxies: str, secure: bool, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEMAVISION_PROXIES", proxies)
    opened = open_store(store)
    client = create_app(make_model(), store=opened).test_client()
    answer = client.post(
        "/api/v1/session",
        json={"name": NAME, "password": PASSWORD},
        headers={"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.7"},
    )
    opened.close()
    assert answer.status_code == 200
    assert ("Secure" in answer.headers["Set-Cookie"]) is secure


def test_behind_a_proxy_there_must_be_accounts(forked: Served, tmp_path: Path) -> None:
    settings = {"HEMAVISION_PROXIES": "1", "HEMAVISION_STORE": str(tmp_path / "none.sqlite")}
    with forked("--port", str(free_port()), **settings) as (process, line):
        assert line == ""
        assert "HEMAVISION_PROXIES" in process.communicate(timeout=60)[1]
        assert process.returncode == 2


@pytest.mark.parametrize("proxies", ["-1", "one", "1.5", ""])
def test_another_number_of_proxies_is_refused(
    proxies: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEMAVISION_PROXIES", proxies)
    with pytest.raises(SettingsError, match=r"HEMAVISION_PROXIES is .* from 0 on"):
        create_app(make_model())
