"""The OpenAPI document is true: schemathesis finds nothing, and it says what it must."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import hypothesis
import pytest
import schemathesis
from fakes import FakeFinder
from fixtures_cases import new_image
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import strategies
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import Status, events, from_schema
from schemathesis.engine.run import PhaseName
from schemathesis.filters import FilterSet
from sqlalchemy import update

from hemavision import Model
from hemavision.records.results import NOTICE
from hemavision.store import Store, open_store
from hemavision.store.cases import create_case
from hemavision.store.images import add_image
from hemavision.store.logins import add_token
from hemavision.store.readers import Role, add_reader
from hemavision.store.schema import tokens
from hemavision.store.second_readings import open_read
from hemavision.web import create_app

from .conftest import serving

SCHEMATHESIS = Path(__file__).parent / "schemathesis"
OPERATIONS = 61
CASES, SMEARS = "^/api/v1/(cases|reads)", "^/api/v1/smears"
#: They would close the account, or end the token, that the others are asked with.
OWN = r"^/api/v1/(readers/\{name\}|tokens/\{token_id\})$"


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A store with a case, and an administrator's token whose number nobody guesses."""
    path = tmp_path_factory.mktemp("kept") / "store.sqlite"
    store = open_store(path)
    add_reader(store, "ann", Role.ADMIN, "correct horse battery", "local")
    _, secret = add_token(store, "ann", "schemathesis", "ann")
    with store.noting() as connection:
        connection.execute(update(tokens).values(id=2**40))
    case = create_case(store, "A case", "S-1", "ann")
    for index in range(2):
        add_image(store, case.id, new_image(index), "ann")
    open_read(store, case.id, "bob")
    store.close()
    return path, secret


@pytest.fixture
def token(kept: tuple[Path, str], tmp_path: Path) -> Iterator[tuple[Store, str]]:
    """Such a store of one's own, and its token."""
    path, secret = kept
    store = open_store(shutil.copy(path, tmp_path / "store.sqlite"))
    yield store, secret
    store.close()


@hypothesis.given(strategies.text())
def draw(text: str) -> None:
    """Draw once: Hypothesis then gathers all modules' constants and Unicode's tables."""


@pytest.fixture(scope="module")
def hooks() -> None:
    """Tell schemathesis which files to send, as the command's SCHEMATHESIS_HOOKS does."""
    # What is paid but once is not the first test's.
    draw()
    spec = importlib.util.spec_from_file_location("hooks", SCHEMATHESIS / "hooks.py")
    assert spec
    assert spec.loader
    spec.loader.exec_module(importlib.util.module_from_spec(spec))


@pytest.fixture
def small(
    model: Model, monkeypatch: pytest.MonkeyPatch, token: tuple[Store, str]
) -> tuple[Flask, str]:
    """An application that takes five images a request: schemathesis tries the limit, often."""
    monkeypatch.setenv("HEMAVISION_MAX_IMAGES", "5")
    return create_app(model, finder=FakeFinder(), store=token[0]), token[1]


@dataclass(frozen=True)
class Chosen:
    """The operations whose paths match, or all but those."""

    paths: str
    included: bool = True


@dataclass(frozen=True)
class Found:
    """What came of it: the operations that were asked, of how many, and what is wrong."""

    asked: int
    of: int
    wrong: str


#: Asks the application's operations whose paths are chosen, with its token; says what it found.
Ask = Callable[[Flask, str, Chosen, Path], Found]


def in_this_process(app: Flask, token: str, chosen: Chosen, folder: Path) -> Found:
    """Three examples of each operation, and a few chains of them, without a server."""
    config = SchemathesisConfig.from_path(SCHEMATHESIS / "schemathesis.toml")
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app, config=config)
    # Without a server, nothing between the two unpacks what goes out compressed.
    schema.config.headers = {"Authorization": f"Bearer {token}", "Accept-Encoding": "identity"}
    schema.config.checks.update(included_check_names=["all"])
    schema.config.generation.update(max_examples=3, deterministic=True)
    # What the document's limits make it try is some ten requests for each of the others.
    schema.config.phases.update(phases=["fuzzing", "stateful"])
    choose = FilterSet().with_include if chosen.included else FilterSet().with_exclude
    schema.filter_set = choose(None, path_regex=chosen.paths)
    asked: set[str | None] = set()
    wrong: list[str] = []
    for event in from_schema(schema).execute():
        if isinstance(event, events.ScenarioFinished):
            asked |= {event.label} if event.phase is PhaseName.FUZZING else set()
            if event.status in (Status.FAILURE, Status.ERROR):
                wrong.append(failures_of(event))
        elif isinstance(event, events.NonFatalError | events.FatalError):
            wrong.append(str(event))
    return Found(len(asked), schema.statistic.operations.total, "\n".join(wrong))


