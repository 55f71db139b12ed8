from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from hemavision.bundle import find_bundle
from hemavision.cli import checks as doctor_checks
from hemavision.store import open_store
from hemavision.store.cases import create_case

Invoke = Callable[..., Result]
NAMES = {
    "python", "onnxruntime", "settings", "reference", "data",
    "model eight-types", "model seed", "model unseen-cells",
    "detector", "store", "keras", "convert", "training", "port", "cache", "browser",
}  # fmt: skip


def checks(result: Result) -> dict[str, dict[str, str]]:
    found = [json.loads(line) for line in result.stdout.splitlines()]
    return {check["name"]: check for check in found}


def test_a_sound_installation(invoke: Invoke, data: Path) -> None:
    result = invoke("doctor", "--json")
    found = checks(result)
    assert result.exit_code == 0
    assert set(found) == NAMES
    for check in found.values():
        assert set(check) == {"level", "name", "message", "fix"}
        assert (check["level"] == "ok") == (check["fix"] == "")
    for name in (
        "python",
        "onnxruntime",
        "model eight-types",
        "model unseen-cells",
        "detector",
        "data",
    ):
        assert found[name]["level"] == "ok"


def test_text_says_the_fix(invoke: Invoke, tmp_path: Path) -> None:
    result = invoke("doctor", environment={"HEMAVISION_DATA": str(tmp_path)})
    assert result.exit_code == 0
    assert "warning  data" in result.stdout
    assert "→ Set HEMAVISION_DATA, or run `hemavision data download`." in result.stdout


def test_the_store(invoke: Invoke, tmp_path: Path) -> None:
    file = tmp_path / "store.sqlite"

    def found(location: Path | str) -> dict[str, str]:
        environment = {"HEMAVISION_STORE": str(location)}
        return checks(invoke("doctor", "--json", environment=environment))["store"]

    assert found(file)["message"] == f"{file}, made with the first case"
    assert not file.exists()
    store = open_store(file)
    create_case(store, "One", "", "ann")
    store.close()
    assert found(file)["message"].startswith("1 case in ")
    (tmp_path / "text").write_text("no database" * 100)
    assert found(tmp_path / "text")["level"] == "fail"
    server = found("postgresql://nobody:secret@127.0.0.1:1/none")
    assert (server["level"], "secret" in server["message"]) == ("fail", False)
    assert server["fix"]


def test_a_detector_that_is_none_is_a_failure(invoke: Invoke, tmp_path: Path) -> None:
    file = tmp_path / "detector.onnx"
    file.write_text("no network")
    result = invoke("doctor", "--json", environment={"HEMAVISION_DETECTOR": str(file)})
    assert result.exit_code == 1
    assert checks(result)["detector"]["level"] == "fail"


def test_which_keras_and_what_it_reads_and_writes(invoke: Invoke) -> None:
    found = checks(invoke("doctor", "--json"))
    version = importlib.metadata.version("keras")
    assert found["keras"]["message"].startswith(f"keras {version} on tensorflow")
    assert found["convert"]["message"] == (
        "reads .onnx, .keras, .h5, .weights.h5, SavedModel; writes .onnx, .h5, .keras, .weights.h5"
    )


@pytest.mark.parametrize(
    ("missing", "check", "said", "fix"),
    [
        ({"h5py"}, "convert", "h5py missing", "hemavision[convert]"),
        ({"tensorflow"}, "keras", "its backend tensorflow is missing", "KERAS_BACKEND"),
        ({"tensorflow"}, "convert", "SavedModel needs TensorFlow", "hemavision[train]"),
        ({"keras"}, "keras", "no keras", "hemavision[train]"),
        ({"keras"}, "convert", "written by an installed Keras", "hemavision[train]"),
    ],
)
def test_what_conversion_lacks_and_its_fix(
    monkeypatch: pytest.MonkeyPatch, missing: set[str], check: str, said: str, fix: str
) -> None:
    real_spec, real_version = importlib.util.find_spec, importlib.metadata.version

    def version(name: str) -> str:
        if name in missing:
            raise importlib.metadata.PackageNotFoundError(name)
        return real_version(name)

    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name in missing else real_spec(name)
    )
    monkeypatch.setattr(importlib.metadata, "version", version)
    [finding] = list(getattr(doctor_checks, f"check_{check}")())
    assert finding.level is doctor_checks.Level.WARN
    assert said in finding.message
    assert fix in finding.fix


def test_legacy_keras_is_the_one_named_when_asked_for(invoke: Invoke) -> None:
    found = checks(invoke("doctor", "--json", environment={"TF_USE_LEGACY_KERAS": "1"}))
    assert "tf_keras" in found["keras"]["message"]


def test_a_damaged_model_is_a_failure(invoke: Invoke, tmp_path: Path) -> None:
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(find_bundle("seed").read_bytes()[:100_000])
    result = invoke("doctor", "--json", environment={"HEMAVISION_MODEL": str(broken)})
    assert result.exit_code == 1
    assert checks(result)["model broken"]["level"] == "fail"
    assert checks(result)["model seed"]["level"] == "ok"


@pytest.mark.parametrize(
    ("variable", "value", "check", "level"),
    [
        ("HEMAVISION_PORT", "eighty", "settings", "fail"),
        ("HEMAVISION_MODEL", "no-such-model", "models", "fail"),
        ("HEMAVISION_REFERENCE", "no-such-profile", "profile", "fail"),
        ("HEMAVISION_MODLE", "seed", "settings", "warn"),
    ],
)
def test_wrong_settings_are_found(
    invoke: Invoke, variable: str, value: str, check: str, level: str
) -> None:
    result = invoke("doctor", "--json", environment={variable: value})
    assert checks(result)[check]["level"] == level
    assert result.exit_code == (1 if level == "fail" else 0)


def test_a_taken_port_is_a_warning(invoke: Invoke) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        found = checks(invoke("doctor", "--json", environment={"HEMAVISION_PORT": port}))
    assert found["port"]["level"] == "warn"
    assert f"{port} is taken" in found["port"]["message"]


def test_a_cache_that_cannot_be_written(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = invoke("doctor", "--json", environment={"XDG_CACHE_HOME": str(tmp_path / "file")})
    assert checks(result)["cache"]["level"] == "warn"
