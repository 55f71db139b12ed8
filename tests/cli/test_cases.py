"""``hemavision cases``: a case from its making to its signature, accounts, tokens."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from fakes import FakeFinder
from fixtures_cases import cells_of
from fixtures_images import cell_png

from hemavision.cli import main
from hemavision.records.results import NOTICE
from hemavision.store import open_store
from hemavision.store.cases import create_case, enter, find_case, list_versions
from hemavision.store.cells import decide
from hemavision.store.images import list_images
from hemavision.store.logins import find_token, log_in
from hemavision.store.records import Change, Entries
from hemavision.store.verification import verify

PASSWORD = "correct horse battery"
Run = Callable[..., Result]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.sqlite"


@pytest.fixture
def run(path: Path, fake_model: object, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run ``hemavision cases``, with an engine that takes no time and a blind detector."""
    monkeypatch.setenv("HEMAVISION_STORE", str(path))
    monkeypatch.setattr(
        "hemavision.reading.finding.detector.open_detector", lambda name: FakeFinder()
    )

    def invoke(*arguments: object, typed: str | None = None) -> Result:
        return CliRunner().invoke(main, ["cases", *map(str, arguments)], input=typed)

    return invoke


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder with two images, one of them twice, a file that is none, and an archive."""
    folder = tmp_path / "slide"
    (folder / "more").mkdir(parents=True)
    for index in range(2):
        (folder / f"{index}.png").write_bytes(cell_png(index))
    shutil.copy(folder / "0.png", folder / "more" / "again.png")
    (folder / "bad.jpg").write_text("no image")
    with zipfile.ZipFile(tmp_path / "more.zip", "w") as archive:
        archive.writestr("in.png", cell_png(2))
        archive.writestr("../evil.png", b"")
    return folder


def test_the_whole_way(run: Run, path: Path, pictures: Path) -> None:
    assert run("create", "Morning", "--slide", "S-17").output == "1\n"
    done = run("import", 1, pictures, pictures.parent / "more.zip")
    assert done.exit_code == 1
    assert "3 images added, 1 were there already." in done.stdout
    assert "bad.jpg: This is text" in done.stderr
    assert "evil.png: its name leads out" in done.stderr
    assert "2 of 6 inputs failed." in done.stderr
    refused = run("sign", 1)
    assert refused.exit_code == 1
    assert "3 cells of case 1 are undecided (1, 2, 3)" in refused.stderr
    store = open_store(path)
    changes = [Change(c.id, c.revision, "blast") for c in cells_of(store, find_case(store, 1))]
    decide(store, 1, changes, "bob")
    assert "3 of 3 cells decided" in run("list", "--search", "morn").stdout
    unnamed = run("--reader", "ann", "sign", 1)
    assert unnamed.exit_code == 1
    assert "critical cells that are not acknowledged: 3 blast" in unnamed.stderr
    assert run("--reader", "ann", "sign", 1, "--acknowledge", "blast").exit_code == 0
    assert list_versions(store, 1)[0].signed_by == "ann"
    assert run("list", "--state", "new").stdout == ""
    shown = run("show", 1).stdout
    assert re.search(r"blast +3 decided +0 suggested", shown)
    assert "signed" in shown
    out = path.parent / "out"
    done = run("export", out, "--signed", "--at-least", 1)
    assert done.stdout == f"{out}: 3 blast\n"
    proved = run("verify", "--json")
    assert proved.exit_code == 0
    head = json.loads(proved.stdout)["head"]
    assert f"Sound: 9 rows, the last one's hash is {head}" in run("verify").stdout
    assert run("verify", "--expect", head).exit_code == 0
    assert run("verify", "--expect", "0" * 64).exit_code == 1
    store.close()


@pytest.mark.parametrize("packed", [False, True])
def test_pictures_of_kinds_that_are_not_read_are_named_and_counted(
    run: Run, tmp_path: Path, packed: bool
) -> None:
    names = (
        "a.heic b.HEIC c.czi d.nd2 e.lif f.jxl g.svs h.dng i.nef j.cr2 k.ndpi l.avif m.jp2 n.psd"
    )
    folder = tmp_path / "slide"
    (folder / "more").mkdir(parents=True)
    for name in names.split():
        (folder / "more" / name).write_bytes(b"whatever is in it")
    (folder / "notes.txt").write_text("no picture, and none of our business")
    if packed:
        shutil.make_archive(str(tmp_path / "slide"), "zip", folder)
    run("create", "Foreign")
    done = run("import", 1, tmp_path / "slide.zip" if packed else folder)
    assert done.exit_code == 1
    assert "0 images added, 0 were there already. 14 files of kinds that are not" in done.stdout
    assert (
        "(AVIF, CZI, HEIC, JPEG 2000, JPEG XL, LIF, ND2, Photoshop, camera raw, whole"
        in done.stdout
    )
    for name in names.split():
        assert f"{name}: " in done.stderr
    assert "c.czi: CZI files are not read. Export the field of view as TIFF" in done.stderr
    assert "notes.txt" not in done.output
    (folder / "more" / "good.png").write_bytes(cell_png(1))
    assert "1 images added" in run("import", 1, folder).stdout
    for command in ("classify", "detect"):
        told = CliRunner().invoke(main, [command, str(folder)])
        assert told.exit_code == 1
        assert "14 of 15 inputs failed." in told.stderr


def test_json_is_one_object_a_line(run: Run, pictures: Path) -> None:
    made = json.loads(run("create", "Morning", "--json").stdout)
    assert (made["id"], made["state"]) == (1, "new")
    lines = run("import", 1, pictures, "--json").stdout.splitlines()
    results = [json.loads(line)["result"] for line in lines]
    assert sorted(results) == ["added", "added", "duplicate", "failed"]
    (listed,) = run("list", "--json").stdout.splitlines()
    assert json.loads(listed)["images"] == 2
    shown = json.loads(run("show", 1, "--json").stdout)
    assert len(shown["images"]) == 2
    assert "notice" in shown


@pytest.mark.parametrize(
    ("arguments", "words", "status"),
    [
        (("import", 7, "."), "There is no case 7", 1),
        (("show", 7), "There is no case 7", 1),
        (("import", 1), "Missing argument", 2),
        (("import", 1, "missing.png", "--kind", "nonsense"), "nonsense", 2),
        (("create", ""), "The name has 0 characters", 1),
        (("--store", "mysql://u@h/d", "list"), "postgresql://", 1),
        (("export", "."), "exists already", 1),
        (("readers", "add", "bob", "--password", "x" * 20), "administrator", 1),
        (("tokens", "add", "nobody", "x"), "no reader 'nobody'", 1),
    ],
)
def test_what_cannot_be_done_is_said(
    run: Run, arguments: tuple[object, ...], words: str, status: int
) -> None:
    run("create", "One")
    done = run(*arguments)
    assert done.exit_code == status
    assert words in done.stderr
    assert "Traceback" not in done.output


def test_a_file_that_is_missing_fails_alone(run: Run, pictures: Path) -> None:
    run("create", "One")
    done = run("import", 1, pictures / "missing.png", pictures / "0.png")
    assert done.exit_code == 1
    assert "missing.png: there is no such file." in done.stderr
    assert "1 images added" in done.stdout


def test_the_same_file_in_another_case_is_said(run: Run, pictures: Path) -> None:
    run("create", "One")
    run("create", "Two")
    run("import", 1, pictures / "0.png")
    assert "0.png is in another case too: 1." in run("import", 2, pictures / "0.png").stderr


def test_without_a_detector_images_are_single_cells(
    run: Run, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("HEMAVISION_STORE", str(tmp_path / "store.sqlite"))
    monkeypatch.setenv("HEMAVISION_DETECTOR", str(tmp_path / "none.onnx"))
    run("create", "One")
    done = run("import", 1, pictures / "0.png")
    assert "There is no detector" in done.stderr
    assert done.exit_code == 0
    assert run("import", 1, pictures / "1.png", "--kind", "field").exit_code == 2


def test_a_wrong_image_is_taken_out(run: Run, path: Path, pictures: Path) -> None:
    run("create", "One")
    run("import", 1, pictures / "0.png", pictures / "1.png")
    assert run("remove", 1, 2).exit_code == 2, "a reason is needed"
    done = run("remove", 1, 2, "--reason", "Another patient's", "--json")
    assert json.loads(done.stdout)["images"] == 1
    missing = run("remove", 1, 2, "--reason", "Again")
    assert (missing.exit_code, missing.stderr) == (1, "Error: Case 1 has no image 2.\n")
    assert verify(open_store(path)).sound


def test_accounts_and_tokens(run: Run, path: Path) -> None:
    made = run("readers", "add", "ann", "--role", "admin", typed=f"{PASSWORD}\n{PASSWORD}\n")
    assert made.exit_code == 0
    assert PASSWORD not in made.output
    assert run("readers", "add", "bob", "--password", PASSWORD).exit_code == 0
    assert run("readers", "list").stdout == "ann: admin\nbob: reader\n"
    run("readers", "role", "bob", "supervisor")
    secret = run("tokens", "add", "bob", "nightly").stdout.strip()
    store = open_store(path)
    found = find_token(store, secret)
    assert found is not None
    assert (found.name, found.role) == ("bob", "supervisor")
    assert "bob: nightly" in run("tokens", "list").stdout
    assert run("tokens", "revoke", 1).exit_code == 0
    assert find_token(store, secret) is None
    run("readers", "password", "bob", "--password", PASSWORD + "!")
    assert log_in(store, "bob", PASSWORD + "!", "here").reader.name == "bob"
    run("readers", "disable", "bob")
    (ann, bob) = map(json.loads, run("readers", "list", "--json").stdout.splitlines())
    assert (ann["disabled"], bob["disabled"]) == (False, True)
    assert "bob: supervisor (disabled)" in run("readers", "list").stdout
    assert run("readers", "enable", "bob").exit_code == 0
    assert "last administrator" in run("readers", "disable", "ann").stderr
    store.close()


def test_a_laboratory_s_own_ranges_are_known_by_the_setting_and_signed(
    run: Run, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab, picture = tmp_path / "lab.toml", tmp_path / "cell.png"
    picture.write_bytes(cell_png(0))
    ranges = "[cell_types.neutrophil]\npercent = [45, 75]"
    lab.write_text(f'name = "our-lab"\ntitle = "Our ranges"\nsource = "Study 1"\n{ranges}\n')
    monkeypatch.setenv("HEMAVISION_REFERENCE", str(lab))
    run("create", "One")
    run("import", 1, picture, "--kind", "cell")
    store = open_store(path)
    enter(store, 1, Entries(profile="our-lab"), "ann")
    decide(
        store, 1, [Change(c.id, 0, "neutrophil") for c in cells_of(store, find_case(store, 1))], "a"
    )
    store.close()
    first, second = tmp_path / "1.html", tmp_path / "2.html"
    assert run("report", 1, first).exit_code == 0
    assert "Our ranges" in first.read_text()
    assert run("sign", 1).exit_code == 0
    monkeypatch.delenv("HEMAVISION_REFERENCE")
    lab.unlink()
    assert run("report", 1, second).exit_code == 0
    assert "Our ranges" in second.read_text()
    assert "45 – 75" in second.read_text()


def test_a_report_is_written_and_nothing_overwritten(run: Run, path: Path, tmp_path: Path) -> None:
    run("create", "One")
    image = tmp_path / "a.png"
    image.write_bytes(cell_png())
    run("import", 1, "--kind", "cell", image)
    store = open_store(path)
    enter(store, 1, Entries(comment="No blasts."), "ann")
    out = tmp_path / "report.html"
    assert run("report", 1, out).exit_code == 0
    assert "No blasts." in out.read_text(encoding="utf-8")
    assert NOTICE in out.read_text(encoding="utf-8")
    assert "was not touched" in run("report", 1, out).stderr
    fhir = tmp_path / "report.json"
    assert run("report", 1, fhir, "--format", "fhir", "--suggestions").exit_code == 0
    assert json.loads(fhir.read_text())["resourceType"] == "DiagnosticReport"
    assert "ends in no format" in run("report", 1, tmp_path / "report.docx").stderr
    assert "no case 7" in run("report", 7, tmp_path / "seven.pdf").stderr
    store.close()


def test_a_killed_import_goes_on_where_it_stopped(path: Path, data: Path) -> None:
    """The command itself with its real model, killed with SIGKILL in the middle."""
    folder = data / "kaggle_wbc" / "TEST" / "MONOCYTE"
    files = [str(file) for file in sorted(folder.iterdir())[:20]]
    command = [sys.executable, "-m", "hemavision", "cases", "--store", str(path)]
    store = open_store(path)
    create_case(store, "One", "", "ann")
    importing = [*command, "import", "1", "--kind", "cell", *files]
    process = subprocess.Popen(importing, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 300
    while len(list_images(store, 1)) < 5 and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    kept = len(list_images(store, 1))
    assert 5 <= kept < len(files)
    assert verify(store).sound
    again = subprocess.run(importing, timeout=300, capture_output=True, text=True, check=False)
    assert again.returncode == 0
    assert f"{len(files) - kept} images added, {kept} were there already." in again.stdout
    case = find_case(store, 1)
    assert (case.images, case.counts.cells) == (len(files), len(files))
    store.close()
