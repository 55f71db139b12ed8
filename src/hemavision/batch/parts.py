"""Files that are there whole or not at all, and the parts of a table."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hemavision.batch.tables import Form

ERRORS, UNFINISHED = "errors.jsonl", "unfinished"


@contextmanager
def whole(path: Path, mark: str = "", *, lasting: bool = True) -> Iterator[Path]:
    """Give a name to write to; when all is written, the file gets the name that it shall have.

    Without a mark the other name is always the same: what a killed process left there is written
    over.

    Args:
        path: of the file.
        mark: of whoever writes, where others may write the same file at the same time.
        lasting: whether the name stands for content that outlives a power cut, too.
    """
    unfinished = path.with_name(f".{path.name}.{mark}{UNFINISHED}")
    yield unfinished
    if lasting:
        with unfinished.open("rb") as stream:
            os.fsync(stream.fileno())
    unfinished.replace(path)


@dataclass(frozen=True)
class Failure:
    """An input that could not be read: its name, and why."""

    path: str
    error: str

    def to_line(self) -> str:
        """Return the record as a line of JSON, pure ASCII."""
        return json.dumps({"path": self.path, "error": self.error}) + "\n"


class Parts:
    """The parts of a job's table, in a folder of theirs.

    A part with failures has a file of them beside it, which is there before the part is: the part's
    name is what says that it is done, and nothing of a done part is ever written again.
    """

    def __init__(self, folder: Path, suffix: str, form: Form | None = None, mark: str = "") -> None:
        """Take the folder, the word that ends the parts' names, what writes them, and its mark."""
        self.folder, self.mark, self._suffix, self._form = folder, mark, suffix, form

    def done(self) -> list[int]:
        """Return the numbers of the parts that are done, in order."""
        if not self.folder.is_dir():
            return []
        names = [path.name for path in self.folder.glob(f"[0-9]*.{self._suffix}")]
        return sorted(int(name.split(".")[0]) for name in names if not name.endswith(ERRORS))

    def path(self, number: int) -> Path:
        """Return a part's file."""
        return self.folder / f"{number:06}.{self._suffix}"

    def write(self, number: int, rows: Sequence[Any], failures: Sequence[Failure]) -> None:
        """Write a part, its failures first."""
        assert self._form is not None
        if failures:
            with whole(self._errors(number), self.mark) as path:
                text = "".join(failure.to_line() for failure in failures)
                path.write_text(text, encoding="ascii")
        else:
            self._errors(number).unlink(missing_ok=True)  # of a try that did not end
        with whole(self.path(number), self.mark) as path:
            self._form.write(path, rows)

    def sweep(self) -> None:
        """Remove what killed processes left behind."""
        for path in self.folder.glob(f".*{UNFINISHED}"):
            path.unlink(missing_ok=True)

    def failures(self, number: int) -> str:
        """Return the lines about what failed of a done part."""
        path = self._errors(number)
        return path.read_text(encoding="ascii") if path.exists() else ""

    def _errors(self, number: int) -> Path:
        return self.folder / f"{number:06}.{ERRORS}"
