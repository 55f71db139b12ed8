"""A progress bar on a terminal, none in a pipe; of a job, a line a minute there."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import click

#: Seconds between two lines about a job in a pipe.
LINE_S = 60.0


@contextmanager
def progress(what: str, count: int | Callable[[], int] | None) -> Iterator[Callable[[int], None]]:
    """Give ``advance(steps)``.

    Args:
        what: the bar's title.
        count: of steps, None where nobody knows it, or what gives it: called only where there
            is a bar to show.
    """
    if not sys.stderr.isatty():
        yield lambda steps: None
        return
    with _bar() as bar:
        task = bar.add_task(what, total=count() if callable(count) else count)
        yield lambda steps: bar.advance(task, steps)


@contextmanager
def bars() -> Iterator[Callable[[str], Callable[[int, int], None]]]:
    """Give what begins a bar, by its title, and returns its ``show(done, total)``."""
    if not sys.stderr.isatty():
        yield lambda title: lambda done, total: None
        return
    with _bar() as shown:

        def start(title: str) -> Callable[[int, int], None]:
            task = shown.add_task(title, total=None)
            return lambda done, total: shown.update(task, completed=done, total=total)

        yield start


def _bar(*more: Any) -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as Remaining

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), *more)
    return Progress(*columns, Remaining(), console=Console(stderr=True), transient=True)


@dataclass
class Following:
    """How far something long has come.

    Attributes:
        what: is counted.
        count: of all.
        done: so far, what earlier runs did too.
        failed: in this run.
    """

    what: str
    count: int
    done: int
    failed: int = 0
    _begun: int = field(init=False)
    _started_s: float = field(init=False)

    def __post_init__(self) -> None:
        self._begun, self._started_s = self.done, time.monotonic()

    @property
    def pace(self) -> float:
        """How many a second, in this run."""
        return (self.done - self._begun) / max(time.monotonic() - self._started_s, 1e-9)

    def said(self) -> str:
        """Say it in a line."""
        share = 100 * self.done / max(self.count, 1)
        line = f"{self.what}: {self.done:,} of {self.count:,} ({share:.1f}%)"
        if self.pace > 0:
            left = in_words((self.count - self.done) / self.pace)
            line += f", {self.pace:.1f} a second, {left} left"
        return line + (f", {self.failed:,} failed" if self.failed else "")


@contextmanager
def follow(following: Following) -> Iterator[Callable[[int, int], None]]:
    """Give ``advance(done, failed)``: a bar with pace on a terminal, or now and then a line."""
    if sys.stderr.isatty():
        from rich.progress import TextColumn

        with _bar(TextColumn("{task.fields[pace]}")) as bar:
            task = bar.add_task(
                following.what, total=following.count, completed=following.done, pace=""
            )

            def show() -> None:
                pace = f"{following.pace:.1f} a second"
                bar.update(task, completed=following.done, pace=pace)

            yield _counting(following, show)
        return
    click.echo(following.said(), err=True)
    said_s = time.monotonic()

    def tell() -> None:
        nonlocal said_s
        if time.monotonic() - said_s >= LINE_S:
            said_s = time.monotonic()
            click.echo(following.said(), err=True)

    yield _counting(following, tell)


def _counting(following: Following, show: Callable[[], None]) -> Callable[[int, int], None]:
    def advance(done: int, failed: int) -> None:
        following.done += done
        following.failed += failed
        show()

    return advance


def in_words(seconds: float) -> str:
    """Return a time as a person says it, such as ``2 h 05 min``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours:,} h {minutes:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"