def failures_of(scenario: events.ScenarioFinished) -> str:
    """Return which checks failed, and how."""
    checks = chain(*scenario.recorder.checks.values())
    failed = [str(check.failure_info) for check in checks if check.status is Status.FAILURE]
    return f"{scenario.label}: {failed}"


def by_the_command(app: Flask, token: str, chosen: Chosen, folder: Path) -> Found:
    """Twenty-five examples, and all that the document's limits make it try, of a real server."""
    tests = str(Path(__file__).parent.parent)
    environment = os.environ | {
        "SCHEMATHESIS_HOOKS": "hooks",
        "PYTHONPATH": os.pathsep.join([str(SCHEMATHESIS), tests]),
    }
    with serving(app) as address:
        command = [
            str(Path(sys.executable).with_name("schemathesis")),
            f"--config-file={SCHEMATHESIS / 'schemathesis.toml'}",
            "run",
            f"{address}/api/v1/openapi.json",
            f"--header=Authorization: Bearer {token}",
            f"--{'include' if chosen.included else 'exclude'}-path-regex={chosen.paths}",
            "--checks=all",
            "--max-examples=25",
            "--generation-deterministic",
            "--no-color",
        ]
        run = subprocess.run(
            command, env=environment, cwd=folder, capture_output=True, text=True, timeout=590,
            check=False,
        )  # fmt: skip
    asked = re.search(r"(\d+) selected / (\d+) total", run.stdout)
    assert asked, run.stdout + run.stderr
    # It may warn: most numbers that it makes up belong to no case.
    sound = run.returncode == 0 and "❌" not in run.stdout and "✅ " in run.stdout
    return Found(int(asked[1]), int(asked[2]), "" if sound else run.stdout + run.stderr)


@pytest.mark.parametrize(
    "ask", [in_this_process, pytest.param(by_the_command, marks=pytest.mark.long)]
)
@pytest.mark.parametrize(
    ("chosen", "count"),
    [
        (Chosen(OWN), 2),
        (Chosen(CASES), 37),
        (Chosen(SMEARS), 2),
        (Chosen(f"{CASES}|{OWN}|{SMEARS}", included=False), OPERATIONS - 37 - 2 - 2),
    ],
    ids=["accounts", "cases", "smears", "the others"],
)
@pytest.mark.usefixtures("hooks")
def test_schemathesis_finds_nothing(
    small: tuple[Flask, str], ask: Ask, chosen: Chosen, count: int, tmp_path: Path
) -> None:
    found = ask(*small, chosen, tmp_path)
    assert found.wrong == ""
    assert (found.asked, found.of) == (count, OPERATIONS)


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
        "/api/v1/cases/{case_id}/cells/{cell_id}/similar",
        "/api/v1/references/{reference_id}/picture",
        "/api/v1/cases/{case_id}/cells",
        "/api/v1/cases/{case_id}/cells/{cell_id}",
        "/api/v1/cases/{case_id}/cells/{cell_id}/cutout",
        "/api/v1/cases/{case_id}/cells/{cell_id}/heatmap",
        "/api/v1/cases/{case_id}/cells/{cell_id}/remove",
        "/api/v1/cases/{case_id}/cells/{cell_id}/thumbnail",
        "/api/v1/cases/{case_id}/counts",
        "/api/v1/cases/{case_id}/cut",
        "/api/v1/cases/{case_id}/differential",
        "/api/v1/cases/{case_id}/entries",
        "/api/v1/cases/{case_id}/images",
        "/api/v1/cases/{case_id}/images/{image_id}/cells",
        "/api/v1/cases/{case_id}/images/{image_id}/others",
        "/api/v1/cases/{case_id}/images/{image_id}/part",
        "/api/v1/cases/{case_id}/images/{image_id}/picture",
        "/api/v1/cases/{case_id}/images/{image_id}/remove",
        "/api/v1/cases/{case_id}/log",
        "/api/v1/cases/{case_id}/reads",
        "/api/v1/cases/{case_id}/report.{format_name}",
        "/api/v1/cases/{case_id}/sign",
        "/api/v1/cases/{case_id}/thumbnails",
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
