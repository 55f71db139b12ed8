from __future__ import annotations

import errno
import json
import multiprocessing
import os
import random
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from fixtures_images import BAD, file_name
from pyarrow import parquet
from small_disk import Disk, on_a_small_disk

from hemavision.batch import job as jobs
from hemavision.batch.job import Outcome, open_job
from hemavision.batch.lock import held
from hemavision.batch.opening import Opener
from hemavision.batch.readers import Answer, CellReader
from hemavision.batch.standing import State, find_jobs, standing_of
from hemavision.errors import JobError, PlaceError
from hemavision.images.opening import Photo

from .conftest import WORK, Do, contents, counted, in_process, killed, small_png, zipped

FORK = multiprocessing.get_context("fork")
Images = dict[str, bytes]


@pytest.fixture
def images(tmp_path: Path, bad_and_odd_images: Images) -> Path:
    """Ten small images, every bad one, and an archive of three of which one is no image."""
    folder = tmp_path / "images"
    folder.mkdir()
    for number in range(10):
        (folder / f"{number}.png").write_bytes(small_png(number))
    for case in BAD:
        (folder / file_name(case)).write_bytes(bad_and_odd_images[case])
    archive = {"1.png": small_png(11), "2.png": b"nothing", "3.png": small_png(13)}
    (tmp_path / "more.zip").write_bytes(zipped(archive))
    return folder


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="ascii").splitlines()]


def test_every_image_is_a_row_or_an_error(do: Do, images: Path, tmp_path: Path) -> None:
    outcome = do([images, tmp_path / "more.zip", tmp_path / "gone.jpg"])
    assert (outcome.images, outcome.failed) == (18, len(BAD) + 2)
    done = [row["path"] for row in lines_of(outcome.table)]
    sound = [images / f"{number}.png" for number in range(10)]
    assert done == [*map(str, sound), *(f"{tmp_path}/more.zip/{n}.png" for n in (1, 3))]
    failed = {Path(line["path"]).name: line["error"] for line in lines_of(outcome.errors)}
    assert list(failed) == [*sorted(map(file_name, BAD)), "2.png", "gone.jpg"]
    assert failed["text_jpg.jpg"].startswith("This is text (860 bytes)")
    assert "400 megapixels" in failed["bomb_png.png"]
    assert "damaged or cut short" in failed["truncated_jpeg.jpg"]
    assert failed["empty.png"].startswith("The file is empty")
    assert failed["gone.jpg"] == "there is no such file."


def test_one_bad_file_among_many(do: Do, tmp_path: Path) -> None:
    (tmp_path / "many").mkdir()
    for number in range(300):
        content = b"text" if number == 150 else small_png(number)
        (tmp_path / "many" / f"{number:03}.png").write_bytes(content)
    outcome = do([tmp_path / "many"], to="parquet", part_images=64)
    (error,) = lines_of(outcome.errors)
    assert Path(error["path"]).name == "150.png"
    names = parquet.read_table(outcome.table)["path"].to_pylist()
    assert [Path(name).stem for name in names] == [f"{n:03}" for n in range(300) if n != 150]


def test_what_a_row_says(do: Do, images: Path, reader: CellReader, tmp_path: Path) -> None:
    outcome = do([images / "3.png"], heatmaps=str(tmp_path / "maps"))
    (row,) = lines_of(outcome.table)
    assert list(row) == reader.schema.names
    probabilities = {
        n: row[f"p_{n}"] for n in ("neutrophil", "eosinophil", "lymphocyte", "monocyte")
    }
    assert max(probabilities, key=probabilities.__getitem__) == row["cell_type"]
    assert row["confidence"] == max(probabilities.values())
    assert (row["width"], row["height"], row["schema"]) == (20, 20, "hemavision.classify/1")
    assert (tmp_path / "maps" / row["heatmap"]).is_file()


def test_a_done_job_is_not_done_again(do: Do, images: Path, tmp_path: Path) -> None:
    outcome = do([images])
    before = contents(tmp_path / "job")
    shutil.rmtree(images)
    assert do([images]) == outcome
    # The parts are no longer needed then; the table alone says that it is done.
    shutil.rmtree(tmp_path / "job" / "parts")
    assert do([images]) == outcome
    assert contents(tmp_path / "job").items() <= before.items()
    assert standing_of(tmp_path / "job").done == outcome.images


