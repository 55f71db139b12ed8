"""``hemavision jobs``, and ``--job``: what commands do with images beyond counting."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

if TYPE_CHECKING:
    from hemavision.batch.cluster import Networks
    from hemavision.batch.job import Job, Outcome, Runner
    from hemavision.batch.plan import Work
    from hemavision.batch.readers import Reader
    from hemavision.batch.standing import Standing
    from hemavision.records.results import ModelReference

FORMS = ("parquet", "csv", "jsonl")
#: The cluster's address where there is none.
NO_CLUSTER = "none"
#: Inputs a part: what a kill may cost, some ten seconds of cells and a minute or two of fields.
PART_IMAGES = {"classify": 256, "detect": 64}
#: What a shell gives a command that Ctrl C has ended.
INTERRUPTED = 130

_OPTIONS = (
    click.option(
        "--job",
        type=click.Path(file_okay=False, path_type=Path),
        help="Keep what is done in this folder, with one table of all in the end: whatever was "
        "killed meanwhile, the same command goes on. PATHS may then be archives, patterns, URLs, "
        "and - for a list on standard input.",
    ),
    click.option(
        "--to", type=click.Choice(FORMS), help="Form of a job's table.  [default: parquet]"
    ),
    click.option(
        "--part",
        type=click.IntRange(min=1),
        metavar="N",
        help="Images that a job writes at once; what a kill costs at most.",
    ),
    click.option(
        "--retry-failed",
        is_flag=True,
        help="Do the parts in which images failed again, such as those that were not there yet.",
    ),
    click.option(
        "--cluster",
        metavar="ADDRESS",
        help="Do the job on a Ray cluster: auto, local or HOST:PORT; none is this machine alone. "
        "HEMAVISION_RAY_ADDRESS otherwise.",
    ),
    click.option(
        "--actors",
        type=click.IntRange(min=1),
        metavar="N",
        help="Copies of the networks on the cluster.  [default: one a core]",
    ),
)


@dataclass(frozen=True)
class JobOptions:
    """What a command line says about a job.

    Attributes:
        folder: ``None`` where there is no job.
        to: the table's form.
        part_images: inputs a part.
        retry_failed: whether parts with inputs that failed are done again.
        cluster: the address; ``None`` for the setting's.
        actors: at most, on the cluster.
    """

    folder: Path | None
    to: str | None
    part_images: int | None
    retry_failed: bool
    cluster: str | None
    actors: int | None

    @property
    def address(self) -> str | None:
        """The cluster's address; ``None`` for this machine alone."""
        from hemavision import settings

        address = self.cluster or settings.text("ray_address")
        return None if address == NO_CLUSTER else address


def job_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of jobs."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def taken(given: dict[str, Any], instead: Iterable[str]) -> JobOptions:
    """Take the options of jobs out of what a command was given.

    Args:
        given: all options; those of jobs are removed.
        instead: options that a job has its table instead of.

    Raises:
        click.UsageError: some do not go together.
    """
    names = ("job", "to", "part", "retry_failed", "cluster", "actors")
    options = JobOptions(*(given.pop(name) for name in names))
    if options.folder is None and any(vars(options).values()):
        raise click.UsageError(
            "--to, --part, --retry-failed, --cluster and --actors are about a job: give --job "
            "FOLDER as well."
        )
    if options.actors and options.address is None:
        raise click.UsageError("--actors is about a cluster: give --cluster ADDRESS as well.")
    if options.folder is not None:
        for name in instead:
            if given[name]:
                option = {"as_json": "json", "csv_file": "csv"}.get(name, name)
                raise click.UsageError(
                    f"A job has one table instead of --{option}; --to chooses its form."
                )
    return options


def make_ready(options: JobOptions) -> None:
    """Do what helps a job and has to be done before its model is opened."""
    from hemavision.images.memory import LARGE_BYTES, give_back_what_is_large

    if options.folder:
        give_back_what_is_large(LARGE_BYTES)


def run_job(
    options: JobOptions, paths: tuple[str, ...], heatmaps: Path | None, reads: Reads
) -> NoReturn:
    """Do a job and end the program: status 0, 1 where inputs failed, 130 after Ctrl C.

    Raises:
        click.UsageError: the job cannot be begun or gone on with as it was asked for.
    """
    from hemavision.batch.job import open_job
    from hemavision.batch.plan import PLAN
    from hemavision.errors import JobError, PlaceError

    assert options.folder is not None
    work = _work(options, paths, heatmaps, reads)
    skip = [heatmaps] if heatmaps else []
    begun = (options.folder / PLAN).exists()
    try:
        with ExitStack() as stack:
            runner = stack.enter_context(_connected(options, reads))
            if not begun:
                click.echo("Listing the inputs.", err=True)
            places = _places(paths)
            job = stack.enter_context(open_job(options.folder, work, reads.reader, places, skip))
            begun = True
            if options.retry_failed:
                job.forget_failed()
            outcome = _followed(job, runner)
    except JobError as error:
        raise click.UsageError(str(error)) from error
    except (PlaceError, OSError) as error:
        raise click.ClickException(f"{error} {_how_to_go_on(options.folder, begun)}") from error
    except KeyboardInterrupt:
        click.echo(f"\nStopped. {_how_to_go_on(options.folder, begun)}", err=True)
        sys.exit(INTERRUPTED)
    _tell(outcome)
    sys.exit(1 if outcome.failed else 0)


