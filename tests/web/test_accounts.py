"""Who may do what: logins, tokens, roles, and requests that other sites forge."""

from __future__ import annotations

from typing import Any

import pytest
from fixtures_cases import make_model, new_image
from flask import Flask
from flask.testing import FlaskClient

from hemavision.settings import whole_number
from hemavision.store import Store
from hemavision.store.cases import create_case
from hemavision.store.images import add_image
from hemavision.store.logins import add_token
from hemavision.store.readers import Role, add_reader, change_reader
from hemavision.web import create_app

API = "/api/v1"
PASSWORD = "correct horse battery"
ACCOUNT_FAILURES = whole_number("account_failures")
NAMES = {"ann": Role.ADMIN, "sue": Role.SUPERVISOR, "bob": Role.READER}


@pytest.fixture
def app(store: Store) -> Flask:
    """A server with a reader of each role and a case, once for each database."""
    for name, role in NAMES.items():
        add_reader(store, name, role, PASSWORD, "local")
    case = create_case(store, "Morning", "", "ann")
    add_image(store, case.id, new_image(), "ann")
    return create_app(make_model(), "127.0.0.1", store=store)


def log_in(app: Flask, name: str = "bob") -> tuple[FlaskClient, dict[str, str]]:
    """Return a browser that logged in, and the header that its page sends."""
    client = app.test_client()
    answer = client.post(f"{API}/session", json={"name": name, "password": PASSWORD})
    assert answer.status_code == 200
    return client, {"X-CSRF-Token": answer.json["csrf"]}


def bearer(store: Store, name: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {add_token(store, name, 'test', name)[1]}"}


def test_nobody_sees_anything(app: Flask) -> None:
    client = app.test_client()
    rules = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith(API)]
    guarded = [
        rule
        for rule in rules
        if rule.rule.split("/")[3] in ("cases", "reads", "readers", "tokens", "verify", "agreement")
    ]
    assert len(guarded) > 20
    for rule in guarded:
        address = app.url_map.bind("localhost").build(
            rule.endpoint, {name: "1" if name == "name" else 1 for name in rule.arguments}
        )
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            answer = client.open(address, method=method)
            assert (answer.status_code, address) == (401, address)
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")
            assert answer.json["type"] == "/docs#login-needed"
    session = client.get(f"{API}/session").json
    assert (session["reader"], session["accounts"], session["csrf"]) == (None, True, None)


def test_a_login_sets_a_cookie_that_scripts_and_other_sites_do_not_get(app: Flask) -> None:
    answer = app.test_client().post(
        f"{API}/session", json={"name": "bob", "password": PASSWORD}, base_url="https://localhost"
    )
    cookie = answer.headers["Set-Cookie"]
    assert all(part in cookie for part in ("HttpOnly", "SameSite=Strict", "Secure", "Path=/"))
    assert answer.json["reader"]["name"] == "bob"
    plain = app.test_client().post(f"{API}/session", json={"name": "bob", "password": PASSWORD})
    assert "Secure" not in plain.headers["Set-Cookie"]


def test_over_tls_the_cookie_is_this_host_s_alone_and_goes_at_the_end(app: Flask) -> None:
    client, tls = app.test_client(), {"base_url": "https://localhost"}
    body = {"name": "bob", "password": PASSWORD}
    given = client.post(f"{API}/session", json=body, **tls)
    assert given.headers["Set-Cookie"].startswith("__Host-")
    assert "Domain" not in given.headers["Set-Cookie"]
    assert client.get(f"{API}/session", **tls).json["reader"]["name"] == "bob"
    csrf = {"X-CSRF-Token": given.json["csrf"]}
    ended = client.delete(f"{API}/session", headers=csrf, **tls)
    assert ended.status_code == 204
    assert "__Host-hemavision_session=;" in ended.headers["Set-Cookie"]
    assert client.get(f"{API}/session", **tls).json["reader"] is None


