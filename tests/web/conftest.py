"""The application in memory, and as a real server on loopback."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import waitress
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from hemavision import Model, web
from hemavision.web import create_app
from hemavision.web.connections import Connection


@pytest.fixture(scope="session", autouse=True)
def one_detector() -> Iterator[None]:
    """Open the detector once, not for each of some two hundred applications."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(web, "open_detector", cache(web.open_detector))
        yield


@pytest.fixture(scope="session", autouse=True)
def tidy_clients() -> Iterator[None]:
    """Let Flask's test clients close what a server would: an answer's file, a request's body."""
    real = FlaskClient.open

    def tidy(self: FlaskClient, *arguments: Any, **options: Any) -> TestResponse:
        response = real(self, *arguments, **{"buffered": True} | options)
        response.request.environ["wsgi.input"].close()
        return response

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FlaskClient, "open", tidy)
        yield


@pytest.fixture(scope="session")
def app(model: Model) -> Flask:
    return create_app(model)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    server = waitress.create_server(app, host="127.0.0.1", port=0, threads=2)
    server.channel_class = Connection
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.effective_port}"
    finally:
        server.close()
        thread.join(timeout=60)


@pytest.fixture(scope="session")
def served(app: Flask) -> Iterator[str]:
    """The address of a waitress server."""
    with serving(app) as address:
        yield address


@pytest.fixture(scope="session")
def cells(data: Path) -> list[Path]:
    """A few real fields, one of each type."""
    folders = sorted((data / "kaggle_wbc" / "TEST").iterdir())
    return [sorted(folder.iterdir())[0] for folder in folders if folder.is_dir()]


@pytest.fixture(scope="session")
def good(bad_and_odd_images: dict[str, bytes]) -> bytes:
    """A sound JPEG."""
    return bad_and_odd_images["good_jpeg"]
