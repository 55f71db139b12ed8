"""How far jobs have come, for whoever only looks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from hemavision.batch.job import PARTS, TABLE
from hemavision.batch.lock import LOCK, holder
from hemavision.batch.parts import ERRORS, Parts
from hemavision.batch.plan import read_plan
from hemavision.errors import JobError
from hemavision.records.results import NOTICE

#: The pace is that of the last parts.
RECENT_PARTS = 20


class State(StrEnum):
    """What becomes of a job."""

    LISTING = "listing"
    RUNNING = "running"
    STOPPED = "stopped"
    DONE = "done"


@dataclass(frozen=True)
class Standing:
    """How far a job has come.

    Attributes:
        job: its folder.
        state: what becomes of it.
        command: what it does, ``None`` before its inputs are listed, as all numbers.
        images: inputs, all of them.
        done: inputs of done parts, those that failed too.
        failed: of those, how many could not be read.
        images_a_second: of the last parts, while it runs.
        left_s: seconds that the rest takes at this pace.
        runner: who works on it.
        table: the table's file, once it is there.
    """

    job: str
    state: State
    command: str | None = None
    images: int | None = None
    done: int = 0
    failed: int = 0
    images_a_second: float | None = None
    left_s: float | None = None
    runner: str | None = None
    table: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the record as JSON values, with the research-use notice."""
        return asdict(self) | {"state": self.state.value, "notice": NOTICE}


def find_jobs(folders: Iterable[Path]) -> Iterator[Path]:
    """Yield jobs' folders: those given, and those that lie right in one given.

    Raises:
        JobError: a folder is no job's and has none in it.
    """
    for folder in folders:
        if _is_job(folder):
            yield folder
            continue
        inside = sorted(path.parent for path in folder.glob(f"*/{LOCK}"))
        if not inside:
            raise JobError(f"{folder} is no job's folder, and there is none in it.")
        yield from inside


def standing_of(folder: Path) -> Standing:
    """Return how far the job in a folder has come.

    Raises:
        JobError: its plan cannot be read.
    """
    runner, plan = holder(folder), read_plan(folder)
    if plan is None:
        state = State.LISTING if runner else State.STOPPED
        return Standing(str(folder), state, runner=runner)
    to = plan.work["to"]
    table, parts = folder / f"{TABLE}.{to}", Parts(folder / PARTS, to)
    numbers = parts.done()
    standing = Standing(
        job=str(folder),
        state=State.RUNNING if runner else State.STOPPED,
        command=plan.work["command"],
        images=plan.images,
        done=plan.images_in(numbers),
        failed=sum(parts.failures(number).count("\n") for number in numbers),
        runner=runner,
    )
    if table.exists():
        failed = (folder / ERRORS).read_text(encoding="ascii").count("\n")
        return replace(
            standing, state=State.DONE, done=plan.images, failed=failed, table=str(table)
        )
    pace = _pace(parts, numbers, plan.part_images) if runner else None
    left_s = (plan.images - standing.done) / pace if pace else None
    return replace(standing, images_a_second=pace, left_s=left_s)


def _pace(parts: Parts, numbers: list[int], size: int) -> float | None:
    """Return inputs a second over the last parts, by when they were written."""
    times = [parts.path(number).stat().st_mtime for number in numbers[-RECENT_PARTS:]]
    if len(times) < 2 or times[-1] <= times[0]:
        return None
    return (len(times) - 1) * size / (times[-1] - times[0])


def _is_job(folder: Path) -> bool:
    return (folder / LOCK).is_file()
