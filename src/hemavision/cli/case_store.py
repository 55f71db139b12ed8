"""Which store ``hemavision cases`` works on and who acts there; ``cases import`` into it."""

from __future__ import annotations

import json
import sys
from collections import Counter
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hemavision.cli.models import DETECTOR, MODEL

if TYPE_CHECKING:
    from hemavision.casework.grounds import AtWork
    from hemavision.casework.importing import Outcome
    from hemavision.reading.cell import Model
    from hemavision.reading.finding.detector import Finder
    from hemavision.records.classes import ClassList
    from hemavision.store import Store
    from hemavision.store.records import Case

CASE = click.argument("case", type=click.IntRange(1))
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON, one object a line.")


class StoreChoice:
    """Which store, opened when it is needed, and whom the log names."""

    def __init__(self, location: str | None, reader: str) -> None:
        """Take the command line's options."""
        self._location = location
        self.reader = reader

    def open(self) -> Store:
        """Return the store."""
        return self._store

    def find(self, number: int) -> Case:
        """Return a case.

        Raises:
            MissingError: there is none of that number.
        """
        from hemavision.store.cases import find_case

        return find_case(self._store, number)

    def at_work(self) -> AtWork:
        """Return what cases are read with here: the settings' model and reference ranges."""
        from hemavision import settings
        from hemavision.casework.grounds import AtWork
        from hemavision.records.reference import load_profiles

        own = self.classes().names()
        return AtWork(self._model, load_profiles(settings.text("reference"), own))

    def classes(self) -> ClassList:
        """Return what readers may call the cells of a new case, by the settings."""
        from hemavision import settings
        from hemavision.records.classes import SHIPPED, load_classes
        from hemavision.records.laboratory_files import shipped_names

        own = settings.text("classes")
        model = None if own in shipped_names(SHIPPED) else self._model  # slow to open
        return load_classes(own, model.manifest.cell_types if model else ())

    @cached_property
    def _model(self) -> Model:
        from hemavision.cli.models import open_named_model

        return open_named_model(None)

    @cached_property
    def _store(self) -> Store:
        from hemavision.store import open_store

        return open_store(self._location)


pass_choice = click.make_pass_decorator(StoreChoice)


KINDS = ("auto", "cell", "field")

#: Counted beside the results: added images that other cases have.
ELSEWHERE = "elsewhere"


@click.command("import")
@CASE
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--kind",
    type=click.Choice(KINDS),
    default=KINDS[0],
    show_default=True,
    help="What an image shows. auto: a field where it is large and white and red cells are found.",
)
@MODEL
@DETECTOR
@AS_JSON
@pass_choice
def import_(choice: StoreChoice, /, case: int, paths: tuple[Path, ...], **given: Any) -> None:
    """Bring the images of PATHS into CASE: files, folders, ZIP archives.

    Each image is kept whole or not at all: a command that was killed is started again and goes
    on where it stopped. A file whose content is in the case already is skipped. A file that
    cannot be read is named on stderr, the others are done, and the exit status is 1: a picture in a
    folder or an archive whose kind is not read (HEIC, CZI, ND2, whole slides, raw), too.
    """
    from hemavision.casework.files import open_files
    from hemavision.casework.importing import Import, import_images
    from hemavision.casework.recognition import Networks
    from hemavision.cli.models import open_named_model
    from hemavision.cli.progress import progress
    from hemavision.cli.runner import find_images
    from hemavision.images.foreign_files import kind_of
    from hemavision.store.records import ImageKind

    choice.find(case)
    kind = None if given["kind"] == KINDS[0] else ImageKind(given["kind"])
    model, finder = open_named_model(given["model"]), _finder(given["kind"], given["detector"])
    networks = Networks(model.found_by(finder) if finder else model, finder)
    into = Import(choice.open(), case, networks, choice.reader, kind)
    counts: Counter[str] = Counter()
    left_out: Counter[str] = Counter()
    others: set[int] = set()
    with progress("Images", lambda: sum(1 for _ in open_files(find_images(paths)))) as advance:
        for outcome in import_images(into, open_files(find_images(paths))):
            counts[outcome.result] += 1
            if outcome.result == "added" and outcome.also_in:
                counts[ELSEWHERE] += 1
                others.update(outcome.also_in)
            if outcome.error and (foreign := kind_of(outcome.name)):
                left_out[foreign] += 1
            _tell(outcome, given["as_json"])
            advance(1)
    if others:
        cases = ", ".join(map(str, sorted(others)))
        some = f"{counts.pop(ELSEWHERE):,} of {counts['added']:,} images"
        click.echo(f"{some} are in other cases, too ({cases}): a slide under two names?", err=True)
    _conclude(counts, left_out, given["as_json"])


def _tell(outcome: Outcome, as_json: bool) -> None:
    from hemavision.cli.outputs import printable

    if as_json:
        click.echo(json.dumps(outcome.to_json()))
    if outcome.error is not None:
        click.echo(printable(f"{outcome.name}: {outcome.error}"), err=True)
    if outcome.also_in:
        cases = ", ".join(map(str, outcome.also_in))
        click.echo(printable(f"{outcome.name} is in another case too: {cases}."), err=True)


def _conclude(counts: Counter[str], left_out: Counter[str], as_json: bool) -> None:
    failed = counts["failed"]
    if failed:
        click.echo(f"{failed:,} of {counts.total():,} inputs failed.", err=True)
    if not as_json:
        from hemavision.records.results import NOTICE

        count = left_out.total()
        kinds = f"{count:,} {'file' if count == 1 else 'files'} of kinds that are not read left out"
        also = f" {kinds} ({', '.join(sorted(left_out))})." if count else ""
        click.echo(
            f"{counts['added']:,} images added, {counts['duplicate']:,} were there already.{also}"
        )
        click.echo(NOTICE)
    sys.exit(1 if failed else 0)


def _finder(kind: str, name: str | None) -> Finder | None:
    """Open the detector; None where none is needed, or none is there and none was asked for."""
    from hemavision.cli.models import open_named_detector

    if kind == "cell":
        return None
    try:
        return open_named_detector(name)
    except click.UsageError:
        if name or kind == "field":
            raise
        click.echo("There is no detector: every image is taken for one cell.", err=True)
        return None
