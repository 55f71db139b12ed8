"""A job with an engine that takes no time, and small images, sound and bad."""

from __future__ import annotations

import io
import multiprocessing
import os
import signal
import sys
import tarfile
import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes import FakeEngine
from fixtures_images import encoded
from PIL import Image

from hemavision import Model
from hemavision.batch.job import Outcome, open_job
from hemavision.batch.plan import Work
from hemavision.batch.readers import CellReader
from hemavision.records.results import ModelReference

FORK = multiprocessing.get_context("fork")
#: Side of a small image, in pixels.
SIDE = 20
REFERENCE = ModelReference("fake", "0" * 64)
WORK = Work(
    command="classify",
    paths=("images",),
    started_in=None,
    to="jsonl",
    part_images=4,
    heatmaps=None,
    schema="hemavision.classify/1",
    model=REFERENCE,
    detector=REFERENCE,
    max_megapixels=100,
    hemavision="1",
)
#: Does a job in a folder: what is named, and what differs from :data:`WORK`.
Do = Callable[..., Outcome]


def small_png(number: int) -> bytes:
    """Return a picture of one brightness; each number's differs from the next one's."""
    pixels = np.full((SIDE, SIDE, 3), number * 37 % 256, np.uint8)
    return encoded(Image.fromarray(pixels), "PNG")


def zipped(entries: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def tarred(entries: Mapping[str, bytes], mode: str = "w:gz") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:  # type: ignore[call-overload]
        for name, content in entries.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


@pytest.fixture
def reader() -> CellReader:
    return CellReader(Model(FakeEngine(), REFERENCE))


@pytest.fixture
def do(tmp_path: Path, reader: CellReader) -> Do:
    def run(places: Iterable[object], folder: str = "job", **differing: object) -> Outcome:
        named = tuple(map(str, places))
        work = replace(WORK, paths=named, **differing)  # type: ignore[arg-type]
        with open_job(tmp_path / folder, work, reader, named) as job:
            return job.run(lambda done, failed: None)

    return run


def contents(folder: Path) -> dict[str, bytes]:
    """Everything in a folder but what names the process."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != "lock")
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


# Kills


def in_process(act: Callable[[], int], folder: Path) -> int | None:
    """Return what ``act`` gives in a process of its own, in a folder; None where it was killed."""
    reader, writer = FORK.Pipe(duplex=False)

    def run() -> None:
        os.chdir(folder)
        writer.send(act())

    process = FORK.Process(target=run, daemon=True)
    process.start()
    process.join(timeout=120)
    if process.exitcode == -signal.SIGKILL:
        return None
    assert process.exitcode == 0
    given: int = reader.recv()
    return given


def counted(act: Callable[[], None]) -> int:
    calls = count()
    at_each_call(act, lambda: next(calls))
    return next(calls)


def killed(act: Callable[[], None], after: int) -> int:
    left = count(after, -1)

    def step() -> None:
        if next(left) == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    at_each_call(act, step)
    return 0


def at_each_call(act: Callable[[], None], step: Callable[[], object]) -> None:
    """Do something at each call, of Python's functions and C's, that the room's code makes."""

    def look(frame: Any, event: str, _: object) -> None:
        if "/hemavision/batch/" in frame.f_code.co_filename:
            step()

    sys.setprofile(look)
    try:
        act()
    finally:
        sys.setprofile(None)
