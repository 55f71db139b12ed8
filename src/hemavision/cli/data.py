"""``hemavision data``: list, verify, download."""

from __future__ import annotations

import json
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from hemavision.datasets.download import Request
    from hemavision.datasets.image_set import ImageSet

#: Columns that the list of the sets takes, those of the narrowest terminal in use.
WIDTH = 80

_FOLDER = click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the image sets; HEMAVISION_DATA otherwise.",
)


@click.group()
def data() -> None:
    """List, check and fetch the public image sets, for training and tests."""


@data.command("list")
@_FOLDER
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line and set.")
def list_(folder: Path | None, as_json: bool) -> None:
    """List the image sets: what, licence, citation, address, and whether they are here."""
    from hemavision.datasets.catalogue import CATALOGUE

    root = _root(folder)
    for image_set in CATALOGUE:
        here = (root / image_set.name).is_dir()
        if as_json:
            click.echo(json.dumps(_record(image_set, here)))
        else:
            click.echo(_text(image_set, here))


@data.command()
@click.argument("names", nargs=-1)
@_FOLDER
def verify(names: tuple[str, ...], folder: Path | None) -> None:
    """Check the sets NAMES, all by default: counts, labels, contents, every image opened.

    Every problem is named on stderr; the exit status is then 1.
    """
    from hemavision.cli.outputs import printable
    from hemavision.cli.progress import progress
    from hemavision.datasets.verify import verify as problems_of

    root = _root(folder)
    failed = False
    for image_set in _chosen(names):
        place = root / image_set.name
        with progress(image_set.name, image_set.images) as advance:
            problems = list(problems_of(image_set, place, advance))
        for problem in problems:
            click.echo(printable(f"{image_set.name}: {problem}"), err=True)
        failed = failed or bool(problems)
        verdict = f"{len(problems)} problems" if problems else f"sound, {image_set.images:,} images"
        click.echo(f"{image_set.name}: {verdict}")
    sys.exit(1 if failed else 0)


@data.command()
@click.argument("names", nargs=-1)
@_FOLDER
@click.option("--url", help="Fetch the archive from here instead; with one NAME.")
@click.option("--sha256", help="SHA-256 that the archive must have; with one NAME.")
@click.option(
    "--from",
    "archive",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Use this archive, fetched in a browser, instead of a download; with one NAME.",
)
def download(
    names: tuple[str, ...],
    folder: Path | None,
    *,
    url: str | None,
    sha256: str | None,
    archive: Path | None,
) -> None:
    """Fetch the sets NAMES, all that are missing by default, and check them.

    An interrupted download goes on where it stopped. The hosts pack their archives anew at
    will and publish no checksum of them: what is checked after unpacking is therefore the
    content, against counts and digests that come with HemaVision. The archive's SHA-256 is
    printed; give it as --sha256 to hold a later download to it.
    """
    from hemavision.datasets.download import Request
    from hemavision.errors import DataError

    if (url or sha256 or archive) and len(names) != 1:
        raise click.UsageError("--url, --sha256 and --from go with exactly one name.")
    root = _root(folder)
    failed = False
    for image_set in _chosen(names):
        if not names and (root / image_set.name).is_dir():
            click.echo(f"{image_set.name}: is there already")
            continue
        try:
            problems = _download(Request(image_set, root, url, sha256, archive))
        except DataError as error:
            problems = [str(error)]
        for problem in problems:
            click.echo(f"{image_set.name}: {problem}", err=True)
        failed = failed or bool(problems)
    sys.exit(1 if failed else 0)


def _download(request: Request) -> list[str]:
    from dataclasses import replace

    from hemavision.cli.progress import progress
    from hemavision.datasets import download as fetching
    from hemavision.datasets.verify import verify as problems_of

    image_set = request.image_set
    with progress(f"{image_set.name}, bytes", None) as advance:
        digest = fetching.download(replace(request, advance=advance))
    click.echo(f"{image_set.name}: archive's SHA-256 {digest}")
    problems = list(problems_of(image_set, request.folder / image_set.name, lambda count: None))
    if not problems:
        click.echo(f"{image_set.name}: sound, {image_set.images:,} images")
    return problems


def _root(folder: Path | None) -> Path:
    from hemavision import settings

    return folder or settings.data_folder()


def _chosen(names: tuple[str, ...]) -> tuple[ImageSet, ...]:
    from hemavision.datasets.catalogue import CATALOGUE, find_image_set
    from hemavision.errors import DataError

    try:
        return tuple(find_image_set(name) for name in names) or CATALOGUE
    except DataError as error:
        raise click.UsageError(str(error)) from error


def _record(image_set: ImageSet, here: bool) -> dict[str, object]:
    keys = ("name", "title", "what", "licence", "citation", "homepage", "images", "megabytes")
    record: dict[str, object] = {key: getattr(image_set, key) for key in keys}
    source = image_set.source
    return record | {"url": source.url, "sha256": source.sha256, "here": here}


def _text(image_set: ImageSet, here: bool) -> str:
    size = f"{image_set.images:,} images, {image_set.megabytes} MB"
    head = f"{image_set.name}  {size}, {'here' if here else 'not here'}"
    lines = (
        f"{image_set.title}: {image_set.what}.",
        f"Licence: {image_set.licence}.",
        f"Cite: {image_set.citation}",
        f"From: {image_set.homepage}",
        image_set.note,
    )
    wrapped = [
        textwrap.fill(
            line,
            WIDTH,
            initial_indent="  ",
            subsequent_indent="    ",
            break_on_hyphens=False,
            break_long_words=False,  # an address that is cut leads nowhere
        )
        for line in lines
        if line
    ]
    return "\n".join([head, *wrapped])
