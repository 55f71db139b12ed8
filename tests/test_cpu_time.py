"""The limit that keeps `make test` short, tried on a run of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cpu_time
import pytest


def test_busy_tests_fail_with_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "test_some.py").write_text(
        """
import subprocess, sys, time
import pytest

def burn(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass

@pytest.fixture(scope="module")
def shared():
    burn(0.2)

@pytest.fixture
def own():
    burn(0.2)

def test_waits():
    time.sleep(0.6)

def test_shares(shared):
    burn(0.2)

def test_sets_up(own):
    burn(0.2)

def test_starts_another():
    code = "import time\\nwhile time.process_time() < 0.5: pass"
    subprocess.run([sys.executable, "-c", code], check=True)

@pytest.mark.parametrize("seconds", [0.0, pytest.param(0.4, marks=pytest.mark.long)])
def test_long(seconds):
    burn(seconds)
"""
    )
    (tmp_path / "conftest.py").write_text(
        "import cpu_time\ncpu_time.LIMIT_S, cpu_time.slowness = 0.3, lambda: 1.0\n"
        "pytest_plugins = ['cpu_time']\n"
    )
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = long: x\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        cwd=tmp_path,
        env={
            "PYTHONPATH": str(Path(__file__).parent),
            "PATH": "/usr/bin:/bin",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    lines = done.stdout.splitlines()
    failed = {line.split(" ")[1].split("::")[1] for line in lines if line.startswith("FAILED")}
    assert failed == {"test_sets_up", "test_starts_another"}, done.stdout
    assert "test_some.py::test_sets_up took 0." in done.stdout
    assert "move what is repeated or large into a twin marked `long`" in done.stdout
    assert "4 passed" in done.stdout
    assert "slowest 10 tests, CPU-seconds" in done.stdout


def test_a_process_that_is_missed_once_does_not_count_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    code = "import time\nwhile time.process_time() < 0.5: pass\nprint(flush=True)\ninput()"
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdin
        assert child.stdout
        child.stdout.readline()
        before = cpu_time.spent_s()
        with monkeypatch.context() as without:
            without.setattr(cpu_time, "_descendants", lambda process: iter(()))
            assert cpu_time.spent_s() >= before
        assert cpu_time.spent_s() - before < 0.25
        child.stdin.write(b"\n")
