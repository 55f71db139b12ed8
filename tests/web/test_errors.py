"""One error shape everywhere: RFC 9457."""

from __future__ import annotations

import logging

import pytest
from flask import Flask, abort
from flask.testing import FlaskClient

from hemavision import Model
from hemavision.errors import BundleError, HemaVisionError, ImageError
from hemavision.web import create_app
from hemavision.web.errors import MEDIA_TYPE, PROBLEMS


@pytest.fixture
def failing(model: Model) -> Flask:
    app = create_app(model)

    @app.get("/fail/<kind>")
    def fail(kind: str) -> str:
        errors: dict[str, Exception] = {
            "image": ImageError("The picture is a poem."),
            "bundle": BundleError("/srv/secret.onnx is broken"),
            "base": HemaVisionError("/srv/secret"),
            "unknown": ZeroDivisionError("/srv/secret"),
        }
        raise errors[kind]

    return app


@pytest.mark.parametrize(
    ("method", "path", "status", "kind"),
    [
        ("GET", "/nowhere", 404, "not-found"),
        ("GET", "/static/../../bundle.py", 404, "not-found"),
        ("GET", "/api/v1/classify", 405, "method-not-allowed"),
        ("DELETE", "/health/live", 405, "method-not-allowed"),
        ("BREW", "/api/v1/models", 405, "method-not-allowed"),
        ("POST", "/api/v1/classify", 400, "no-image"),
    ],
)
def test_every_error_has_the_shape(
    client: FlaskClient, method: str, path: str, status: int, kind: str
) -> None:
    response = client.open(path, method=method)
    assert response.status_code == status
    assert response.headers["Content-Type"] == MEDIA_TYPE
    assert response.json["type"] == f"/docs#{kind}"
    assert response.json["status"] == status
    assert response.json["title"] == PROBLEMS[kind][1]
    assert response.json["detail"]


@pytest.mark.parametrize("wanted", ["bytes=99999999-", "bytes=9-2", "bytes=a-b"])
def test_a_part_that_no_file_has_is_the_caller_s_fault(
    client: FlaskClient, caplog: pytest.LogCaptureFixture, wanted: str
) -> None:
    """Not a failure of the server's: neither 500 nor a line in its log."""
    response = client.get("/static/css/docs.css", headers={"Range": wanted})
    assert (response.status_code, response.mimetype) == (416, MEDIA_TYPE)
    assert response.json["type"] == "/docs#bad-range"
    assert [r for r in caplog.records if r.levelno > logging.INFO] == []


def test_a_part_that_is_there_is_sent(client: FlaskClient) -> None:
    whole = client.get("/static/css/docs.css")
    part = client.get("/static/css/docs.css", headers={"Range": "bytes=2-5"})
    assert (part.status_code, part.data) == (206, whole.data[2:6])
    beyond = client.get("/static/css/docs.css", headers={"Range": "bytes=99999999-"})
    assert beyond.headers["Content-Range"] == f"bytes */{len(whole.data)}"


@pytest.mark.parametrize("code", [408, 411, 412, 414, 417, 428, 431])
def test_no_fault_of_a_caller_s_is_a_failure(
    failing: Flask, caplog: pytest.LogCaptureFixture, code: int
) -> None:
    failing.add_url_rule("/abort", view_func=lambda: abort(code))
    response = failing.test_client().get("/abort")
    assert (response.status_code, response.json["type"]) == (400, "/docs#bad-request")
    assert [r for r in caplog.records if r.levelno > logging.INFO] == []


def test_405_says_what_is_allowed(client: FlaskClient) -> None:
    response = client.get("/api/v1/classify")
    assert {"POST", "OPTIONS"} == set(response.headers["Allow"].split(", "))
    assert "POST" in response.json["detail"]


def test_an_image_error_tells_the_person(failing: Flask) -> None:
    response = failing.test_client().get("/fail/image")
    assert (response.status_code, response.json["detail"]) == (422, "The picture is a poem.")


@pytest.mark.parametrize("kind", ["bundle", "base", "unknown"])
def test_what_nobody_expected_is_logged_and_tells_nothing(
    failing: Flask, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        response = failing.test_client().get(f"/fail/{kind}")
    assert response.status_code == 500
    assert response.headers["Content-Type"] == MEDIA_TYPE
    assert response.json["type"] == "/docs#internal"
    assert "secret" not in response.get_data(as_text=True)
    assert "/srv/secret" in caplog.text


def test_every_problem_is_explained_at_its_address(client: FlaskClient) -> None:
    page = client.get("/docs").get_data(as_text=True)
    for name in PROBLEMS:
        assert f'id="{name}"' in page
