"""Does parts of a job: opens their inputs, has them read, writes their rows and pictures."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path, PurePosixPath

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from hemavision.batch.items import Item
from hemavision.batch.opening import Opener
from hemavision.batch.parts import Failure, Parts, whole
from hemavision.batch.readers import Answer, Reader, Row
from hemavision.batch.schema import joined, text_of
from hemavision.images.opening import Photo
from hemavision.records.results import NOTICE

#: Is told, now and then, how many inputs were done since, and how many of them failed.
Advance = Callable[[int, int], None]


class Worker(AbstractContextManager["Worker"]):
    """Does one part after the other; what the last one was read from stays open."""

    def __init__(self, parts: Parts, reader: Reader, heatmaps: str | None) -> None:
        """Take where parts go, what reads photos, and the folder of pictures, if any."""
        self._parts, self._reader, self._opener = parts, reader, Opener()
        self._heatmaps = Path(heatmaps) if heatmaps else None

    def __exit__(self, *_: object) -> None:
        """Close what is open."""
        self._opener.__exit__()

    def do(self, number: int, items: list[Item], advance: Advance) -> str:
        """Do a part; return the lines about what failed of it.

        Raises:
            PlaceError: a place cannot be reached; nothing of the part is kept.
            JobError: a slide's reader is not installed.
        """
        rows: list[Row] = []
        failures: list[Failure] = []
        for batch in self._opener.open_in_batches(items):
            failed = len(failures)
            for item, photo, answer in self._answered(batch):
                if photo is None or isinstance(answer, str):
                    failures.append(Failure(item.name, str(answer)))
                else:
                    picture = self._draw(f"{number:06}/{len(rows):06}", item, answer)
                    rows.append(self._row(item, photo, answer) | {"heatmap": picture})
            advance(len(batch), len(failures) - failed)
        self._parts.write(number, rows, failures)
        return "".join(failure.to_line() for failure in failures)

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
        picture = Image.fromarray(answer.drawn())
        with whole(path, self._parts.mark, lasting=False) as unfinished:
            picture.save(unfinished, "PNG", compress_level=1, pnginfo=notes)
        return name
