"""The command line in this process, in another one, and with an engine that takes no time."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from fakes import FakeEngine

from hemavision.cli import main
from hemavision.reading.cell import Model
from hemavision.records.results import ModelReference

Invoke = Callable[..., Result]
#: The installed command, as a person starts it.
COMMAND = [sys.executable, "-m", "hemavision"]


@pytest.fixture
def invoke() -> Invoke:
    def run(*arguments: object, environment: dict[str, str] | None = None) -> Result:
        return CliRunner().invoke(main, [str(a) for a in arguments], env=environment)

    return run


@pytest.fixture
def command() -> Callable[..., subprocess.CompletedProcess[bytes]]:
    def run(
        *arguments: object, environment: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [*COMMAND, *(a if isinstance(a, bytes) else str(a) for a in arguments)],
            capture_output=True,
            check=False,
            timeout=300,
            env=os.environ | (environment or {}),
        )

    return run


@pytest.fixture
def fake_model(monkeypatch: pytest.MonkeyPatch) -> Model:
    """Let ``classify`` answer at once, for tests about many files."""
    model = Model(FakeEngine(), ModelReference("fake", "0" * 64))
    monkeypatch.setattr("hemavision.reading.cell.open_model", lambda name: model)
    return model


@pytest.fixture
def folder(tmp_path: Path, bad_and_odd_images: dict[str, bytes]) -> Path:
    """Three sound images, one of them two folders down."""
    deep = tmp_path / "smears" / "a" / "b"
    deep.mkdir(parents=True)
    for path in (deep / "cell.jpg", deep.parent.parent / "cell.jpg", deep.parent / "UPPER.JPG"):
        path.write_bytes(bad_and_odd_images["good_jpeg"])
    return tmp_path / "smears"
