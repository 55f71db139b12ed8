"""Headers on every response, and which host names are answered."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from hemavision import Model
from hemavision.web import create_app

PATHS = ["/", "/docs", "/api/v1/models", "/api/v1/openapi.json", "/metrics", "/nowhere"]


@pytest.mark.parametrize("path", [*PATHS, "/static/css/docs.css"])
def test_every_response_carries_the_headers(client: FlaskClient, path: str) -> None:
    headers = client.get(path).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"


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
