"""The application in memory, and as a real server on loopback."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import waitress
from flask import Flask
from flask.testing import FlaskClient

from hemavision import Model, web
from hemavision.web import create_app


@pytest.fixture(scope="session", autouse=True)
def one_detector() -> Iterator[None]:
    """Open the detector once, not for each of some two hundred applications."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(web, "open_detector", cache(web.open_detector))
        yield


@pytest.fixture(scope="session")
def app(model: Model) -> Flask:
    return create_app(model)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture(scope="session")
def served(app: Flask) -> Iterator[str]:
    """The address of a waitress server."""
    server = waitress.create_server(app, host="127.0.0.1", port=0, threads=2)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.effective_port}"
    server.close()
    thread.join(timeout=10)


@pytest.fixture(scope="session")
def cells(data: Path) -> list[Path]:
    """A few real fields, one of each type."""
    folders = sorted((data / "kaggle_wbc" / "TEST").iterdir())
    return [sorted(folder.iterdir())[0] for folder in folders if folder.is_dir()]


@pytest.fixture(scope="session")
def good(bad_and_odd_images: dict[str, bytes]) -> bytes:
    """A sound JPEG."""
    return bad_and_odd_images["good_jpeg"]
