"""A bucket of a real S3-compatible server on this machine (moto's)."""

from __future__ import annotations

import random
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from hemavision.batch import remote
from hemavision.errors import PlaceError

from .conftest import Do, contents, small_png, tarred, zipped
from .test_job import lines_of

COUNT = 12


@pytest.fixture(scope="module")
def bucket(s3: Any) -> str:
    """A bucket of twelve images, one bad, one hidden, with a ZIP and a tar archive."""
    s3.mkdir("smears")
    for number in range(COUNT):
        s3.pipe_file(f"smears/day {number % 2}/{number:02}.png", small_png(number))
    archived = {"1.png": small_png(20), "2.png": small_png(21)}
    for name, content in {
        "day 0/bad.png": b"",
        "day 0/.note.png": b"x",
        "day 0/list.csv": b"x",
        "more.zip": zipped(archived),
        "more.tar": tarred(archived, "w"),
    }.items():
        s3.pipe_file(f"smears/{name}", content)
    return "s3://smears"


def test_a_bucket_becomes_a_table(
    do: Do, bucket: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(remote, "PAGE", 3)
    outcome = do([bucket, f"{bucket}/more.*"])
    assert outcome.images == COUNT + 5
    paths = [row["path"] for row in lines_of(outcome.table)]
    days = sorted(range(COUNT), key=lambda number: (number % 2, number))
    entries = [f"{bucket}/more.{kind}/{n}.png" for kind in ("tar", "zip") for n in (1, 2)]
    assert paths == [*(f"{bucket}/day {n % 2}/{n:02}.png" for n in days), *entries]
    (error,) = lines_of(outcome.errors)
    assert error["path"] == f"{bucket}/day 0/bad.png"
    assert error["error"].startswith("The file is empty")
    named = [f"{bucket}/day 1", f"{bucket}/day 0/00.png", f"{bucket}/gone.png", "s3://none/x"]
    some = do(named, folder="some")
    assert some.images == COUNT // 2 + 3
    said = {line["path"]: line["error"] for line in lines_of(some.errors)}
    assert said == dict.fromkeys(named[2:], "there is no such file.")


def test_a_connection_that_breaks_loses_nothing(
    do: Do, bucket: str, s3: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    expected = do([bucket], folder="whole")
    monkeypatch.setattr(remote, "WAITS_S", (0.0,))
    real, chance, calls = remote._system_of, random.Random(1), count()

    class Breaking:
        """The bucket, but now and then, and from some read on for good, the connection breaks."""

        def __init__(self, system: Any) -> None:
            self.system = system

        def __getattr__(self, name: str) -> Any:
            return getattr(self.system, name)

        def open(self, *arguments: Any, **options: Any) -> Any:
            if chance.random() < 0.1 or next(calls) > COUNT // 2:
                raise OSError("connection reset by peer")
            return self.system.open(*arguments, **options)

    def system_of(place: str) -> tuple[Any, str]:
        system, path = real(place)
        return Breaking(system), path

    with monkeypatch.context() as patch:
        patch.setattr(remote, "_system_of", system_of)
        with pytest.raises(PlaceError, match=r"s3://smears/.*cannot be reached \(connection reset"):
            do([bucket])
    assert do([bucket]).failed == expected.failed
    assert contents(tmp_path / "job") == contents(tmp_path / "whole")
