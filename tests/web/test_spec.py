"""The OpenAPI document is true: schemathesis finds nothing, and it says what it must."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import waitress
from flask.testing import FlaskClient

from hemavision import Model
from hemavision.detection.fake_finder import FakeFinder
from hemavision.results import NOTICE
from hemavision.web import create_app

SCHEMATHESIS = Path(__file__).parent / "schemathesis"


@pytest.fixture
def small_server(model: Model, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server that takes five images a request: schemathesis tries the limit, often."""
    monkeypatch.setenv("HEMAVISION_MAX_IMAGES", "5")
    app = create_app(model, finder=FakeFinder())
    server = waitress.create_server(app, host="127.0.0.1", port=0, threads=2)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.effective_port}"
    server.close()
    thread.join(timeout=10)


def test_schemathesis_finds_nothing(small_server: str, tmp_path: Path) -> None:
    command = [
        str(Path(sys.executable).with_name("schemathesis")),
        f"--config-file={SCHEMATHESIS / 'schemathesis.toml'}",
        "run",
        f"{small_server}/api/v1/openapi.json",
        "--checks=all",
        "--max-examples=25",
        "--generation-deterministic",
        "--no-color",
    ]
    tests = str(Path(__file__).parent.parent)
    environment = os.environ | {
        "SCHEMATHESIS_HOOKS": "hooks",
        "PYTHONPATH": os.pathsep.join([str(SCHEMATHESIS), tests]),
    }
    run = subprocess.run(
        command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=240,
        check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr
    assert "10 selected / 10 total" in run.stdout
    assert "No issues found" in run.stdout


def test_the_document_says_what_it_must(client: FlaskClient, model: Model) -> None:
    spec = client.get("/api/v1/openapi.json").json
    assert spec["openapi"] == "3.1.0"
    assert NOTICE in spec["info"]["description"]
    assert set(spec["paths"]) == {
        "/api/v1/cell-types",
        "/api/v1/classify",
        "/api/v1/live",
        "/api/v1/models",
        "/api/v1/smears",
        "/api/v1/smears/export",
        "/health/live",
        "/health/ready",
        "/metrics",
        "/predict",
    }
    classify = spec["paths"]["/api/v1/classify"]["post"]
    assert set(classify["requestBody"]["content"]) == {"application/json", "multipart/form-data"}
    cell_type = next(p for p in classify["parameters"] if p["name"] == "cell_type")
    assert cell_type["schema"]["enum"] == list(model.manifest.cell_types)
    for status in ("400", "413", "415", "422"):
        assert set(classify["responses"][status]["content"]) == {"application/problem+json"}


def test_it_is_the_same_every_time(client: FlaskClient) -> None:
    first = client.get("/api/v1/openapi.json").get_data()
    client.get("/docs")
    assert client.get("/api/v1/openapi.json").get_data() == first
