"""A job: a folder with its plan, its done parts, its errors and, in the end, its table.

Killed at any moment and begun again by the same command, it goes on at the first part that is not
done, and ends with the same bytes as if nothing had happened.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from typing import Protocol

from hemavision.batch.items import Item
from hemavision.batch.lock import LOCK, held
from hemavision.batch.parts import ERRORS, Parts, whole
from hemavision.batch.plan import (
    INPUTS,
    PLAN,
    Plan,
    Work,
    hold_to,
    items_of,
    make_plan,
    parts_of,
    read_plan,
)
from hemavision.batch.readers import Reader
from hemavision.batch.schema import text_of
from hemavision.batch.slides import SLIDES, gather_slides
from hemavision.batch.tables import Row as RowRead
from hemavision.batch.tables import form_of
from hemavision.batch.worker import Advance, Worker
from hemavision.errors import JobError

TABLE, PARTS = "table", "parts"


@dataclass(frozen=True)
class Outcome:
    """How a job ended.

    Attributes:
        images: inputs, all of them.
        failed: those that could not be read.
        table: the file.
        errors: the file that names what failed.
        slides: the folder of what was found on whole slides; not there where none was read.
    """

    images: int
    failed: int
    table: Path
    errors: Path
    slides: Path


class Runner(Protocol):
    """Does parts of a job, in whatever order."""

    def __call__(self, job: Job, wanted: Collection[int], advance: Advance, /) -> Iterator[str]:
        """Yield, for each part that is wanted, once it is written, what failed of it, as lines."""
        ...


class Job:
    """An open job; nobody else works on it.

    Attributes:
        folder: with everything in it.
        plan: what is to be done.
        parts: of its table.
        reader: what reads photos.
        table: the table's file.
        errors: the file that names what failed.
    """

    def __init__(self, folder: Path, plan: Plan, reader: Reader) -> None:
        """Take the folder, its plan, and what reads photos."""
        self.folder, self.plan, self.reader = folder, plan, reader
        to = plan.work["to"]
        self._form = form_of(to, reader.schema)
        self.parts = Parts(folder / PARTS, to, self._form)
        self.table, self.errors = folder / f"{TABLE}.{to}", folder / ERRORS

    @property
    def done(self) -> int:
        """Inputs of done parts."""
        return self.plan.images if self.table.exists() else self.plan.images_in(self.parts.done())

    def forget_failed(self) -> None:
        """Take back each part in which an input failed: the next run does it again.

        Raises:
            JobError: the parts of a table that is whole were removed.
        """
        done, heatmaps = self.parts.done(), self.plan.work["heatmaps"]
        if self.table.exists() and len(done) < self.plan.parts:
            raise JobError(
                f"{self.parts.folder} no longer has the job's parts: what failed cannot be done "
                "again alone. Give a new folder."
            )
        failed = [number for number in done if self.parts.failures(number)]
        if failed:
            self.table.unlink(missing_ok=True)
        for number in failed:
            if heatmaps:
                rmtree(Path(heatmaps) / f"{number:06}", ignore_errors=True)
            self.parts.path(number).unlink()

    def run(self, advance: Advance, runner: Runner | None = None) -> Outcome:
        """Do what is left.

        Args:
            advance: is told, now and then, how many inputs were done since, and how many of them
                failed.
            runner: does the parts; without one this process does, one after the other.

        Raises:
            PlaceError: a place cannot be reached; all done parts are kept.
            JobError: a slide's reader is not installed.
        """
        if not self.table.exists():
            self.parts.folder.mkdir(exist_ok=True)
            done = self.parts.done()
            self._gather_errors(done)
            wanted = set(range(self.plan.parts)).difference(done)
            for lines in (runner or one_after_the_other)(self, wanted, advance):
                # For whoever looks meanwhile; a line that a kill cut is mended at the start.
                with self.errors.open("a", encoding="ascii") as stream:
                    stream.write(lines)
            self._conclude()
        failed = self.errors.read_text(encoding="ascii").count("\n")
        return Outcome(self.plan.images, failed, self.table, self.errors, self.folder / SLIDES)

    def _conclude(self) -> None:
        """Put together what is done."""
        self.parts.sweep()
        numbers = range(self.plan.parts)
        self._gather_errors(numbers)
        gather_slides(self.folder / SLIDES, self._read_again(), self.plan.work)
        with whole(self.table) as path:
            self._form.join(path, map(self.parts.path, numbers))

    def _read_again(self) -> Iterator[tuple[Item, RowRead | None]]:
        """Yield all items; those that are tiles of slides with their rows, where they have any."""
        for number, lines in parts_of(self.folder, self.plan):
            items = items_of(lines)
            tiled = any(item.tile for item in items)
            rows = self._form.read(self.parts.path(number)) if tiled else iter(())
            row = next(rows, None)
            for item in items:
                if row is not None and row["path"] == text_of(item.name):
                    yield item, row
                    row = next(rows, None)
                else:
                    yield item, None

    def _gather_errors(self, numbers: Iterable[int]) -> None:
        """Write the failures of done parts anew."""
        with whole(self.errors) as path, path.open("w", encoding="ascii") as stream:
            for number in numbers:
                stream.write(self.parts.failures(number))


def one_after_the_other(job: Job, wanted: Collection[int], advance: Advance) -> Iterator[str]:
    """Do parts in this process: a :class:`Runner`."""
    with Worker(job.parts, job.reader, job.plan.work["heatmaps"]) as worker:
        for number, lines in parts_of(job.folder, job.plan):
            if number in wanted:
                yield worker.do(number, items_of(lines), advance)


@contextmanager
def open_job(
    folder: Path, work: Work, reader: Reader, places: Iterable[str], skip: Collection[Path] = ()
) -> Iterator[Job]:
    """Begin a job in a folder, or go on with the one that is there.

    Args:
        folder: the job's; it is made.
        work: what is asked for.
        reader: what reads photos.
        places: what inputs come from, one after the other; read where the job is begun.
        skip: folders to leave out of what is searched.

    Raises:
        JobError: the folder is in use, another job's or no job's at all, or nothing was named.
        PlaceError: a URL's place cannot be reached.
    """
    form_of(work.to, reader.schema)  # what is missing is said before anything is made
    _refuse_strangers(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with held(folder):
        plan = read_plan(folder)
        if plan is None:
            plan = make_plan(folder, work, places, [folder, *skip])
        else:
            hold_to(plan, folder, work, places)
        yield Job(folder, plan, reader)


def _refuse_strangers(folder: Path) -> None:
    if not folder.is_dir() or (folder / PLAN).exists():
        return
    ours = {LOCK, INPUTS, f".{INPUTS}.unfinished", f".{PLAN}.unfinished"}
    others = sorted({path.name for path in folder.iterdir()} - ours)
    if others:
        raise JobError(
            f"{folder} is no job's folder: {others[0]} is in it. Give a new folder or an empty one."
        )
