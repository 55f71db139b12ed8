"""``classify --job``, ``detect --job`` and ``jobs``, as a person uses them."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bccd_fields import TWO_WHITE, finder_of, path_of
from click.testing import CliRunner, Result
from fixtures_images import encoded, smear
from PIL import Image
from pyarrow import parquet

from hemavision import Model
from hemavision.batch import tables
from hemavision.cli import main, progress
from hemavision.cli.jobs import FORMS
from hemavision.cli.progress import Following, in_words
from hemavision.images.opening import open_image
from hemavision.reading.field import read_smear
from hemavision.records.results import NOTICE, CellKind

Invoke = Callable[..., Result]


@pytest.fixture
def cells(tmp_path: Path, data: Path) -> Path:
    """Eleven real cells and a file that is none."""
    folder = tmp_path / "cells"
    folder.mkdir()
    source = data / "kaggle_wbc" / "TEST_SIMPLE"
    for number, path in enumerate(sorted(source.rglob("*.jpeg"))[::6][:11]):
        (folder / f"{number:02}.jpg").write_bytes(path.read_bytes())
    (folder / "05-bad.jpg").write_bytes(b"no picture")
    return folder


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="ascii").splitlines()]


def test_a_folder_becomes_a_table(
    invoke: Invoke, cells: Path, tmp_path: Path, model: Model
) -> None:
    job = tmp_path / "job"
    result = invoke("classify", cells, "--job", job)
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [f"11 images: {job / 'table.parquet'}", NOTICE]
    assert f"1 of 12 inputs failed: {job / 'errors.jsonl'} says why." in result.stderr
    assert "Images: 0 of 12 (0.0%)" in result.stderr
    rows = parquet.read_table(job / "table.parquet").to_pylist()
    sound = [path for path in sorted(cells.iterdir()) if "bad" not in path.name]
    for row, path, expected in zip(rows, sound, model.predict(sound), strict=True):
        assert row["path"] == str(path)
        assert row["cell_type"] == expected.cell_type
        assert row["status"] == expected.status.value
        for name, value in expected.probabilities.items():
            assert row[f"p_{name}"] == pytest.approx(value, abs=1e-5)
        assert row["look_nucleus_shape"] == expected.looks()["nucleus_shape"][0]
    (error,) = lines_of(job / "errors.jsonl")
    assert error["path"] == str(cells / "05-bad.jpg")
    again = invoke("classify", cells, "--job", job)
    assert (again.exit_code, again.stdout) == (1, result.stdout)
    other = invoke("classify", cells, "--job", job, "--model", "seed")
    assert other.exit_code == 2
    assert "holds another job (model: eight-types (" in other.stderr


def test_fields_become_a_table(
    invoke: Invoke, data: Path, tmp_path: Path, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    finder = finder_of(data, TWO_WHITE)
    monkeypatch.setattr("hemavision.reading.finding.detector.open_detector", lambda name: finder)
    field, job, maps = path_of(data, TWO_WHITE), tmp_path / "job", tmp_path / "maps"
    result = invoke("detect", field, "--job", job, "--to", "jsonl", "--heatmaps", maps)
    assert result.exit_code == 0, result.output
    (row,) = lines_of(job / "table.jsonl")
    expected = read_smear(model, finder, open_image(field).rgb)
    kinds = [cell["kind"] for cell in row["cells"]]
    assert kinds == [cell.kind.value for cell in expected.cells]
    assert row["white_cells"] == kinds.count(CellKind.WHITE.value) == 2
    assert row["detector_sha256"] == finder.reference.sha256
    with Image.open(maps / row["heatmap"]) as picture:
        assert picture.size == (row["width"], row["height"])
        assert NOTICE in picture.info["Description"]


def test_a_list_on_standard_input(cells: Path, tmp_path: Path, fake_model: Model) -> None:
    job = tmp_path / "job"
    listed = "".join(f"{path}\n" for path in sorted(cells.glob("0[1-3].jpg")))
    arguments = ["classify", "-", "--job", str(job), "--to", "csv"]

    def given(text: str) -> Result:
        return CliRunner().invoke(main, arguments, input=text)

    assert "list on standard input is empty" in given("\n").stderr
    assert given(listed).exit_code == 0
    assert (job / "table.csv").read_text().count("\n") == 4
    # The same list goes on, and none at all; another one is refused.
    assert given(listed).exit_code == given("").exit_code == 0
    other = given(listed + str(cells))
    assert other.exit_code == 2
    assert "standard input is not the one that the job was begun with" in other.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("classify", "x", "--to", "csv"), "--actors are about a job"),
        (("classify", "x", "--job", "j", "--json"), "one table instead of --json"),
        (("classify", "x", "--job", "j", "--csv", "x.csv"), "one table instead of --csv"),
        (("detect", "x", "--job", "j", "--coco", "x.json"), "one table instead of --coco"),
        (("classify", "nosuch://x", "--job", "j"), "nothing here reads such URLs"),
        (("jobs", "."), "is no job's folder, and there is none in it"),
    ],
)
def test_wrong_usage_is_said(
    invoke: Invoke,
    fake_model: Model,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    result = invoke(*arguments)
    assert result.exit_code == 2
    assert said in result.stderr


def test_the_words_of_to_are_the_room_s_forms() -> None:
    assert set(FORMS) == set(tables.FORMS)


def test_ctrl_c_says_how_to_go_on(
    invoke: Invoke,
    cells: Path,
    tmp_path: Path,
    fake_model: Model,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    arguments = ("classify", cells, "--job", tmp_path / "job", "--to", "jsonl", "--part", "4")
    real, calls = Model.predict_arrays, []

    def interrupted(self: Model, images: Any) -> Any:
        calls.append(len(images))
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(self, images)

    with monkeypatch.context() as patch:
        patch.setattr(Model, "predict_arrays", interrupted)
        result = invoke(*arguments)
    assert result.exit_code == 130
    said = f"Stopped. What is done is kept in {tmp_path / 'job'}; the same command goes on."
    assert said in result.stderr
    (standing,) = [
        json.loads(line) for line in invoke("jobs", tmp_path, "--json").stdout.splitlines()
    ]
    assert (standing["state"], standing["done"], standing["images"]) == ("stopped", 4, 12)
    assert standing["notice"] == NOTICE
    assert invoke(*arguments).exit_code == 1
    shown = invoke("jobs", tmp_path / "job").stdout
    assert shown.splitlines()[1].split() == ["done", "12", "12", "1", str(tmp_path / "job")]
    assert NOTICE in shown


def test_a_relative_path_is_told_from_where_the_job_began(
    invoke: Invoke,
    cells: Path,
    tmp_path: Path,
    fake_model: Model,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    job = tmp_path / "job"
    monkeypatch.chdir(cells)
    assert invoke("classify", "01.jpg", "--job", job).exit_code == 0
    monkeypatch.chdir(tmp_path)
    result = invoke("classify", "01.jpg", "--job", job)
    assert result.exit_code == 2
    assert f"started in: {cells} there, {tmp_path} here" in result.stderr


def test_a_line_a_minute_in_a_pipe(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now_s)
    following = Following("Images", 1_000_000, 400_000)
    with progress.follow(following) as advance:
        for _ in range(300):
            now_s += 1
            advance(50, 0)
        advance(0, 3)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1 + 300 // 60
    assert lines[0] == "Images: 400,000 of 1,000,000 (40.0%)"
    assert lines[1] == "Images: 403,000 of 1,000,000 (40.3%), 50.0 a second, 3 h 19 min left"
    assert following.said().endswith("3 failed")
    assert [in_words(s) for s in (5, 65, 3700)] == ["5 s", "1 min 05 s", "1 h 01 min"]


def test_a_bar_with_the_pace_on_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with progress.follow(Following("Images", 1000, 400)) as advance:
        advance(100, 0)
    shown = capsys.readouterr().err
    assert "500/1000" in shown
    assert " a second" in shown


@pytest.mark.parametrize("kills", [1, pytest.param(50, marks=pytest.mark.long)])
def test_a_killed_command_ends_as_if_nothing_had_happened(
    cells: Path, tmp_path: Path, kills: int
) -> None:
    """The real command with the shipped model, killed at any time from its start on.

    Always as a process of its own: here networks have one thread, there one a core, and the last
    digit of a sum is that of the number of threads.
    """
    if kills > 1:
        content = encoded(Image.fromarray(smear()), "PNG")
        for number in range(150):
            (cells / f"more-{number:03}.png").write_bytes(content + bytes([number]))

    def arguments(job: str) -> list[str]:
        return ["classify", str(cells), "--job", str(tmp_path / job), "--part", "4"]

    def results(job: str) -> list[bytes]:
        names = ("table.parquet", "errors.jsonl", "inputs.jsonl")
        return [(tmp_path / job / name).read_bytes() for name in names]

    started = time.monotonic()
    assert _lived(arguments("whole"), None)
    longest_s = time.monotonic() - started
    chance, killed = random.Random(kills), 0
    while killed < kills:
        if _lived(arguments("job"), chance.uniform(0, longest_s)):
            assert results("job") == results("whole")
            shutil.rmtree(tmp_path / "job")
        else:
            killed += 1
    assert _lived(arguments("job"), None)
    assert results("job") == results("whole")


def _lived(arguments: list[str], seconds: float | None) -> bool:
    """Run the command, and kill it after so long, if at all; return whether it ended before."""
    command = [sys.executable, "-m", "hemavision", *arguments]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, stdout=quiet, stderr=quiet, env=os.environ)
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
    if process.wait() == -signal.SIGKILL:
        return False
    assert process.returncode == 1
    return True
