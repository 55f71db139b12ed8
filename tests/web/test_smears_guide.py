"""docs/smears.md is true: its examples run, its codes and forms exist."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from bccd_fields import TWO_WHITE, path_of
from click.testing import CliRunner

from hemavision.cli import main
from hemavision.exports.forms import FORMS

GUIDE = (Path(__file__).parents[2] / "docs" / "smears.md").read_text(encoding="utf-8")
ROOT = Path(__file__).parents[2]


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", GUIDE, flags=re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with the files that the guide names."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "slides").mkdir()
    for name in ("field.jpg", "other.jpg", "slides/one.jpg"):
        shutil.copy(path_of(data, TWO_WHITE), tmp_path / name)
    return tmp_path


def test_the_commands_run(folder: Path) -> None:
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    commands = [shlex.split(line, comments=True) for line in lines if line.startswith("hemavision")]
    assert len(commands) == 4
    for _, *words in commands:
        done = CliRunner().invoke(main, words)
        assert done.exit_code == 0, done.output
        assert done.stdout
    for made in ("cells.csv", "cells.json", "voc", "yolo", "qupath", "maps"):
        assert (folder / made).exists()


@pytest.mark.usefixtures("folder")
def test_the_python_example_runs(capsys: pytest.CaptureFixture[str]) -> None:
    (example,) = blocks("python")
    exec(compile(example, "docs/smears.md", "exec"), {"__name__": "example"})
    assert "neutrophil" in capsys.readouterr().out


def test_the_curl_example_runs(folder: Path, served: str) -> None:
    (line,) = [line for block in blocks("sh") for line in block.splitlines() if "curl" in line]
    command = shlex.split(line.replace("http://localhost:5000", served))
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count('"smear":') == 2


def test_every_warning_and_every_form_is_explained() -> None:
    source = (ROOT / "src" / "hemavision" / "images" / "quality.py").read_text(encoding="utf-8")
    codes = set(re.findall(r'Caution\(\s*"([a-z-]+)"', source))
    assert len(codes) == 5
    for code in codes:
        assert f"| `{code}` |" in GUIDE
    for form in FORMS:
        assert f"`{form}`" in GUIDE
