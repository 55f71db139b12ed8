"""Images a second: ``classify --job`` beside bare inference of the same photographs.

In a round each way takes all images, and the rounds repeat, so that whatever else the machine does
hits all of them. Bare inference is given decoded images; a job finds the files, opens them a batch
ahead, writes parts of a Parquet table and joins them. Ratios are formed within a round and given
with their range.

    python benchmarks/batch.py --rounds 7 --images 512

Needs the extra ``batch`` and the image sets (HEMAVISION_DATA).
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
import zipfile
from collections.abc import Callable
from itertools import count
from pathlib import Path
from statistics import median

from hemavision.batch.job import open_job
from hemavision.batch.plan import Work
from hemavision.batch.readers import CellReader
from hemavision.images.opening import open_image
from hemavision.reading.cell import Model, open_model
from hemavision.settings import data_folder

PART_IMAGES = 256


def job_of(model: Model, place: Path, folder: Path) -> None:
    """Do a job from nothing."""
    reader, own = CellReader(model), model.reference
    work = Work("classify", (str(place),), None, "parquet", PART_IMAGES, None, reader.schema.name,
                own, own, 100, "benchmark")  # fmt: skip
    with open_job(folder, work, reader, [str(place)]) as job:
        outcome = job.run(lambda done, failed: None)
    assert not outcome.failed, outcome


def ways(files: list[Path], here: Path) -> dict[str, Callable[[], object]]:
    """Return what is timed, by name; the first is what the others are told in."""
    model, numbers = open_model(), count()
    images, archive = here / "images", here / "images.zip"
    images.mkdir()
    with zipfile.ZipFile(archive, "w") as packed:
        for number, path in enumerate(files):
            shutil.copy(path, images / f"{number:06}{path.suffix}")
            packed.write(path, f"{number:06}{path.suffix}")
    decoded = [open_image(path).rgb for path in files]
    return {
        "bare inference": lambda: list(model.predict_arrays(decoded)),
        "job, a folder": lambda: job_of(model, images, here / f"job-{next(numbers)}"),
        "job, a ZIP archive": lambda: job_of(model, archive, here / f"job-{next(numbers)}"),
    }


def main() -> None:
    """Time every way on the same images."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--images", type=int, default=512)
    arguments = parser.parse_args()
    files = sorted((data_folder() / "kaggle_wbc" / "TEST").rglob("*.jpeg"))[: arguments.images]
    with tempfile.TemporaryDirectory() as here:
        chosen = ways(files, Path(here))
        seconds: dict[str, list[float]] = {name: [] for name in chosen}
        for way in chosen.values():
            way()
        for _ in range(arguments.rounds):
            for name, way in chosen.items():
                started = time.perf_counter()
                way()
                seconds[name].append(time.perf_counter() - started)
    bare = seconds["bare inference"]
    print(f"{len(files)} images, {arguments.rounds} rounds after one that is not counted:")
    for name, values in seconds.items():
        ratios = [first / value for first, value in zip(bare, values, strict=True)]
        print(
            f"{name}: {len(files) / median(values):.1f} images a second; {median(ratios):.2f} "
            f"[{min(ratios):.2f}, {max(ratios):.2f}] of bare inference's pace"
        )


if __name__ == "__main__":
    main()
