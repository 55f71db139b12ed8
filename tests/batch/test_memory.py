"""How much memory a job takes, in a process of its own with all that it imports."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import small_png

#: Images a folder.
FOLDER = 5000
#: What a process holds at most, in bytes, whatever the number of images.
MOST_BYTES = 300_000_000
#: A job of small images by the engine that takes no time, after the shipped model has read one.
PROGRAM = """
import re, sys
from pathlib import Path
import numpy
from hemavision import Model, open_model
from hemavision.batch.job import open_job
from hemavision.images.memory import give_back_what_is_large
from hemavision.batch.plan import Work
from hemavision.batch.readers import CellReader
from fakes import FakeEngine
from hemavision.records.results import ModelReference

images, folder = map(Path, sys.argv[1:])
give_back_what_is_large(128 * 1024)
# The shipped model is there, and has read something, though another one reads these images.
shipped = open_model()
shipped.predict(numpy.full((240, 320, 3), 200, numpy.uint8))
reference = ModelReference("fake", "0" * 64)
reader = CellReader(Model(FakeEngine(), reference))
work = Work("classify", (str(images),), None, "parquet", 256, None, reader.schema.name, reference,
            reference, 100, "1")
with open_job(folder, work, reader, [str(images)]) as job:
    outcome = job.run(lambda done, failed: None)
# What the system says of a child's peak may be its parent's; this is its own.
status = Path("/proc/self/status").read_text()
most_bytes = int(re.search(r"VmHWM:\\s+(\\d+) kB", status)[1]) * 1024
print(outcome.images - outcome.failed, most_bytes)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
@pytest.mark.parametrize("count", [1500, pytest.param(100_000, marks=pytest.mark.long)])
def test_memory_does_not_grow_with_the_images(tmp_path: Path, count: int) -> None:
    images = tmp_path / "images"
    contents = [small_png(number) for number in range(256)]
    for number in range(count):
        path = images / f"{number // FOLDER:03}" / f"{number:06}.png"
        if number % FOLDER == 0:
            path.parent.mkdir(parents=True)
        path.write_bytes(contents[number % 256])
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(images), str(tmp_path / "job")],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])},
        timeout=1500,
    )
    assert done.returncode == 0, done.stderr
    read, most_bytes = map(int, done.stdout.split())
    assert read == count
    print(f"{count:,} images: {most_bytes / 1e6:.0f} MB at most")
    assert most_bytes <= MOST_BYTES