@dataclass(frozen=True)
class Reads:
    """Who reads the images of a job.

    Attributes:
        command: that asks.
        reader: what it reads with.
        model: whose weights name cells.
        detector: whose weights find them.
        bundles: the files of both.
        um_per_px: side of a pixel in µm of the slides that do not say it.
    """

    command: str
    reader: Reader
    model: ModelReference
    detector: ModelReference
    bundles: tuple[Path, Path]
    um_per_px: float | None = None


def reference_of(bundle: Path) -> ModelReference:
    """Return which bundle a file is, without opening it."""
    from hemavision.reading.bundle import sha256_of
    from hemavision.records.results import ModelReference

    return ModelReference(bundle.stem, sha256_of(bundle.read_bytes()))


@contextmanager
def _connected(options: JobOptions, reads: Reads) -> Iterator[Runner | None]:
    """Give what does the parts: a cluster, or nothing for this process."""
    if options.address is None:
        yield None
        return
    from hemavision.batch.cluster import connected

    with connected(options.address, options.actors, _networks(reads)) as cluster:
        # Ray ends a process whose cluster is gone before that can say another word.
        click.echo(
            f"On the Ray cluster at {options.address}, by {cluster.actors} actors at most. Should "
            "the cluster itself be lost, this command ends; the same command goes on.",
            err=True,
        )
        yield cluster


def _networks(reads: Reads) -> Networks:
    from hemavision.batch.cluster import Networks
    from hemavision.errors import JobError
    from hemavision.reading.bundle import sha256_of

    model, detector = (path.read_bytes() for path in reads.bundles)
    if (sha256_of(model), sha256_of(detector)) != (reads.model.sha256, reads.detector.sha256):
        raise JobError(f"{reads.bundles[0]} or {reads.bundles[1]} was changed just now. Try again.")
    return Networks(model, detector)


def _work(options: JobOptions, paths: tuple[str, ...], heatmaps: Path | None, reads: Reads) -> Work:
    from hemavision import __version__, settings
    from hemavision.batch.plan import Work
    from hemavision.batch.remote import is_url

    named = (*paths, *([str(heatmaps)] if heatmaps else []))
    is_relative = any(not (is_url(name) or Path(name).is_absolute()) for name in named)
    return Work(
        command=reads.command,
        paths=paths,
        started_in=str(Path.cwd()) if is_relative else None,
        to=options.to or FORMS[0],
        part_images=options.part_images or PART_IMAGES[reads.command],
        heatmaps=str(heatmaps) if heatmaps else None,
        schema=reads.reader.schema.name,
        model=reads.model,
        detector=reads.detector,
        max_megapixels=settings.whole_number("max_megapixels"),
        hemavision=__version__,
        um_per_px=reads.um_per_px,
    )


def _places(paths: tuple[str, ...]) -> Iterator[str]:
    """Yield what is named, the lines of standard input in place of ``-``."""
    for path in paths:
        if path != "-":
            yield path
        elif not sys.stdin.isatty():
            lines = (os.fsdecode(line).rstrip("\r\n") for line in sys.stdin.buffer)
            yield from (line for line in lines if line)


def _followed(job: Job, runner: Runner | None) -> Outcome:
    from hemavision.cli.progress import Following, follow

    with follow(Following("Images", job.plan.images, job.done)) as advance:
        return job.run(advance, runner)


def _how_to_go_on(folder: Path, begun: bool) -> str:
    from hemavision.cli.outputs import printable

    if not begun:
        return "Nothing was done yet; the same command begins anew."
    return f"What is done is kept in {printable(str(folder))}; the same command goes on."


def _tell(outcome: Outcome) -> None:
    from hemavision.cli.outputs import printable
    from hemavision.records.results import NOTICE

    click.echo(f"{outcome.images - outcome.failed:,} images: {printable(str(outcome.table))}")
    if outcome.slides.is_dir():
        click.echo(f"Whole slides: {printable(str(outcome.slides))}")
    if outcome.failed:
        errors = printable(str(outcome.errors))
        click.echo(
            f"{outcome.failed:,} of {outcome.images:,} inputs failed: {errors} says why.", err=True
        )
    click.echo(NOTICE)


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