def test_a_session_works_with_its_csrf_token_alone(app: Flask) -> None:
    client, header = log_in(app)
    _, foreign = log_in(app, "ann")
    assert client.get(f"{API}/cases").status_code == 200
    for headers in ({}, foreign, {"X-CSRF-Token": ""}, {"X-CSRF-Token": "ü"}):
        refused = client.post(f"{API}/cases", json={"name": "x"}, headers=headers)
        assert (refused.status_code, refused.json["type"]) == (403, "/docs#cross-site")
    made = client.post(f"{API}/cases", json={"name": "x"}, headers=header)
    assert made.json["case"]["created_by"] == "bob"
    assert client.get(f"{API}/session").json["csrf"] == header["X-CSRF-Token"]
    assert client.delete(f"{API}/session").status_code == 403
    assert client.delete(f"{API}/session", headers=header).status_code == 204
    assert client.get(f"{API}/cases").status_code == 401


FOREIGN_SITES = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://localhost.evil.example"},
    {"Origin": "http://localhost:1"},
    {"Origin": "http://["},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
]


def test_another_site_s_page_changes_nothing(store: Store) -> None:
    client = create_app(make_model(), "127.0.0.1", store=store).test_client()  # no accounts
    for headers in FOREIGN_SITES:
        refused = client.post(f"{API}/cases", json={"name": "x"}, headers=headers)
        assert (refused.status_code, refused.json["type"]) == (403, "/docs#cross-site"), headers
        login = client.post(f"{API}/session", json={"name": "a", "password": "b"}, headers=headers)
        assert login.status_code == 403, headers
    own = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}
    assert client.post(f"{API}/cases", json={"name": "x"}, headers=own).status_code == 201


def test_guessing_is_throttled(app: Flask) -> None:
    client = app.test_client()
    for _ in range(ACCOUNT_FAILURES):
        wrong = client.post(f"{API}/session", json={"name": "bob", "password": "wrong"})
        assert (wrong.status_code, wrong.json["type"]) == (401, "/docs#bad-login")
    braked = client.post(f"{API}/session", json={"name": "bob", "password": PASSWORD})
    assert (braked.status_code, braked.json["type"]) == (429, "/docs#too-many-logins")
    assert int(braked.headers["Retry-After"]) == braked.json["retry_after_s"] > 0


def test_tokens_act_as_their_reader(app: Flask, store: Store) -> None:
    client, headers = app.test_client(), bearer(store, "bob")
    made = client.post(f"{API}/cases", json={"name": "x"}, headers=headers)
    assert made.json["case"]["created_by"] == "bob"
    new = client.post(f"{API}/tokens", json={"label": "import"}, headers=headers).json
    own = {"Authorization": f"Bearer {new['secret']}"}
    assert client.get(f"{API}/session", headers=own).json["reader"]["name"] == "bob"
    listed = client.get(f"{API}/tokens", headers=own).json["tokens"]
    assert {token["reader"] for token in listed} == {"bob"}
    assert "secret" not in listed[0]
    address = f"{API}/tokens/{new['token']['id']}"
    assert client.delete(address, headers=bearer(store, "sue")).status_code == 404
    assert client.delete(address, headers=own).status_code == 204
    assert client.get(f"{API}/cases", headers=own).status_code == 401


def test_a_bad_token_is_refused(app: Flask) -> None:
    for header in ("Bearer", "Bearer x", "Basic Ym9iOng=", "x", "Bearer \xff"):
        answer = app.test_client().get(f"{API}/cases", headers={"Authorization": header})
        assert answer.status_code == 401, header


def test_roles(app: Flask, store: Store) -> None:
    client = app.test_client()
    asked: list[tuple[str, str, Any, Role]] = [
        ("POST", "cases", {"name": "x"}, Role.READER),
        ("POST", "cases/1/undo", {}, Role.READER),
        ("POST", "cases/1/amend", {"reason": "x"}, Role.SUPERVISOR),
        ("GET", "verify", None, Role.SUPERVISOR),
        ("GET", "readers", None, Role.ADMIN),
        ("POST", "readers", {"name": "eve", "role": "admin", "password": PASSWORD}, Role.ADMIN),
        ("PATCH", "readers/bob", {"role": "admin"}, Role.ADMIN),
    ]
    for name in ("bob", "sue", "ann"):
        headers = bearer(store, name)
        for method, address, body, needed in asked:
            kind = {} if body is None else {"json": body}
            answer = client.open(f"{API}/{address}", method=method, headers=headers, **kind)
            allowed = NAMES[name].includes(needed)
            assert (answer.status_code != 403) is allowed, (name, address, answer.data)
            if not allowed:
                assert answer.json["type"] == "/docs#forbidden"


