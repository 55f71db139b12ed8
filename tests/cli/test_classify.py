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
from click.testing import Result
from fixtures_images import BAD, ODD, encoded, file_name, smear
from PIL import Image

from hemavision import Model
from hemavision.cli.outputs import overlay_name, printable
from hemavision.cli.runner import find_images, open_in_batches
from hemavision.images import batches
from hemavision.images.opening import open_image
from hemavision.reading.explaining import overlay
from hemavision.records.results import NOTICE

Invoke = Callable[..., Result]
Command = Callable[..., subprocess.CompletedProcess[bytes]]
Images = dict[str, bytes]
KEYS = [
    "path",
    "cell_type",
    "confidence",
    "probabilities",
    "status",
    "morphology",
    "model",
    "milliseconds",
    "familiarity",
    "reasons",
    "notes",
]


def records(output: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in output.splitlines()]


def test_json_lines_have_the_contracts_keys_in_order(invoke: Invoke, folder: Path) -> None:
    result = invoke("classify", folder, "--json")
    assert result.exit_code == 0
    assert result.stderr == ""
    lines = records(result.stdout)
    assert [list(line) for line in lines] == [KEYS] * 3
    assert [line["path"] for line in lines] == [
        str(folder / "cell.jpg"),
        str(folder / "a" / "UPPER.JPG"),
        str(folder / "a" / "b" / "cell.jpg"),
    ]
    assert set(lines[0]["model"]) == {"name", "sha256"}


def test_same_numbers_as_the_package(invoke: Invoke, folder: Path, model: Model) -> None:
    path = folder / "cell.jpg"
    (line,) = records(invoke("classify", path, "--json").stdout)
    expected = model.predict(path)[0].to_json()
    assert line["probabilities"] == pytest.approx(expected["probabilities"], abs=1e-5)
    for key in ("cell_type", "status", "model", "morphology"):
        assert line[key] == expected[key]


def test_real_cells_are_answered(invoke: Invoke, data: Path) -> None:
    result = invoke("classify", data / "kaggle_wbc" / "TEST_SIMPLE" / "LYMPHOCYTE", "--json")
    assert len(records(result.stdout)) == 6


def test_table_for_a_person(invoke: Invoke, folder: Path, bad_and_odd_images: Images) -> None:
    (folder / "moving.gif").write_bytes(bad_and_odd_images["animated_gif"])
    result = invoke("classify", folder)
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0].split() == ["cell", "type", "sure", "trust", "image"]
    assert lines[-1] == NOTICE
    assert any("moving.gif (" in line and "first of several frames" in line for line in lines)
    assert len(lines) == 6


def test_every_bad_and_odd_image(
    invoke: Invoke, tmp_path: Path, bad_and_odd_images: Images, model: Model
) -> None:
    for case in (*BAD, *ODD):
        (tmp_path / file_name(case)).write_bytes(bad_and_odd_images[case])
    result = invoke("classify", tmp_path, "--json")
    assert result.exit_code == 1
    done = {Path(str(line["path"])).name: line for line in records(result.stdout)}
    assert set(done) == {file_name(case) for case in ODD}
    errors = result.stderr.splitlines()
    assert errors[-1] == f"{len(BAD)} of {len(BAD) + len(ODD)} inputs failed."
    for case in BAD:
        (line,) = [line for line in errors if file_name(case) in line]
        assert line.startswith(f"{tmp_path / file_name(case)}: ")
    for case in ODD:
        expected = model.predict(bad_and_odd_images[case])[0].probabilities
        assert done[file_name(case)]["probabilities"] == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("count", [60, pytest.param(500, marks=pytest.mark.long)])
def test_one_bad_file_among_many(
    invoke: Invoke, fake_model: Model, tmp_path: Path, bad_and_odd_images: Images, count: int
) -> None:
    bad = count // 2
    for number in range(count):
        (tmp_path / f"{number:03}.png").write_bytes(bad_and_odd_images["rgba_png"])
    (tmp_path / f"{bad:03}.png").write_bytes(bad_and_odd_images["text_jpg"])
    result = invoke("classify", tmp_path, "--json")
    assert result.exit_code == 1
    assert [Path(str(line["path"])).stem for line in records(result.stdout)] == [
        f"{number:03}" for number in range(count) if number != bad
    ]
    assert f"{tmp_path / f'{bad:03}.png'}: This is text" in result.stderr
    assert f"1 of {count} inputs failed." in result.stderr


