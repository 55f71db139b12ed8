"""A progress bar on a terminal, none in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


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
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as Remaining

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Remaining())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=count() if callable(count) else count)
        yield lambda steps: bar.advance(task, steps)