def test_what_failed_is_done_again(
    do: Do, images: Path, reader: CellReader, tmp_path: Path
) -> None:
    """As if it had never failed; the other parts stay."""
    late, maps, parts = images / "late.png", str(tmp_path / "maps"), tmp_path / "job" / "parts"
    places = [images / "0.png", late, *(images / f"{number}.png" for number in range(1, 10))]

    def retry() -> Outcome:
        work = replace(WORK, paths=tuple(map(str, places)), heatmaps=maps)
        with open_job(tmp_path / "job", work, reader, ()) as job:
            job.forget_failed()
            return job.run(lambda done, failed: None)

    def written() -> dict[str, int]:
        return {path.name: path.stat().st_mtime_ns for path in parts.iterdir()}

    assert do(places, heatmaps=maps).failed == 1
    before = written()
    late.write_bytes(small_png(3))
    assert retry().failed == 0
    assert before.items() - written().items() == {
        (name, before[name]) for name in ("000000.jsonl", "000000.errors.jsonl")
    }
    retried = contents(tmp_path / "job"), contents(tmp_path / "maps")
    for folder in ("job", "maps"):
        shutil.rmtree(tmp_path / folder)
    assert do(places, heatmaps=maps).failed == 0
    assert (contents(tmp_path / "job"), contents(tmp_path / "maps")) == retried
    shutil.rmtree(parts)
    with pytest.raises(JobError, match="no longer has the job's parts"):
        retry()