def test_accounts_are_looked_after(app: Flask, store: Store) -> None:
    client, headers = app.test_client(), bearer(store, "ann")

    def change(name: str, **values: object) -> Any:
        return client.patch(f"{API}/readers/{name}", json=values, headers=headers)

    assert change("bob", role="supervisor").json["reader"]["role"] == "supervisor"
    assert change("bob", disabled=True).json["reader"]["disabled"]
    login = {"name": "bob", "password": PASSWORD}
    assert client.post(f"{API}/session", json=login).status_code == 401
    assert not change("bob", disabled=False, password=PASSWORD + "!").json["reader"]["disabled"]
    login["password"] += "!"
    assert client.post(f"{API}/session", json=login).status_code == 200
    assert change("ann", disabled=True).status_code == 409
    assert change("nobody", disabled=True).status_code == 404
    assert change("a%00", disabled=True).status_code == 404
    assert change("bob", password="short", role="admin").status_code == 400
    assert change("ann", password=PASSWORD + "!", disabled=True).status_code == 409
    assert client.post(f"{API}/session", json={"name": "ann", "password": PASSWORD}).json["reader"]
    names = [
        reader["name"] for reader in client.get(f"{API}/readers", headers=headers).json["readers"]
    ]
    assert names == ["ann", "bob", "sue"]


def test_without_accounts_loopback_needs_no_login(store: Store) -> None:
    client = create_app(make_model(), "127.0.0.1", store=store).test_client()
    session = client.get(f"{API}/session").json
    assert (session["reader"]["name"], session["accounts"]) == ("local", False)
    made = client.post(f"{API}/cases", json={"name": "x"}).json["case"]
    assert made["created_by"] == "local"
    first = {"name": "ann", "role": "admin", "password": PASSWORD}
    assert client.post(f"{API}/readers", json=first | {"role": "reader"}).status_code == 409
    assert client.post(f"{API}/readers", json=first).status_code == 201
    assert client.get(f"{API}/cases").status_code == 401  # from now on everybody logs in


def test_beyond_loopback_without_accounts_there_are_no_cases(store: Store) -> None:
    closed = create_app(make_model(), "0.0.0.0", store=store).test_client()
    for method, address in (("GET", "cases"), ("POST", "readers"), ("GET", "session")):
        answer = closed.open(f"{API}/{address}", method=method)
        assert (answer.status_code, answer.json["type"]) == (403, "/docs#accounts-needed")
    assert closed.get("/health/live").status_code == 200
    open_ = create_app(make_model(), "0.0.0.0", store=store, without_accounts=True).test_client()
    assert open_.get(f"{API}/session").json["reader"]["name"] == "local"
    add_reader(store, "ann", Role.ADMIN, PASSWORD, "local")
    assert open_.get(f"{API}/cases").status_code == 401


def test_a_closed_account_is_out_at_once(app: Flask, store: Store) -> None:
    client, header = log_in(app)
    change_reader(store, "bob", "ann", disabled=True)
    assert client.get(f"{API}/cases").status_code == 401
    assert client.post(f"{API}/cases", json={"name": "x"}, headers=header).status_code == 401


def test_a_store_that_fails_tells_nothing_of_itself(store: Store) -> None:
    client = create_app(make_model(), "127.0.0.1", store=store).test_client()
    with store.noting() as connection:
        connection.exec_driver_sql("ALTER TABLE cases RENAME TO elsewhere")
    answer = client.get(f"{API}/cases")
    assert (answer.status_code, answer.json["type"]) == (503, "/docs#store-failed")
    assert "elsewhere" not in answer.get_data(as_text=True)
    assert "no such table" not in answer.get_data(as_text=True)
