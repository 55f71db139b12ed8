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
from fixtures_cases import new_image
from flask.testing import FlaskClient
from sqlalchemy import update

from hemavision import Model
from hemavision.detection.fake_finder import FakeFinder
from hemavision.results import NOTICE
from hemavision.store import Store, open_store
from hemavision.store.cases import create_case
from hemavision.store.images import add_image
from hemavision.store.logins import add_token
from hemavision.store.readers import Role, add_reader
from hemavision.store.reads import open_read
from hemavision.store.schema import tokens
from hemavision.web import create_app

SCHEMATHESIS = Path(__file__).parent / "schemathesis"
OPERATIONS = 54
CASES = "^/api/v1/(cases|reads)"
ACCOUNT, TOKEN = "/api/v1/readers/{name}", "/api/v1/tokens/{token_id}"


@pytest.fixture
def token(tmp_path: Path) -> Iterator[tuple[Store, str]]:
    """A store with a case, and an administrator's token whose number nobody guesses."""
    store = open_store(tmp_path / "store.sqlite")
    add_reader(store, "ann", Role.ADMIN, "correct horse battery", "local")
    _, secret = add_token(store, "ann", "schemathesis", "ann")
    with store.noting() as connection:
        connection.execute(update(tokens).values(id=2**40))
    case = create_case(store, "A case", "S-1", "ann")
    for index in range(2):
        add_image(store, case.id, new_image(index), "ann")
    open_read(store, case.id, "bob")
    yield store, secret
    store.close()


@pytest.fixture
def small_server(
    model: Model, monkeypatch: pytest.MonkeyPatch, token: tuple[Store, str]
) -> Iterator[str]:
    """A server that takes five images a request: schemathesis tries the limit, often."""
    monkeypatch.setenv("HEMAVISION_MAX_IMAGES", "5")
    app = create_app(model, finder=FakeFinder(), store=token[0])
    server = waitress.create_server(app, host="127.0.0.1", port=0, threads=2)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.effective_port}"
    server.close()
    thread.join(timeout=10)


@pytest.mark.parametrize(
    ("which", "count"),
    [
        (("--include-path-regex", CASES), 31),
        (
            ("--exclude-path-regex", CASES, "--exclude-path", ACCOUNT, "--exclude-path", TOKEN),
            OPERATIONS - 31 - 2,
        ),
        # They would close the account, or end the token, that the others are asked with.
        (("--include-path", ACCOUNT, "--include-path", TOKEN), 2),
    ],
)
def test_schemathesis_finds_nothing(
    small_server: str, token: tuple[Store, str], which: tuple[str, ...], count: int, tmp_path: Path
) -> None:
    command = [
        str(Path(sys.executable).with_name("schemathesis")),
        f"--config-file={SCHEMATHESIS / 'schemathesis.toml'}",
        "run",
        f"{small_server}/api/v1/openapi.json",
        f"--header=Authorization: Bearer {token[1]}",
        *which,
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
        command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=280,
        check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr
    assert f"{count} selected / {OPERATIONS} total" in run.stdout
    # It may warn: most numbers that it makes up belong to no case.
    assert "❌" not in run.stdout
    assert "✅ " in run.stdout


def test_the_document_says_what_it_must(client: FlaskClient, model: Model) -> None:
    spec = client.get("/api/v1/openapi.json").json
    assert spec["openapi"] == "3.1.0"
    assert NOTICE in spec["info"]["description"]
    assert set(spec["paths"]) == {
        "/api/v1/agreement",
        "/api/v1/agreement/reads",
        "/api/v1/agreement/slides",
        "/api/v1/cases",
        "/api/v1/cases/{case_id}",
        "/api/v1/cases/{case_id}/amend",
        "/api/v1/cases/{case_id}/cells",
        "/api/v1/cases/{case_id}/cells/{cell_id}",
        "/api/v1/cases/{case_id}/cells/{cell_id}/cutout",
        "/api/v1/cases/{case_id}/cells/{cell_id}/heatmap",
        "/api/v1/cases/{case_id}/cells/{cell_id}/thumbnail",
        "/api/v1/cases/{case_id}/counts",
        "/api/v1/cases/{case_id}/differential",
        "/api/v1/cases/{case_id}/entries",
        "/api/v1/cases/{case_id}/images",
        "/api/v1/cases/{case_id}/images/{image_id}/cells",
        "/api/v1/cases/{case_id}/images/{image_id}/others",
        "/api/v1/cases/{case_id}/images/{image_id}/picture",
        "/api/v1/cases/{case_id}/log",
        "/api/v1/cases/{case_id}/reads",
        "/api/v1/cases/{case_id}/report.{format_name}",
        "/api/v1/cases/{case_id}/sign",
        "/api/v1/cases/{case_id}/undo",
        "/api/v1/readers",
        "/api/v1/readers/{name}",
        "/api/v1/reads/{read_id}/agreement",
        "/api/v1/reads/{read_id}/cells",
        "/api/v1/reads/{read_id}/drop",
        "/api/v1/reads/{read_id}/finish",
        "/api/v1/reads/{read_id}/pairs",
        "/api/v1/session",
        "/api/v1/smears",
        "/api/v1/smears/export",
        "/api/v1/tokens",
        "/api/v1/tokens/{token_id}",
        "/api/v1/verify",
        "/api/v1/cell-types",
        "/api/v1/classify",
        "/api/v1/live",
        "/api/v1/models",
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
