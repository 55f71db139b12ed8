"""A job: a folder with its plan, its done parts, its errors and, in the end, its table.

Killed at any moment and begun again by the same command, it goes on at the first part that is not
done, and ends with the same bytes as if nothing had happened.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from hemavision.batch.items import Item
from hemavision.batch.lock import LOCK, held
from hemavision.batch.opening import Opener
from hemavision.batch.parts import ERRORS, Failure, Parts, whole
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
from hemavision.batch.readers import Answer, Reader, Row
from hemavision.batch.schema import joined, text_of
from hemavision.batch.slides import SLIDES, gather_slides
from hemavision.batch.tables import Row as RowRead
from hemavision.batch.tables import form_of
from hemavision.errors import JobError
from hemavision.images.opening import Photo
from hemavision.records.results import NOTICE

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


class Job:
    """An open job; nobody else works on it."""

    def __init__(self, folder: Path, plan: Plan, reader: Reader) -> None:
        """Take the folder, its plan, and what reads photos."""
        self.plan, self._folder, self._reader = plan, folder, reader
        to = plan.work["to"]
        self._form = form_of(to, reader.schema)
        self._parts = Parts(folder / PARTS, to, self._form)
        heatmaps = plan.work["heatmaps"]
        self._heatmaps = Path(heatmaps) if heatmaps else None
        self.table, self.errors = folder / f"{TABLE}.{to}", folder / ERRORS

    @property
    def done(self) -> int:
        """Inputs of done parts."""
        return self.plan.images if self.table.exists() else self.plan.images_in(self._parts.done())

    def run(self, advance: Callable[[int, int], None]) -> Outcome:
        """Do what is left.

        Args:
            advance: is told, now and then, how many inputs were done since, and how many of them
                failed.

        Raises:
            PlaceError: a place cannot be reached; all done parts are kept.
            JobError: a slide's reader is not installed.
        """
        slides = self._folder / SLIDES
        if self.table.exists():
            failed = self.errors.read_text(encoding="ascii").count("\n")
            return Outcome(self.plan.images, failed, self.table, self.errors, slides)
        self._parts.folder.mkdir(exist_ok=True)
        done = set(self._parts.done())
        failed = self._gather_errors(done)
        with Opener() as opener:
            for number, lines in parts_of(self._folder, self.plan):
                if number not in done:
                    failed += self._do(number, items_of(lines), opener, advance)
        gather_slides(slides, self._read_again(), self.plan.work)
        with whole(self.table) as path:
            self._form.join(path, map(self._parts.path, range(self.plan.parts)))
        return Outcome(self.plan.images, failed, self.table, self.errors, slides)

    def _read_again(self) -> Iterator[tuple[Item, RowRead | None]]:
        """Yield all items; those that are tiles of slides with their rows, where they have any."""
        for number, lines in parts_of(self._folder, self.plan):
            items = items_of(lines)
            tiled = any(item.tile for item in items)
            rows = self._form.read(self._parts.path(number)) if tiled else iter(())
            row = next(rows, None)
            for item in items:
                if row is not None and row["path"] == text_of(item.name):
                    yield item, row
                    row = next(rows, None)
                else:
                    yield item, None

    def _gather_errors(self, done: Iterable[int]) -> int:
        """Write the failures of done parts anew; return how many there are."""
        failed = 0
        with whole(self.errors) as path, path.open("w", encoding="ascii") as stream:
            for number in sorted(done):
                text = self._parts.failures(number)
                failed += text.count("\n")
                stream.write(text)
        return failed

    def _do(
        self, number: int, items: list[Item], opener: Opener, advance: Callable[[int, int], None]
    ) -> int:
        """Do a part; return how many of it failed."""
        rows: list[Row] = []
        failures: list[Failure] = []
        for batch in opener.open_in_batches(items):
            failed = len(failures)
            for item, photo, answer in self._answered(batch):
                if photo is None or isinstance(answer, str):
                    failures.append(Failure(item.name, str(answer)))
                else:
                    picture = self._draw(f"{number:06}/{len(rows):06}", item, answer)
                    rows.append(self._row(item, photo, answer) | {"heatmap": picture})
            advance(len(batch), len(failures) - failed)
        self._parts.write(number, rows, failures)
        # For whoever looks while the job runs; a line that a kill cut is mended at the start.
        with self.errors.open("a", encoding="ascii") as stream:
            stream.write("".join(failure.to_line() for failure in failures))
        return len(failures)

    def _answered(
        self, batch: Sequence[tuple[Item, Photo | str]]
    ) -> Iterator[tuple[Item, Photo | None, Answer | str]]:
        """Yield each item with its answer, or in words why there is none."""
        answers = iter(self._read([photo for _, photo in batch if isinstance(photo, Photo)]))
        for item, photo in batch:
            if isinstance(photo, str):
                yield item, None, photo
            else:
                yield item, photo, next(answers)

    def _read(self, photos: list[Photo]) -> list[Answer | str]:
        try:
            return list(self._reader.read(photos))
        except Exception:  # whatever it is, one image must not end a night's work
            return [self._read_alone(photo) for photo in photos]

    def _read_alone(self, photo: Photo) -> Answer | str:
        try:
            (answer,) = self._reader.read([photo])
        except Exception as error:
            return f"the model failed on it ({type(error).__name__}: {error})."
        return answer

    def _row(self, item: Item, photo: Photo, answer: Answer) -> Row:
        return answer.row | {
            "path": text_of(item.name),
            "notes": joined(photo.notes),
            "schema": self._reader.schema.name,
            "notice": NOTICE,
        }

    def _draw(self, place: str, item: Item, answer: Answer) -> str | None:
        """Draw a heatmap where they are wanted; return its name in their folder."""
        if self._heatmaps is None:
            return None
        stem = re.sub(r"[^\w.-]", "_", PurePosixPath(item.name).stem, flags=re.ASCII)[:100]
        name = f"{place}-{stem}.png"
        path = self._heatmaps / name
        path.parent.mkdir(parents=True, exist_ok=True)
        notes = PngInfo()
        notes.add_text("Description", f"Grad-CAM of {answer.about}. {NOTICE}")
        Image.fromarray(answer.drawn()).save(path, compress_level=1, pnginfo=notes)
        return name


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
