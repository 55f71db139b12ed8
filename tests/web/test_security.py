"""Headers on every response, and which host names are answered."""

from __future__ import annotations

import pytest
from fixtures_cases import make_model, new_image
from flask.testing import FlaskClient

from hemavision import Model
from hemavision.store import Store
from hemavision.store.cases import create_case
from hemavision.store.images import add_image
from hemavision.web import create_app, rates

#: What ASVS 5.0 wants of a policy at level 2 (3.4.3, 3.4.6).
DIRECTIVES = {"object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"}
STYLED = {"/api/v1/cases/1/report.html"}


def test_every_response_carries_the_headers(store: Store) -> None:
    """Every page, every GET of the API with a case, some static files, and what is not there."""
    case = create_case(store, "One", "", "ann")
    add_image(store, case.id, new_image(), "ann")
    app = create_app(make_model(), store=store)
    client, at = app.test_client(), app.url_map.bind("localhost")
    given = {"filename": "css/docs.css", "format_name": "html", "name": "smear",
             "names": "base", "kind": "css"}  # fmt: skip
    rules = [rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())]
    paths = [at.build(r.endpoint, {a: given.get(a, 1) for a in r.arguments}) for r in rules]
    assert len(paths) > 40
    statuses = set()
    for path in [*paths, "/nowhere", "/static/nothing.js", "/api/v1/verify?expect=%ff"]:
        answer = client.get(path, base_url="https://localhost")
        headers, policy = answer.headers, answer.headers["Content-Security-Policy"]
        statuses.add(answer.status_code)
        assert set(policy.split("; ")) >= DIRECTIVES, path
        assert policy.startswith(("default-src 'self'", "default-src 'none'")), path
        assert ("unsafe" in policy) == (path in STYLED), path
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert "max-age=31536000" in headers["Strict-Transport-Security"]
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "Access-Control-Allow-Origin" not in headers
        assert not answer.mimetype.startswith("text/") or "charset" in headers["Content-Type"]
        assert headers.get("Server") is None
        if path.startswith("/api/"):
            assert "no-store" in headers["Cache-Control"], path
    assert {200, 404} <= statuses
    assert 500 not in statuses


def test_over_plain_http_nothing_is_said_of_tls(client: FlaskClient) -> None:
    assert "Strict-Transport-Security" not in client.get("/health/live").headers


def test_bytes_that_no_address_has_are_refused(client: FlaskClient) -> None:
    """Found by fuzzing: a server hands them on as they came."""
    answer = client.get("/api/v1/models", environ_overrides={"QUERY_STRING": "a\xff"})
    assert (answer.status_code, answer.json["type"]) == (400, "/docs#bad-request")
    assert client.get("/api/v1/cell-types", query_string="profile=größe").status_code == 400


@pytest.mark.parametrize(("host", "proxies"), [("127.0.0.1", "1"), ("0.0.0.0", "0")])
def test_costly_requests_from_elsewhere_have_a_limit(
    store: Store, monkeypatch: pytest.MonkeyPatch, host: str, proxies: str
) -> None:
    monkeypatch.setenv("HEMAVISION_PROXIES", proxies)
    monkeypatch.setenv("HEMAVISION_COSTLY_A_MINUTE", "3")
    client = create_app(make_model(), host, store=store, without_accounts=True).test_client()
    statuses = [client.post("/api/v1/classify").status_code for _ in range(4)]
    assert statuses == [400, 400, 400, 429]
    braked = client.post("/predict")
    assert braked.json["type"] == "/docs#too-many-requests"
    assert 1 <= int(braked.headers["Retry-After"]) <= 20
    assert client.get("/api/v1/cases").status_code == 200
    elsewhere = {"REMOTE_ADDR": "192.0.2.9"}
    assert client.post("/predict", environ_overrides=elsewhere).status_code == 400


def test_on_this_machine_alone_nothing_is_limited(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEMAVISION_COSTLY_A_MINUTE", "1")
    client = create_app(make_model(), store=store).test_client()
    assert [client.post("/predict").status_code for _ in range(3)] == [400] * 3


def test_a_bucket_fills_up_again(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    buckets = rates.Buckets(60, lambda: now[0])
    assert [buckets.take("a") for _ in range(61)] == [0.0] * 60 + [1.0]
    now[0] += 2.0
    assert [buckets.take("a") for _ in range(3)] == [0.0, 0.0, 1.0]
    monkeypatch.setattr(rates, "MOST_ADDRESSES", 1)
    now[0] += 60.0
    assert buckets.take("b") == 0.0
    assert list(buckets._kept) == ["b"]


def test_answers_about_blood_are_not_cached(client: FlaskClient) -> None:
    assert client.get("/api/v1/models").headers["Cache-Control"] == "no-store"
    assert client.get("/nowhere").headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("host", ["localhost:5000", "127.0.0.1:5000", "[::1]:5000"])
def test_a_loopback_server_answers_loopback_names(model: Model, host: str) -> None:
    client = create_app(model, host="127.0.0.1").test_client()
    assert client.get("/health/live", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "192.0.2.1", "[::2]:80", "[", "a b"]
)
def test_a_loopback_server_answers_no_other_name(model: Model, host: str) -> None:
    client = create_app(model, host="127.0.0.1").test_client()
    response = client.get("/health/live", headers={"Host": host})
    assert response.status_code == 400
    assert response.json["type"] == "/docs#bad-host"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "lab.example"])
def test_a_server_for_others_answers_any_name(model: Model, host: str) -> None:
    client = create_app(model, host=host).test_client()
    response = client.get("/health/live", headers={"Host": "lab.example:5000"})
    assert response.status_code == 200
