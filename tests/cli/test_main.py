from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module

import pytest
from click.testing import Result

import hemavision
from hemavision.cli import COMMANDS
from hemavision.records.results import NOTICE

Invoke = Callable[..., Result]


def loaded_by(code: str) -> set[str]:
    code += "\nimport json, sys\nprint(json.dumps(list(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, timeout=60)
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_starting_imports_nothing_but_click() -> None:
    loaded = loaded_by("import hemavision.cli")
    assert "click" in loaded
    assert not loaded & {"numpy", "PIL", "onnxruntime", "flask", "rich", "hemavision.reading.cell"}


def test_help_imports_nothing_heavy() -> None:
    loaded = loaded_by(
        "from click.testing import CliRunner\nfrom hemavision.cli import main\n"
        "assert CliRunner().invoke(main, ['--help']).exit_code == 0"
    )
    assert not loaded & {"numpy", "PIL", "onnxruntime", "flask", "keras", "tensorflow"}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(invoke: Invoke, name: str) -> None:
    result = invoke(name, "--help")
    assert result.exit_code == 0
    assert len(result.output.splitlines()) > 4


def test_help_carries_the_notice(invoke: Invoke) -> None:
    for arguments in (("--help",), ("classify", "--help"), ("serve", "--help")):
        assert NOTICE in " ".join(invoke(*arguments).output.split())


def test_unknown_command_is_wrong_usage(invoke: Invoke) -> None:
    assert invoke("clasify").exit_code == 2


def test_version(invoke: Invoke) -> None:
    assert hemavision.__version__ in invoke("--version").output


def test_public_names_are_there_when_asked_for() -> None:
    assert set(hemavision.__all__) == set(dir(hemavision))
    for name in hemavision.__all__:
        assert getattr(hemavision, name) is not None
    assert hemavision.open_model is import_module("hemavision.reading.cell").open_model
    with pytest.raises(AttributeError, match="no_such_name"):
        hemavision.no_such_name  # noqa: B018