def test_what_is_not_there_is_named_and_the_rest_done(invoke: Invoke, folder: Path) -> None:
    (folder / "empty").mkdir()
    (folder / "empty" / "labels.csv").write_text("path,label\n")
    gone = folder / "gone.jpg"
    result = invoke("classify", gone, folder / "empty", folder / "cell.jpg", "--json")
    assert result.exit_code == 1
    assert len(records(result.stdout)) == 1
    assert f"{gone}: there is no such file." in result.stderr
    assert f"{folder / 'empty'}: there is no image in this folder." in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--model", "no-such-model", "x.jpg"),
        ("--model", "pyproject.toml", "x.jpg"),
        ("--no-such-option", "x.jpg"),
        ("--csv", "no-such-folder/out.csv", "x.jpg"),
        ("--heatmaps", "pyproject.toml", "x.jpg"),
    ],
)
def test_wrong_usage_is_status_2(invoke: Invoke, arguments: tuple[str, ...]) -> None:
    result = invoke("classify", *arguments)
    assert result.exit_code == 2
    assert "Error: " in result.stderr
    assert result.stdout == ""


def test_settings_reach_the_command(invoke: Invoke, folder: Path) -> None:
    image = folder / "cell.jpg"
    limit = {"HEMAVISION_MAX_MEGAPIXELS": "many"}
    result = invoke("classify", image, environment=limit)
    assert result.exit_code == 2
    assert "HEMAVISION_MAX_MEGAPIXELS is 'many'" in result.stderr
    seed = invoke("classify", image, "--json", environment={"HEMAVISION_MODEL": "seed"})
    assert records(seed.stdout)[0]["model"]["name"] == "seed"  # type: ignore[index]
    option = invoke("classify", image, "--json", "--model", "seed")
    assert records(option.stdout)[0]["model"] == records(seed.stdout)[0]["model"]


def test_names_that_are_not_utf8(command: Command, tmp_path: Path, data: Path) -> None:
    name = b"smear-\xe9\xff \xce\xb1.jpg"
    folder = os.fsencode(tmp_path)
    image = next((data / "kaggle_wbc" / "TEST_SIMPLE" / "MONOCYTE").iterdir())
    Path(os.fsdecode(folder + b"/" + name)).write_bytes(image.read_bytes())
    broken = Path(os.fsdecode(folder + b"/broken-\xff.png"))
    broken.write_bytes(b"")
    table = tmp_path / "out.csv"
    result = command("classify", folder, "--json", "--csv", table, "--heatmaps", tmp_path / "maps")
    assert result.returncode == 1
    (line,) = result.stdout.splitlines()
    assert line.isascii()
    assert os.fsencode(json.loads(line)["path"]) == folder + b"/" + name
    assert b"broken-\\xff.png: The file is empty" in result.stderr
    (row,) = csv.DictReader(table.read_text(encoding="utf-8").splitlines())
    assert row["path"].endswith("smear-\\xe9\\xff α.jpg")
    assert len(list((tmp_path / "maps").iterdir())) == 1
    for locale in ("C.UTF-8", "POSIX"):
        shown = command("classify", folder + b"/" + name, environment={"LC_ALL": locale})
        assert shown.returncode == 0, shown.stderr
        assert b"smear-\\xe9\\xff" in shown.stdout


def test_a_name_cannot_command_the_terminal(
    invoke: Invoke, tmp_path: Path, bad_and_odd_images: Images, fake_model: Model
) -> None:
    (tmp_path / "\x1b[2Jgood\nline.jpg").write_bytes(bad_and_odd_images["good_jpeg"])
    (tmp_path / "\x1b[2Jbad.jpg").write_bytes(b"")
    result = invoke("classify", tmp_path)
    assert "\x1b" not in result.stdout + result.stderr
    assert "\\x1b[2Jgood\\nline.jpg" in result.stdout
    assert "\\x1b[2Jbad.jpg: The file is empty" in result.stderr
    assert printable("α 山 x.jpg") == "α 山 x.jpg"


