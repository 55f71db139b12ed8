from __future__ import annotations

import csv
import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from bccd_fields import TWO_WHITE, finder_of, path_of, picture, train_fields, true_cells
from click.testing import Result
from fixtures_images import BAD, file_name
from PIL import Image
from pycocotools.coco import COCO

from hemavision import Model
from hemavision.datasets.samples import boxes_of
from hemavision.exports.yolo import CLASSES
from hemavision.reading.field import draw_heatmaps, read_smear
from hemavision.reading.found import Smear
from hemavision.records.results import NOTICE, CellKind

Invoke = Callable[..., Result]


@pytest.fixture
def names(data: Path) -> tuple[str, ...]:
    return (TWO_WHITE, *train_fields(data)[:2])


@pytest.fixture
def known(data: Path, names: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Three real fields, and a detector that knows them by heart."""
    finder = finder_of(data, *names)
    monkeypatch.setattr("hemavision.reading.finding.detector.open_detector", lambda name: finder)
    return [path_of(data, name) for name in names]


def test_json_lines_are_the_package_s_records(
    invoke: Invoke, known: list[Path], model: Model, data: Path
) -> None:
    result = invoke("detect", *known, "--json")
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [line["path"] for line in lines] == list(map(str, known))
    for line, path in zip(lines, known, strict=True):
        expected = read_smear(model, finder_of(data, path.name), picture(data, path.name))
        read = Smear.from_json(line)
        assert read.counts == expected.counts
        assert [cell.box for cell in read.cells] == [cell.box for cell in expected.cells]
        assert line["notice"] == NOTICE


def test_table_for_a_person(invoke: Invoke, known: list[Path], data: Path) -> None:
    result = invoke("detect", *known)
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0].split() == ["white", "red", "platelets", "image"]
    assert lines[-1] == NOTICE
    for path in known:
        (line,) = [line for line in lines if str(path) in line]
        found = true_cells(data, path.name)
        counts = [sum(d.kind is kind for d in found) for kind in CellKind]
        assert [int(word) for word in line.split()[:3]] == counts


def test_what_makes_a_field_doubtful_is_said(
    invoke: Invoke, known: list[Path], tmp_path: Path
) -> None:
    Image.new("RGB", (640, 480)).save(tmp_path / "black.png")
    result = invoke("detect", tmp_path / "black.png")
    assert result.exit_code == 0
    assert "The picture is black." in result.stdout
    assert "No cell was found." in result.stdout


def test_bad_files_are_named_and_the_rest_done(
    invoke: Invoke, known: list[Path], tmp_path: Path, bad_and_odd_images: dict[str, bytes]
) -> None:
    for case in BAD:
        (tmp_path / file_name(case)).write_bytes(bad_and_odd_images[case])
    result = invoke("detect", tmp_path, *known, tmp_path / "nowhere.jpg", "--json")
    assert result.exit_code == 1
    assert len(result.stdout.splitlines()) == len(known)
    for case in BAD:
        assert str(tmp_path / file_name(case)) in result.stderr
    assert result.stderr.splitlines()[-1] == f"{len(BAD) + 1} of {len(BAD) + 4} inputs failed."


def test_every_export_is_read_back(
    invoke: Invoke, known: list[Path], names: tuple[str, ...], data: Path, tmp_path: Path
) -> None:
    result = invoke(
        "detect", *known, "--csv", tmp_path / "c.csv", "--coco", tmp_path / "c.json",
        "--voc", tmp_path / "Annotations", "--yolo", tmp_path / "yolo", "--geojson",
        tmp_path / "qupath",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    total = sum(len(true_cells(data, name)) for name in names)
    with (tmp_path / "c.csv").open(newline="") as stream:
        assert len(list(csv.DictReader(stream))) == total
    assert len(COCO(str(tmp_path / "c.json")).getAnnIds()) == total
    for name in names:
        whites = [d.box for d in true_cells(data, name) if d.kind is CellKind.WHITE]
        assert boxes_of(tmp_path, name, "WBC") == whites
        rows = (tmp_path / "yolo" / name).with_suffix(".txt").read_text().splitlines()
        features = json.loads((tmp_path / "qupath" / name).with_suffix(".geojson").read_text())
        assert len(rows) == len(features["features"]) == len(true_cells(data, name))
    classes = (tmp_path / "yolo" / CLASSES).read_text().splitlines()
    assert classes[:3] == ["white_cell", "red_cell", "platelet"]


def test_two_images_of_one_name_get_two_files(
    invoke: Invoke, known: list[Path], tmp_path: Path
) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "same.jpg").write_bytes(known[0].read_bytes())
    assert invoke("detect", tmp_path, "--voc", tmp_path / "voc").exit_code == 0
    found = {name: (tmp_path / "voc" / name / "same.xml").read_text() for name in ("a", "b")}
    for name, text in found.items():
        assert f"<path>{name}/same.jpg</path>" in text
        assert f"<folder>{name}</folder>" in text
        assert "<filename>same.jpg</filename>" in text


def test_two_images_of_one_stem_are_told_apart_out_loud(
    invoke: Invoke, known: list[Path], tmp_path: Path
) -> None:
    with Image.open(known[0]) as image:
        for name in ("same.jpg", "same.png", "classes.jpg"):
            image.save(tmp_path / name)
    done = invoke("detect", tmp_path, "--yolo", tmp_path / "labels")
    assert done.exit_code == 0
    found = {path.name for path in (tmp_path / "labels").iterdir()}
    assert found == {"classes.txt", "classes.jpg.txt", "same.txt", "same.png.txt"}
    assert "same.png: another file has that name; this one is same.png.txt." in done.stderr


def test_labels_of_other_classes_are_not_renumbered(
    invoke: Invoke, known: list[Path], tmp_path: Path
) -> None:
    labels = tmp_path / "labels"
    assert invoke("detect", known[0], "--yolo", labels).exit_code == 0
    before = {path.name: path.read_bytes() for path in labels.iterdir()}
    done = invoke("detect", known[1], "--yolo", labels, "--model", "unseen-cells")
    assert done.exit_code == 2
    assert "lists other classes than this model's" in done.stderr
    assert {path.name: path.read_bytes() for path in labels.iterdir()} == before
    assert invoke("detect", known[1], "--yolo", labels).exit_code == 0, "the same model goes on"


def test_heatmaps_are_drawn_over_the_field(
    invoke: Invoke, known: list[Path], model: Model, data: Path, tmp_path: Path
) -> None:
    assert invoke("detect", known[0], "--heatmaps", tmp_path / "maps").exit_code == 0
    (path,) = (tmp_path / "maps").iterdir()
    with Image.open(path) as image:
        assert NOTICE in image.text["Description"]
        drawn = np.asarray(image).astype(int)
    rgb = picture(data, TWO_WHITE)
    wanted = draw_heatmaps(rgb, read_smear(model, finder_of(data, TWO_WHITE), rgb))
    assert np.abs(drawn - wanted).max() <= 8


def test_a_file_of_all_fields_appears_whole_or_not_at_all(
    invoke: Invoke, known: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("hemavision.reading.field.read_smear", fail)
    result = invoke("detect", known[0], "--coco", tmp_path / "c.json", "--csv", tmp_path / "c.csv")
    assert result.exit_code == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("option", ["--voc", "--yolo", "--geojson", "--heatmaps"])
def test_a_folder_that_cannot_be_made_is_wrong_usage(
    invoke: Invoke, known: list[Path], tmp_path: Path, option: str
) -> None:
    (tmp_path / "file").write_text("")
    result = invoke("detect", known[0], option, tmp_path / "file" / "folder")
    assert result.exit_code == 2
    assert "Cannot make" in result.stderr


@pytest.mark.parametrize("option", ["--csv", "--coco"])
def test_a_file_that_cannot_be_written_is_wrong_usage(
    invoke: Invoke, known: list[Path], tmp_path: Path, option: str
) -> None:
    result = invoke("detect", known[0], option, tmp_path / "nowhere" / "file")
    assert result.exit_code == 2
    assert "cannot write" in result.stderr


def test_no_such_detector_is_wrong_usage(invoke: Invoke, data: Path) -> None:
    result = invoke("detect", path_of(data, TWO_WHITE), "--detector", "hounds")
    assert result.exit_code == 2
    assert "hounds" in result.stderr


def test_a_bar_on_a_terminal_and_none_in_a_pipe(invoke: Invoke, data: Path) -> None:
    command = [sys.executable, "-m", "hemavision", "detect", str(path_of(data, TWO_WHITE))]
    piped = invoke(*command[3:])
    assert (piped.exit_code, piped.stderr) == (0, "")
    master, slave = pty.openpty()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=slave) as process:
        process.wait(timeout=300)
    os.close(slave)
    shown = os.read(master, 65536)
    os.close(master)
    assert b"Fields" in shown


def test_the_shipped_detector_reads_a_real_field(invoke: Invoke, data: Path) -> None:
    result = invoke("detect", path_of(data, TWO_WHITE), "--json")
    assert result.exit_code == 0
    line = json.loads(result.stdout)
    assert line["detector"]["name"] == "cells"
    assert line["counts"]["red_cell"] >= 8
