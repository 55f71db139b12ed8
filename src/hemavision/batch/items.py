"""One input of a job: where it lies and what it is called in the table."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Item:
    """One image, or what stands for one that cannot be read.

    Attributes:
        name: a path, a URL, or an archive's with the entry's name behind it.
        archive: the archive that it lies in; ``None`` for a file of its own.
        entry: its place among the archive's entries.
        error: why it fails whatever is done; empty for an image that is to be opened.
    """

    name: str
    archive: str | None = None
    entry: int | None = None
    error: str = ""

    def to_line(self) -> str:
        """Return the record as a line of JSON, pure ASCII, without what it lacks."""
        return json.dumps({k: v for k, v in asdict(self).items() if v not in (None, "")}) + "\n"

    @classmethod
    def from_line(cls, line: str) -> Item:
        """Rebuild what :meth:`to_line` wrote."""
        return cls(**json.loads(line))