def test_csv_holds_what_json_says(invoke: Invoke, folder: Path, tmp_path: Path) -> None:
    table = tmp_path / "out.csv"
    lines = records(invoke("classify", folder, "--json", "--csv", table).stdout)
    with table.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["path"] for row in rows] == [line["path"] for line in lines]
    for row, line in zip(rows, lines, strict=True):
        assert row["cell_type"] == line["cell_type"]
        for name, probability in line["probabilities"].items():  # type: ignore[attr-defined]
            assert float(row[f"p_{name}"]) == probability
    assert {path.name for path in tmp_path.iterdir()} == {"smears", "out.csv"}


def test_csv_is_whole_or_as_it_was(
    invoke: Invoke, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = tmp_path / "out.csv"
    table.write_text("before")

    def break_off(self: Model, images: object) -> object:
        raise KeyboardInterrupt

    monkeypatch.setattr(Model, "predict_arrays", break_off)
    result = invoke("classify", folder, "--csv", table)
    assert result.exit_code == 1
    assert table.read_text() == "before"
    assert {path.name for path in tmp_path.iterdir()} == {"smears", "out.csv"}


def test_heatmaps_lie_over_the_images(
    invoke: Invoke, folder: Path, tmp_path: Path, model: Model
) -> None:
    maps = tmp_path / "maps" / "new"
    assert invoke("classify", folder, "--heatmaps", maps).exit_code == 0
    assert len(list(maps.iterdir())) == 3  # two of the three images have one name
    path = folder / "cell.jpg"
    with Image.open(maps / overlay_name(path)) as picture:
        drawn = np.asarray(picture)
        assert NOTICE in picture.info["Description"]
    prediction = model.predict(path)[0]
    expected = overlay(open_image(path).rgb, prediction.heatmap(), prediction.box)
    assert np.abs(drawn.astype(int) - expected.astype(int)).max() <= 2


def test_heatmaps_inside_the_folder_are_not_classified(
    invoke: Invoke, folder: Path, fake_model: Model
) -> None:
    maps = folder / "maps"
    for _ in range(2):
        result = invoke("classify", folder, "--json", "--heatmaps", maps)
        assert len(records(result.stdout)) == 3
        assert len(list(maps.iterdir())) == 3


def test_no_name_leads_out_of_the_heatmaps_folder(
    invoke: Invoke, folder: Path, tmp_path: Path, bad_and_odd_images: Images, fake_model: Model
) -> None:
    names = ["..\\..\\evil.jpg", "%2e%2e%2fevil.jpg", "....jpg", "x" * 250 + ".jpg"]
    for name in names:
        (folder / name).write_bytes(bad_and_odd_images["good_jpeg"])
    given = [folder / name for name in names] + [folder / "a" / ".." / "cell.jpg"]
    result = invoke("classify", *given, "--heatmaps", tmp_path / "maps")
    assert result.exit_code == 0, result.stderr
    assert len(list((tmp_path / "maps").iterdir())) == 5
    assert {path.name for path in tmp_path.iterdir()} == {"smears", "maps"}


def test_other_systems_notes_are_left_alone(folder: Path) -> None:
    (folder / "._cell.jpg").write_bytes(b"resource fork")
    (folder / "Thumbs.db").write_bytes(b"thumbnails")
    (folder / ".git").mkdir()
    (folder / ".git" / "x.png").write_bytes(b"")
    assert len(list(find_images([folder]))) == 3


def test_a_link_back_up_does_not_loop(folder: Path) -> None:
    (folder / "a" / "up").symlink_to(folder)
    assert len(list(find_images([folder]))) == 3


def test_images_are_opened_only_a_batch_ahead(folder: Path) -> None:
    taken = []

    def endless() -> object:
        while True:
            taken.append(1)
            yield folder / "cell.jpg"

    ahead = open_in_batches(endless())  # type: ignore[arg-type]
    assert len(next(ahead)) == batches.BATCH_IMAGES
    assert len(next(ahead)) == batches.BATCH_IMAGES
    assert len(taken) <= 3 * batches.BATCH_IMAGES
    ahead.close()  # type: ignore[attr-defined]


def test_large_images_come_in_smaller_batches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "BATCH_PIXELS", 300_000)
    large = tmp_path / "large.jpg"
    large.write_bytes(encoded(Image.fromarray(smear()).resize((500, 400)), "JPEG"))
    sizes = [len(batch) for batch in open_in_batches([large] * 5)]
    assert sizes == [2, 2, 1]


