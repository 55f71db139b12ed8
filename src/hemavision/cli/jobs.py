"""``hemavision jobs``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from hemavision.batch.standing import Standing


@click.command()
@click.argument("folders", nargs=-1, type=click.Path(file_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line and job.")
def jobs(folders: tuple[Path, ...], as_json: bool) -> None:
    """Say which jobs run, how far they have come, and what is left.

    FOLDERS are those given with --job to `classify` and `detect`, or folders that hold such;
    without any, the current one. A job is listing (its inputs), running, stopped (the
    command that it was begun with goes on) or done.

    With --json each line has job, state, command, images, done, failed, images_a_second, left_s,
    runner and table.

    For research use only. Not for use in diagnostic procedures.
    """
    from hemavision.batch.standing import find_jobs, standing_of
    from hemavision.errors import JobError
    from hemavision.records.results import NOTICE

    try:
        found = [standing_of(folder) for folder in find_jobs(folders or (Path(),))]
    except JobError as error:
        raise click.UsageError(str(error)) from error
    if as_json:
        for standing in found:
            click.echo(json.dumps(standing.to_json()))
        return
    click.echo(f"{'state':<9}{'done':>12}{'of':>12}{'failed':>9}{'left':>12}  job")
    for standing in found:
        click.echo(_line(standing))
    click.echo(NOTICE)


def _line(standing: Standing) -> str:
    from hemavision.cli.outputs import printable
    from hemavision.cli.progress import in_words

    images = "" if standing.images is None else f"{standing.images:,}"
    left = "" if standing.left_s is None else in_words(standing.left_s)
    numbers = f"{standing.done:>12,}{images:>12}{standing.failed:>9,}{left:>12}"
    runner = f" ({standing.runner})" if standing.runner else ""
    return f"{standing.state.value:<9}{numbers}  {printable(standing.job)}{runner}"
