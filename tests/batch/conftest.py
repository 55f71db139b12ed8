"""A job with an engine that takes no time, and small images, sound and bad."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

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
