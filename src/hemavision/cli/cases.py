"""``hemavision cases``: create, list, show, sign, report, remove, verify, export."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hemavision.cli.accounts import readers, tokens
from hemavision.cli.case_store import AS_JSON, CASE, StoreChoice, import_, pass_choice

if TYPE_CHECKING:
    from hemavision.store.records import Case, Version

STATES = ("new", "in_review", "signed")
_FORMATS = ("html", "pdf", "csv", "json", "fhir")


@click.group()
@click.option(
    "--store",
    "location",
    metavar="FILE|URL",
    help="Where the cases are; HEMAVISION_STORE otherwise.",
)
@click.option(
    "--reader",
    default="local",
    show_default=True,
    help="Whom the log names. Whoever can open the store may say so: the log trusts the machine.",
)
@click.pass_context
def cases(context: click.Context, location: str | None, reader: str) -> None:
    """Make cases, bring images in, sign, export, and prove the log.

    A case holds a slide's images and their cells; the web page is where they are reviewed.

    For research use only. Not for use in diagnostic procedures.
    """
    context.obj = StoreChoice(location, reader)


@cases.command()
@click.argument("name")
@click.option("--slide", default="", help="The slide's own number or name.")
@AS_JSON
@pass_choice
def create(choice: StoreChoice, name: str, slide: str, as_json: bool) -> None:
    """Make an empty case called NAME and print its number."""
    from hemavision.store.cases import create_case

    case = create_case(choice.open(), name, slide, choice.reader, choice.classes())
    click.echo(json.dumps(case.to_json()) if as_json else case.id)


@cases.command("list")
@click.option("--search", default="", help="Words that all stand in the name or the slide.")
@click.option("--state", type=click.Choice(STATES), help="Cases in this state alone.")
@AS_JSON
@pass_choice
def list_(choice: StoreChoice, search: str, state: str | None, as_json: bool) -> None:
    """List the cases, last changed first."""
    from hemavision.store.cases import Search, list_cases
    from hemavision.store.records import Page, State

    store, offset, total = choice.open(), 0, 1
    wanted = Search(search, State(state) if state else None)
    while offset < total:
        found, total = list_cases(store, wanted, Page(offset=offset))
        offset += max(1, len(found))
        for case in found:
            click.echo(json.dumps(case.to_json()) if as_json else _line(case))


@cases.command()
@CASE
@AS_JSON
@pass_choice
def show(choice: StoreChoice, case: int, as_json: bool) -> None:
    """Show CASE: its cells by type, its images, its versions."""
    from hemavision.records.results import NOTICE
    from hemavision.store.cases import list_versions
    from hemavision.store.images import list_images

    store = choice.open()
    found = choice.find(case)
    versions = [version.to_json() for version in list_versions(store, case)]
    images = [image.to_json() for image in list_images(store, case)]
    types = _types(choice, case)
    if as_json:
        more = {"versions": versions, "images": images, "types": types, "notice": NOTICE}
        click.echo(json.dumps(found.to_json() | more))
        return
    click.echo(_line(found))
    for name, (decided, suggested) in types.items():
        click.echo(f"  {name:<22}{decided:>5} decided{suggested:>6} suggested")
    for version in list_versions(store, case):
        click.echo(f"  {_version_line(version)}")
    click.echo(NOTICE)


@cases.command()
@CASE
@click.option(
    "--acknowledge",
    metavar="TYPE",
    multiple=True,
    help="A critical type that the case holds; once for each.",
)
@click.option(
    "--uncounted",
    is_flag=True,
    help="Leave out undecided cells where the count has reached its target.",
)
@AS_JSON
@pass_choice
def sign(
    choice: StoreChoice, case: int, acknowledge: tuple[str, ...], uncounted: bool, as_json: bool
) -> None:
    """Sign CASE: from now on it is read-only. Refused while cells are undecided.

    Refused, too, while it holds critical cells (a blast, say) that are not acknowledged by name.

    The reference ranges, the model's figures and the heatmaps of its report are signed with it.
    """
    from hemavision.casework.signing import Signature
    from hemavision.casework.signing import sign as sign_whole

    seen, at_work = choice.find(case), choice.at_work()
    by = Signature(seen.revision, choice.reader, acknowledge, uncounted)
    signed = sign_whole(choice.open(), at_work, case, by)
    click.echo(json.dumps(signed.to_json()) if as_json else _line(signed))


@cases.command()
@CASE
@click.argument("image", type=int)
@click.option("--reason", required=True, help="Why; it stands in the log.")
@AS_JSON
@pass_choice
def remove(choice: StoreChoice, case: int, image: int, reason: str, as_json: bool) -> None:
    """Take IMAGE, by its number, out of CASE, with its cells and what was decided on them.

    `show --json` gives the numbers. Refused where the case is signed, or where a signed version or
    a second reading holds the image.
    """
    from hemavision.store.removing import remove_image

    left = remove_image(choice.open(), case, image, reason, choice.reader)
    click.echo(json.dumps(left.to_json()) if as_json else _line(left))


@cases.command()
@click.option("--expect", metavar="HASH", help="A head that was noted earlier.")
@AS_JSON
@pass_choice
def verify(choice: StoreChoice, expect: str | None, as_json: bool) -> None:
    """Prove the log: whole, unchanged, and cases and image files are as it says.

    Prints the hash of the last row. Noted elsewhere and given back with --expect, it proves
    that all before it is still what it was. The exit status is 1 where something is wrong.
    """
    from hemavision.store.verification import verify as prove

    verdict = prove(choice.open(), expect)
    if as_json:
        click.echo(json.dumps(verdict.to_json()))
    elif verdict.sound:
        click.echo(f"Sound: {verdict.entries:,} rows, the last one's hash is {verdict.head}")
    else:
        click.echo(f"Not sound: {verdict.problem}. {verdict.entries:,} rows are.", err=True)
    sys.exit(0 if verdict.sound else 1)


@cases.command()
@click.option(
    "--each",
    type=click.IntRange(1, 1000),
    default=100,
    show_default=True,
    help="Cells of each type.",
)
@pass_choice
def references(choice: StoreChoice, each: int) -> None:
    """Keep cells of the image sets (HEMAVISION_DATA) to compare a case's cells with.

    The page shows, beside a cell, the six most similar of these and of the signed cases' cells. Run
    it again where another model is at work.
    """
    from hemavision import settings
    from hemavision.casework.references import read_image_sets
    from hemavision.cli.models import open_named_model
    from hemavision.cli.progress import progress

    model, data = open_named_model(None), settings.data_folder()
    with progress("Cells", None) as advance:
        kept = read_image_sets(choice.open(), model, data, each, advance)
    click.echo(", ".join(f"{count} {name}" for name, count in kept.items()))


@cases.command()
@click.argument("out", type=click.Path(file_okay=False, path_type=Path))
@click.option("--case", "numbers", type=int, multiple=True, help="This case; all otherwise.")
@click.option("--signed", is_flag=True, help="Signed cases alone.")
@click.option(
    "--at-least",
    type=click.IntRange(1),
    default=10,
    show_default=True,
    help="Leave out types with fewer cells: `train` learns nothing from them.",
)
@AS_JSON
@pass_choice
def export(choice: StoreChoice, /, out: Path, **given: Any) -> None:
    """Write the reviewed cells into the new folder OUT, one folder a type.

    ``train --from BUNDLE OUT`` and ``validate OUT`` take it as it is.
    """
    from dataclasses import asdict

    from hemavision.casework.export import Wanted, export_cells
    from hemavision.cli.progress import progress

    wanted = Wanted(given["numbers"], given["signed"], given["at_least"])
    with progress("Cells", None) as advance:
        done = export_cells(choice.open(), out, wanted, advance)
    for name, count in done.left_out.items():
        click.echo(f"Left out: {count} of {name}.", err=True)
    if given["as_json"]:
        click.echo(json.dumps({"folder": str(out)} | asdict(done)))
    else:
        counts = ", ".join(f"{count} {name}" for name, count in done.written.items())
        click.echo(f"{out}: {counts}")


@cases.command()
@CASE
@click.argument("out", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "format_name",
    type=click.Choice(_FORMATS),
    help="By the ending of OUT if not given.",
)
@click.option(
    "--suggestions",
    is_flag=True,
    help="Count the model's word where nobody has decided; what is unfamiliar never counts.",
)
@click.option(
    "--version",
    type=click.IntRange(1),
    help="A version as it was signed, whatever was changed since; the case as it is otherwise.",
)
@pass_choice
def report(
    choice: StoreChoice,
    case: int,
    out: Path,
    *,
    format_name: str | None,
    suggestions: bool,
    version: int | None,
) -> None:
    """Write the report of CASE into the new file OUT.

    Read against what was entered for the case. A case that is not signed is reported as
    preliminary, a signed one with the ranges and figures that were signed.
    """
    from hemavision.casework.reporting import Request, gather_report
    from hemavision.report import write_report

    wanted = format_name or out.suffix.removeprefix(".").lower()
    if wanted not in _FORMATS:
        raise click.UsageError(f"{out.name} ends in no format; --format: {', '.join(_FORMATS)}.")
    given = gather_report(choice.open(), choice.at_work(), Request(case, suggestions, version))
    content = write_report(given, wanted).content
    try:
        with out.open("xb") as file:
            file.write(content)
    except FileExistsError:
        raise click.ClickException(f"{out} exists; it was not touched.") from None


cases.add_command(import_)
cases.add_command(readers)
cases.add_command(tokens)


def _line(case: Case) -> str:
    from hemavision.cli.outputs import printable

    slide = f" ({case.slide})" if case.slide else ""
    counts = f"{case.counts.decided} of {case.counts.cells} cells decided"
    head = f"{case.id:>5}  {case.state:<10} v{case.version}  {case.name}{slide}"
    changed = f"{case.updated_at[:16]} {case.updated_by}"
    return printable(f"{head}: {case.images} images, {counts}, {changed}")


def _version_line(version: Version) -> str:
    from hemavision.cli.outputs import printable

    reason = f" ({version.reason})" if version.reason else ""
    at = version.signed_at
    signed = f"signed {at[:16]} by {version.signed_by}" if at else "not signed"
    return printable(f"version {version.version}{reason}: {signed}")


def _types(choice: StoreChoice, case: int) -> dict[str, tuple[int, int]]:
    """Return type → cells decided, cells suggested and undecided."""
    from hemavision.store.cells import count_types

    return count_types(choice.open(), case)
