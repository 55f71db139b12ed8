"""What may be imported where, seen from a fresh interpreter rather than from the source."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "hemavision"
HEAVY = ("jax", "keras", "matplotlib", "onnx", "scipy", "sklearn", "tensorflow", "torch")
TRAINING_SIDE = ("evaluation", "graph", "keras_files", "models", "training")
#: Fails on any attempt to reach the network: importing must not.
NO_NETWORK = """
import socket
def refuse(*arguments, **options):
    raise AssertionError(f"reached for the network: {arguments}")
socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = refuse
"""


#: What serving does, one after the other in one interpreter: what a step does not load, no later
#: one can hide.
SERVING = {
    "importing the package": "import hemavision",
    "answering": "import numpy\n"
    "hemavision.open_model().predict(numpy.full((60, 80, 3), 200, 'uint8'))",
    "importing the commands": "import hemavision.cli",
    "a command": "from click.testing import CliRunner\n"
    "assert CliRunner().invoke(hemavision.cli.main, ['--help']).exit_code == 0",
    "importing the web": "import hemavision.web",
    "the application": "client = hemavision.web.create_app().test_client()\n"
    "for path in ('/health/live', '/health/ready', '/docs', '/api/v1/models',\n"
    "             '/api/v1/openapi.json'):\n"
    "    assert client.get(path).status_code == 200",
}


def loaded_by(*steps: str) -> list[set[str]]:
    """Run pieces of code in a fresh interpreter; return the modules there after each of them."""
    show = "\nimport json, sys\nprint('loaded', json.dumps(sorted(sys.modules)))\n"
    done = subprocess.run(
        [sys.executable, "-c", NO_NETWORK + show.join([*steps, ""])],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = [line.split(" ", 1) for line in done.stdout.splitlines()]
    return [set(json.loads(modules)) for word, modules in said if word == "loaded"]


@pytest.fixture(scope="module")
def serving() -> dict[str, set[str]]:
    """The modules that are loaded after each step of serving."""
    return dict(zip(SERVING, loaded_by(*SERVING.values()), strict=True))


@pytest.mark.parametrize("step", SERVING)
def test_serving_loads_no_training_code(serving: dict[str, set[str]], step: str) -> None:
    modules = serving[step]
    assert "hemavision.errors" in modules
    heavy = [name for name in HEAVY if name in modules]
    training = [name for name in TRAINING_SIDE if f"hemavision.{name}" in modules]
    assert heavy + training == []


def test_only_web_loads_flask(serving: dict[str, set[str]]) -> None:
    loading = [step for step, modules in serving.items() if "flask" in modules]
    assert loading == ["importing the web", "the application"]


def test_an_interval_loads_no_statistics_and_a_report_no_pdf() -> None:
    """SciPy's special functions are small, its statistics and fpdf2 take a second each."""
    before, modules = loaded_by(
        "from hemavision.differential import clopper_pearson\n"
        "from hemavision import agreement, report",
        "clopper_pearson(5, 100)",
    )
    assert "scipy" not in before
    assert "scipy.special" in modules
    assert {"scipy.stats", "fpdf", "flask"} & modules == set()


def test_every_room_is_held_by_the_contracts() -> None:
    contracts = _contracts()
    rooms = {
        path.stem
        for path in PACKAGE.iterdir()
        if (path.suffix == ".py" or (path / "__init__.py").exists())
        and not path.name.startswith("_")
    }
    serving = rooms - set(TRAINING_SIDE)
    forbidden = contracts["Serving never imports training code or its frameworks"]
    assert set(forbidden["source_modules"]) == {f"hemavision.{room}" for room in serving}
    assert set(HEAVY) <= set(forbidden["forbidden_modules"])
    flask = contracts["Flask lives in web"]
    assert set(flask["source_modules"]) == {f"hemavision.{room}" for room in rooms - {"web"}}


def test_a_wrong_import_breaks_the_contracts(tmp_path: Path) -> None:
    """The linter's configuration is live: it finds a forbidden import put into a copy."""
    copy = tmp_path / "hemavision"
    for source in PACKAGE.rglob("*.py"):
        target = copy / source.relative_to(PACKAGE)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(source.read_bytes())
    (tmp_path / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())
    assert _lint(tmp_path) == 0
    cells = copy / "records" / "cells.py"
    cells.write_text(cells.read_text() + "\n\nimport hemavision.reading.cell\nimport keras\n")
    assert _lint(tmp_path) != 0


def _contracts() -> dict[str, dict[str, list[str]]]:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return {c["name"]: c for c in config["tool"]["importlinter"]["contracts"]}


def _lint(folder: Path) -> int:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    environment = {"PYTHONPATH": str(folder), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, timeout=120, check=False
    )
    return done.returncode