def test_what_is_added_later_is_another_job_s(do: Do, images: Path, tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        do_until(do, images, parts=1)
    (images / "late.png").write_bytes(small_png(99))
    assert do([images]).images == 10 + len(BAD)


def do_until(do: Do, images: Path, parts: int) -> None:
    """Do so many parts of a job, and raise ZeroDivisionError."""
    real, left = jobs.Parts.write, count(parts, -1)

    def write(self: jobs.Parts, *arguments: Any) -> None:
        1 // next(left)
        real(self, *arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jobs.Parts, "write", write)
        do([images])


@pytest.mark.parametrize(
    ("differing", "said"),
    [
        ({"part_images": 5}, "part images: 4 there, 5 here"),
        ({"to": "csv"}, "to: jsonl there, csv here"),
        ({"model": replace(WORK.model, sha256="f" * 64)},
         r"model: fake \(000000000000\) there, fake \(ffffffffffff\) here"),
        ({"heatmaps": "maps"}, "heatmaps: none there, maps here"),
        ({"max_megapixels": 5}, "max megapixels: 100 there, 5 here"),
        ({"command": "detect"}, "command: classify there, detect here"),
    ],
)  # fmt: skip
def test_another_job_is_refused_with_what_differs(
    do: Do, images: Path, tmp_path: Path, differing: dict[str, Any], said: str
) -> None:
    do([images / "1.png"])
    before = contents(tmp_path / "job")
    with pytest.raises(JobError, match=said):
        do([images / "1.png"], **differing)
    with pytest.raises(JobError, match=r"paths: .*1.png there, .*2.png here"):
        do([images / "2.png"])
    assert contents(tmp_path / "job") == before


def test_a_folder_of_something_else_is_refused(do: Do, images: Path, tmp_path: Path) -> None:
    before = contents(images)
    with pytest.raises(JobError, match=r"images is no job's folder: 0.png is in it"):
        do([images], folder="images")
    assert contents(images) == before
    (tmp_path / "job").mkdir()
    (tmp_path / "job" / "plan.json").write_text("[]")
    with pytest.raises(JobError, match="is no job's plan"):
        do([images])


def test_a_job_has_one_runner(do: Do, images: Path, tmp_path: Path) -> None:
    folder = tmp_path / "job"
    folder.mkdir()
    with held(folder):
        said = f"worked on by process {os.getpid()} on"
        with pytest.raises(JobError, match=said):
            do([images])
        assert standing_of(folder).state is State.LISTING
    do([images])
    assert standing_of(folder).runner is None


def test_how_far_jobs_have_come(do: Do, images: Path, tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        do_until(do, images, parts=2)
    (folder,) = find_jobs([tmp_path])
    assert folder == tmp_path / "job"
    times = count(1000, 2)
    for part in sorted((folder / "parts").glob("*.jsonl")):
        os.utime(part, (0, next(times)))
    standing = standing_of(folder)
    assert (standing.state, standing.done, standing.images) == (State.STOPPED, 8, 14)
    with held(folder):
        running = standing_of(folder)
        assert (running.state, running.images_a_second, running.left_s) == (State.RUNNING, 2.0, 3.0)
    do([images])
    done = standing_of(folder)
    assert (done.state, done.done, done.failed) == (State.DONE, 14, len(BAD))
    assert done.to_json()["table"] == str(folder / "table.jsonl")
    with pytest.raises(JobError, match="is no job's folder, and there is none in it"):
        list(find_jobs([images]))


def test_an_image_that_the_model_fails_on(
    do: Do, images: Path, reader: CellReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = CellReader.read

    def read(self: CellReader, photos: Sequence[Photo]) -> Iterator[Answer]:
        if any(photo.rgb[0, 0, 0] == 3 * 37 for photo in photos):
            raise RuntimeError("out of memory")
        return real(self, photos)

    monkeypatch.setattr(CellReader, "read", read)
    outcome = do([images / f"{number}.png" for number in range(6)])
    (error,) = lines_of(outcome.errors)
    assert error == {"path": str(images / "3.png"),
                     "error": "the model failed on it (RuntimeError: out of memory)."}  # fmt: skip
    assert len(lines_of(outcome.table)) == 5


def test_a_place_that_is_gone_loses_nothing(
    do: Do, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = [f"file://{images}/{number}.png" for number in range(10)]
    expected = do(places, folder="other").table.read_bytes()
    real, left = Opener._photo, count(5, -1)

    def photo(self: Opener, fetched: Any) -> Photo:
        if not next(left):
            raise PlaceError("the server is gone.")
        return real(self, fetched)

    with monkeypatch.context() as patch:
        patch.setattr(Opener, "_photo", photo)
        with pytest.raises(PlaceError):
            do(places)
    assert do(places).table.read_bytes() == expected


@pytest.mark.parametrize("stride", [6, pytest.param(1, marks=pytest.mark.long)])
def test_on_a_full_disk_nothing_is_lost(do: Do, images: Path, tmp_path: Path, stride: int) -> None:
    """Full after ever more pages: the same command goes on, and ends with the same bytes."""
    places = [images, tmp_path / "more.zip"]
    expected = do(places, folder="whole", to="csv", heatmaps=str(tmp_path / "maps"))
    folder = tmp_path / "small"
    folder.mkdir()

    def act(disk: Disk) -> None:
        for failures in count():
            disk.leave(stride * failures)
            job = {"folder": str(folder / "job"), "to": "csv", "heatmaps": str(folder / "maps")}
            try:
                outcome = do(places, **job)
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
            else:
                break
            finally:
                disk.make_room()
            if failures % 2:  # half of them go on where there was no room, half begin anew
                shutil.rmtree(folder / "job", ignore_errors=True)
                shutil.rmtree(folder / "maps", ignore_errors=True)
        assert failures > 2
        table, whole = (o.table.read_text().splitlines() for o in (outcome, expected))
        assert table == whole
        assert lines_of(outcome.errors) == lines_of(expected.errors)
        assert len(list((folder / "maps").rglob("*.png"))) == 12

    on_a_small_disk(folder, act)


def test_names_that_are_not_text(do: Do, images: Path) -> None:
    odd = images / os.fsdecode(b"\xff\n.png")
    (images / "1.png").rename(odd)
    outcome = do([odd], to="parquet")
    assert parquet.read_table(outcome.table)["path"].to_pylist() == [f"{images}/\\udcff\n.png"]


# Kills


@pytest.mark.parametrize("kills", [4, pytest.param(50, marks=pytest.mark.long)])
@pytest.mark.parametrize("to", ["parquet", pytest.param("csv", marks=pytest.mark.long)])
def test_a_killed_job_ends_as_if_nothing_had_happened(
    do: Do, images: Path, tmp_path: Path, kills: int, to: str
) -> None:
    """Killed at any call that the room makes, over and over, until enough kills came to pass."""
    places = [images, tmp_path / "more.zip"]

    def work(name: str) -> None:
        do(places, folder=name, to=to, heatmaps="maps")

    calls = in_process(lambda: counted(lambda: work("whole")), tmp_path)
    expected = contents(tmp_path / "whole"), contents(tmp_path / "maps")
    assert len(expected[1]) == 12
    shutil.rmtree(tmp_path / "maps")
    chance, deaths = random.Random(kills), 0
    while deaths < kills:
        after = chance.randrange(1, calls + 1)
        if in_process(lambda after=after: killed(lambda: work("job"), after), tmp_path) is None:
            deaths += 1
        else:
            assert (contents(tmp_path / "job"), contents(tmp_path / "maps")) == expected
            shutil.rmtree(tmp_path / "job")
    in_process(lambda: counted(lambda: work("job")), tmp_path)
    assert (contents(tmp_path / "job"), contents(tmp_path / "maps")) == expected
