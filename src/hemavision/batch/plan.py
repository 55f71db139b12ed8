"""What a job is to do: written once, before anything is done, and held to ever after."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from hemavision.batch.items import Item
from hemavision.batch.parts import whole
from hemavision.batch.sources import Slides, find_items
from hemavision.errors import JobError
from hemavision.records.results import NOTICE, ModelReference

PLAN, INPUTS = "plan.json", "inputs.jsonl"
#: Of the record in :data:`PLAN`.
VERSION = 1


@dataclass(frozen=True)
class Work:
    """What a command line asks for: everything that the table's bytes follow from.

    Attributes:
        command: ``"classify"`` or ``"detect"``.
        paths: as given.
        started_in: the folder that paths are told from; ``None`` where none is relative.
        to: the table's form.
        part_images: inputs a part.
        heatmaps: the folder of pictures, if any are wanted.
        schema: the table's name and version.
        model: that names cells.
        detector: that finds them.
        max_megapixels: the largest image that is opened.
        hemavision: the version of the program.
        um_per_px: side of a pixel in µm of the slides that do not say it.
    """

    command: str
    paths: tuple[str, ...]
    started_in: str | None
    to: str
    part_images: int
    heatmaps: str | None
    schema: str
    model: ModelReference
    detector: ModelReference
    max_megapixels: int
    hemavision: str
    um_per_px: float | None = None

    def differences(self, other: dict[str, Any]) -> list[str]:
        """Say in words where another job's record, as JSON values, asks for something else."""
        mine = _as_json(asdict(self))
        return [
            f"{name.replace('_', ' ')}: {_shown(other.get(name))} there, {_shown(value)} here"
            for name, value in mine.items()
            if other.get(name) != value
        ]


@dataclass(frozen=True)
class Plan:
    """A job's plan, as it is kept.

    Attributes:
        work: as JSON values.
        images: inputs, those that cannot be read too.
        places_sha256: of what was named, a line each; of a list on standard input, its lines.
    """

    work: dict[str, Any]
    images: int
    places_sha256: str

    @property
    def parts(self) -> int:
        """How many parts there are; the last may be smaller."""
        return -(-self.images // self.part_images)

    @property
    def part_images(self) -> int:
        """Inputs a part."""
        return int(self.work["part_images"])

    def images_in(self, parts: Iterable[int]) -> int:
        """Return how many inputs parts have, by their numbers."""
        size = self.part_images
        return sum(min(size, self.images - number * size) for number in parts)


def read_plan(folder: Path) -> Plan | None:
    """Return the plan in a job's folder; ``None`` where there is none yet.

    Raises:
        JobError: it cannot be read, or another version of the program made it.
    """
    path = folder / PLAN
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        if values["version"] != VERSION:
            raise JobError(f"{path} is a plan of another kind than this program makes.")
        return Plan(values["work"], values["images"], values["places_sha256"])
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise JobError(f"{path} is no job's plan ({error!r}). Give another folder.") from error


def make_plan(folder: Path, work: Work, places: Iterable[str], skip: Collection[Path] = ()) -> Plan:
    """List all inputs and write the plan of them; nothing of it is kept if this is cut short.

    Args:
        folder: the job's.
        work: what is asked for.
        places: what inputs come from, one after the other.
        skip: folders to leave out.

    Raises:
        JobError: nothing was named, or a slide does not say how large its pixels are.
        PlaceError: a URL's place cannot be reached.
    """
    digest = hashlib.sha256()
    with whole(folder / INPUTS) as path, path.open("w", encoding="ascii") as stream:
        images = 0
        slides = Slides(work.um_per_px) if work.command == "detect" else None
        for item in find_items(_digested(places, digest), skip, slides):
            stream.write(item.to_line())
            images += 1
    if not images:
        raise JobError("Nothing was named: the list on standard input is empty.")
    plan = Plan(_as_json(asdict(work)), images, digest.hexdigest())
    with whole(folder / PLAN) as path:
        values = {"version": VERSION} | asdict(plan) | {"notice": NOTICE}
        path.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")
    return plan


def hold_to(plan: Plan, folder: Path, work: Work, places: Iterable[str]) -> None:
    """Refuse work that is not the plan's.

    Args:
        plan: of the job.
        folder: the job's, for messages.
        work: what is asked for.
        places: what was on standard input; with nothing there, the plan's list holds.

    Raises:
        JobError: something differs, with what.
    """
    differing = work.differences(plan.work)
    if not differing and "-" in work.paths:
        digest = hashlib.sha256()
        read = sum(1 for _ in _digested(places, digest))
        if read >= len(work.paths) and digest.hexdigest() != plan.places_sha256:
            differing = ["the list on standard input is not the one that the job was begun with"]
    if differing:
        raise JobError(
            f"{folder} holds another job ({'; '.join(differing)}). Give the command that it was "
            "begun with, or another folder."
        )


def parts_of(folder: Path, plan: Plan) -> Iterator[tuple[int, list[str]]]:
    """Yield each part's number and its lines of inputs, for :meth:`Item.from_line`."""
    with (folder / INPUTS).open(encoding="ascii") as stream:
        for number in range(plan.parts):
            yield number, list(islice(stream, plan.part_images))


def places_of_parts(folder: Path, plan: Plan) -> Iterator[tuple[int, Item]]:
    """Yield where in the list of inputs each part begins, in bytes, and its first item."""
    with (folder / INPUTS).open("rb") as stream:
        for _ in range(plan.parts):
            place = stream.tell()
            first, *_ = islice(stream, plan.part_images)
            yield place, Item.from_line(first.decode("ascii"))


def lines_at(folder: Path, plan: Plan, place: int) -> list[str]:
    """Return a part's lines by where in the list of inputs they begin, in bytes."""
    with (folder / INPUTS).open(encoding="ascii") as stream:
        stream.seek(place)
        return list(islice(stream, plan.part_images))


def items_of(lines: Iterable[str]) -> list[Item]:
    """Return a part's items."""
    return [Item.from_line(line) for line in lines]


def _digested(places: Iterable[str], digest: Any) -> Iterator[str]:
    for place in places:
        digest.update(place.encode("utf-8", "surrogateescape") + b"\n")
        yield place


def _as_json(values: dict[str, Any]) -> dict[str, Any]:
    """Return values as JSON gives them back."""
    read: dict[str, Any] = json.loads(json.dumps(values))
    return read


def _shown(value: Any) -> str:
    if isinstance(value, dict) and "sha256" in value:
        return f"{value['name']} ({value['sha256'][:12]})"
    if isinstance(value, list):
        return " ".join(map(str, value)) if len(value) < 8 else f"{len(value):,} paths"
    return "none" if value is None else str(value)