def test_a_closed_pipe_ends_quietly(folder: Path, data: Path) -> None:
    source = data / "kaggle_wbc" / "TEST_SIMPLE"
    with subprocess.Popen(
        [sys.executable, "-m", "hemavision", "classify", str(source), "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline().startswith(b'{"path"')
        process.stdout.close()
        errors = process.stderr.read()
    assert b"Traceback" not in errors


def test_a_bar_on_a_terminal_and_none_in_a_pipe(command: Command, folder: Path) -> None:
    assert command("classify", folder).stderr == b""
    screen, terminal = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "hemavision", "classify", str(folder), "--json"],
        stdout=subprocess.PIPE,
        stderr=terminal,
        timeout=120,
        check=True,
        env=os.environ | {"TERM": "xterm", "COLUMNS": "80"},
    )
    os.close(terminal)
    shown = b""
    try:
        while chunk := os.read(screen, 4096):
            shown += chunk
    except OSError:  # how a pseudo-terminal says that the other end is closed
        pass
    os.close(screen)
    assert b"Images" in shown
    assert b"3/3" in shown
    assert len(done.stdout.splitlines()) == 3


def test_heatmaps_that_cannot_be_written_are_said(
    invoke: Invoke, folder: Path, tmp_path: Path, fake_model: Model
) -> None:
    maps = tmp_path / "maps"
    (maps / overlay_name(folder / "cell.jpg")).mkdir(parents=True)  # where the file should go
    result = invoke("classify", folder, "--heatmaps", maps)
    assert result.exit_code == 1
    assert "Error: " in result.stderr


def test_libraries_remarks_stay_off_stderr(
    command: Command, tmp_path: Path, bad_and_odd_images: Images
) -> None:
    broken_exif = encoded(Image.fromarray(smear()), "JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff")
    (tmp_path / "exif.jpg").write_bytes(broken_exif)
    tiff = bytearray(bad_and_odd_images["tiff_16bit_rgb"])
    tiff[8:40] = b"\xff" * 32
    (tmp_path / "tags.tif").write_bytes(tiff)
    result = command("classify", tmp_path, "--json")
    assert len(result.stdout.splitlines()) == 1
    lines = result.stderr.decode().splitlines()
    assert len(lines) == 2
    assert lines[0].startswith(f"{tmp_path / 'tags.tif'}: TIFF image")
    assert lines[1] == "1 of 2 inputs failed."


def test_what_was_done_to_open_an_image_is_told_everywhere(
    invoke: Invoke, tmp_path: Path, bad_and_odd_images: dict[str, bytes]
) -> None:
    path = tmp_path / "moving.gif"
    path.write_bytes(bad_and_odd_images["animated_gif"])
    table = tmp_path / "answers.csv"
    done = invoke("classify", path, "--json", "--csv", table)
    (record,) = records(done.stdout)
    assert record["notes"]
    with table.open(newline="") as stream:
        (row,) = csv.DictReader(stream)
    assert row["notes"] == "; ".join(map(str, record["notes"]))
    (field,) = records(invoke("detect", path, "--json").stdout)
    assert field["notes"] == record["notes"]


def test_no_file_name_becomes_a_formula(
    invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    bad_and_odd_images: dict[str, bytes],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    name = "=HYPERLINK(1).jpg"
    Path(name).write_bytes(bad_and_odd_images["good_jpeg"])
    for command in ("classify", "detect"):
        assert invoke(command, name, "--csv", "out.csv").exit_code == 0
        with Path("out.csv").open(newline="") as stream:
            assert {row["path"] for row in csv.DictReader(stream)} == {f"'{name}"}
