"""One input of a job: where it lies and what it is called in the table."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

import msgspec

from hemavision.reading.slide import SlideTile


@dataclass(frozen=True)
class Item:
    """One image, or what stands for one that cannot be read.

    Attributes:
        name: a path, a URL, an archive's with the entry's name behind it, or a slide's with the
            tile's place behind it.
        archive: the archive that it lies in; ``None`` for a file of its own.
        entry: its place among the archive's entries; of a tile, its slide's among the slides.
        slide: the whole slide that it is a tile of.
        tile: which one.
        error: why it fails whatever is done; empty for an image that is to be opened.
    """

    name: str
    archive: str | None = None
    entry: int | None = None
    slide: str | None = None
    tile: SlideTile | None = None
    error: str = ""

    def to_line(self) -> str:
        """Return the record as a line of JSON, pure ASCII, without what it lacks."""
        return json.dumps({k: v for k, v in asdict(self).items() if v not in (None, "")}) + "\n"

    @classmethod
    def from_line(cls, line: str) -> Item:
        """Rebuild what :meth:`to_line` wrote."""
        # Not decoded by msgspec: names may hold what is no text.
        return msgspec.convert(json.loads(line), cls)
