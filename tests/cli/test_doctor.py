from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import socket
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import cache
from pathlib import Path

import pytest
from click.testing import Result

from hemavision.cli import doctor as doctor_checks
from hemavision.reading import cell
from hemavision.reading.bundle import find_bundle
from hemavision.reading.finding import detector
from hemavision.store import Store, open_store
from hemavision.store.cases import create_case
from hemavision.store.database import HEAD
from hemavision.store.inspection import Condition

Invoke = Callable[..., Result]
NAMES = {
    "python", "onnxruntime", "settings", "classes", "reference", "data",
    "model eight-types", "model unseen-cells",
    "detector", "store", "keras", "convert", "training", "port", "cache", "browser",
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def opened_once() -> Iterator[None]:
    """Open each network once, not for each of two dozen doctors."""
    with pytest.MonkeyPatch.context() as patch:
        for module, name in ((cell, "open_model"), (detector, "open_detector")):
            patch.setattr(module, name, cache(getattr(module, name)))
        yield


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


@pytest.fixture
def store_check(invoke: Invoke, tmp_path: Path) -> Callable[..., dict[str, str]]:
    """What doctor says of a store, by default of a file in a folder of its own."""

    def check(location: Path | str = tmp_path / "store.sqlite") -> dict[str, str]:
        result = invoke("doctor", "--json", environment={"HEMAVISION_STORE": str(location)})
        found = checks(result)["store"]
        assert result.exit_code == (found["level"] == "fail")
        assert (found["level"] == "ok") == (found["fix"] == "")
        return found

    return check


def test_a_store_that_is_not_there_is_not_made(
    store_check: Callable[..., dict[str, str]], tmp_path: Path
) -> None:
    file = tmp_path / "store.sqlite"
    assert store_check()["message"] == f"{file}: will be made on first use"
    assert not file.exists()


def test_a_store(store_check: Callable[..., dict[str, str]], store: Store, location: str) -> None:
    create_case(store, "One", "", "ann")
    found = store_check(location)
    assert found["level"] == "ok"
    assert found["message"] == f"{store.location}: 1 case at step {HEAD}, writable"


def test_an_older_and_a_newer_store(
    store_check: Callable[..., dict[str, str]], tmp_path: Path
) -> None:
    file = tmp_path / "store.sqlite"
    open_store(file).close()
    for step, level, words in (("0001", "ok", "brought up to date"), ("9999", "fail", "newer")):
        with closing(sqlite3.connect(file)) as connection, connection:
            connection.execute("UPDATE alembic_version SET version_num = ?", (step,))
        found = store_check()
        assert found["level"] == level
        assert words in found["message"]
        assert f"step {step}" in found["message"]
    assert "--upgrade" in found["fix"]


def test_what_is_no_store(store_check: Callable[..., dict[str, str]], tmp_path: Path) -> None:
    file = tmp_path / "store.sqlite"
    file.write_text("no database" * 100)
    found = store_check()
    assert (found["level"], "copy" in found["fix"]) == ("fail", True)
    file.unlink()
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("CREATE TABLE bookmarks (address TEXT)")
    assert store_check()["level"] == "warn"
    with closing(sqlite3.connect(file)) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master").fetchall()
    assert tables == [("bookmarks",)]


@pytest.mark.parametrize("place", ["@127.0.0.1:1/none", "@host:port/none"])
def test_a_server_s_store_that_cannot_be_reached(
    store_check: Callable[..., dict[str, str]], place: str
) -> None:
    found = store_check(f"postgresql://nobody:secret{place}")
    assert (found["level"], "secret" in str(found)) == ("fail", False)
    assert "HEMAVISION_STORE" in found["fix"]


def test_every_condition_of_a_store_has_its_words() -> None:
    assert set(doctor_checks.STORES) == {condition.value for condition in Condition}


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
    broken.write_bytes(find_bundle("unseen-cells").read_bytes()[:100_000])
    result = invoke("doctor", "--json", environment={"HEMAVISION_MODEL": str(broken)})
    assert result.exit_code == 1
    assert checks(result)["model broken"]["level"] == "fail"
    assert checks(result)["model unseen-cells"]["level"] == "ok"


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
