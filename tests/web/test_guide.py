"""docs/api.md is true: its Python example runs, its addresses and options exist."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from flask.testing import FlaskClient

DOCS = Path(__file__).parents[2] / "docs"
GUIDE = (DOCS / "api.md").read_text(encoding="utf-8")
CASES = (DOCS / "cases.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", GUIDE, flags=re.DOTALL)


def run(command: list[str], served: str, folder: Path, cell: Path) -> str:
    """Run a command of the guide beside the files it names."""
    shutil.copy(cell, folder / "smear.jpg")
    shutil.copy(cell, folder / "a.jpg")
    shutil.copy(cell, folder / "b.png")
    here = [part.replace("http://localhost:5000", served) for part in command]
    done = subprocess.run(here, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_python_example_runs(served: str, tmp_path: Path, cells: list[Path]) -> None:
    (example,) = blocks("python")
    output = run([sys.executable, "-c", example], served, tmp_path, cells[0])
    assert output.split()[1] in ("confident", "check", "unfamiliar")
    assert (tmp_path / "overlay.png").read_bytes().startswith(b"\x89PNG")


def test_the_curl_examples_run(served: str, tmp_path: Path, cells: list[Path]) -> None:
    examples = [block for block in blocks("sh") if "curl" in block]
    assert len(examples) == 4
    for example in examples:
        output = run(["bash", "-c", example], served, tmp_path, cells[0])
        assert '"results"' in output or '"cell_types"' in output
        assert "/docs#" not in output  # the type of a problem


def test_every_endpoint_is_in_the_guide(client: FlaskClient) -> None:
    for path in client.get("/api/v1/openapi.json").json["paths"]:
        assert f"{path}`" in GUIDE or path == "/health/ready" or f"{_short(path)}`" in CASES


def _short(path: str) -> str:
    """Return an address as the page about cases writes it."""
    for names, letters in (
        ("case_id|read_id|token_id", "ID"),
        ("image_id|cell_id|reference_id", "N"),
    ):
        path = re.sub(f"{{({names})}}", letters, path)
    return path.removeprefix("/api/v1").replace("{name}", "NAME")
