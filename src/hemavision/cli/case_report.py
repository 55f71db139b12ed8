"""``hemavision cases report``."""

from __future__ import annotations

from pathlib import Path

import click

from hemavision.cli.case_store import CASE, StoreChoice, pass_choice

_FORMATS = ("html", "pdf", "csv", "json", "fhir")


@click.command()
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
