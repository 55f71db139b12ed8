"""Write the pages of docs/ that follow from the code: ``make docs``.

With ``--check`` nothing is written; pages that are out of date are named and the exit status
is 1.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click

from hemavision.cli import main as command_line
from hemavision.datasets.protocols import FOLDERS, PROTOCOLS
from hemavision.records.results import NOTICE
from hemavision.settings import SETTINGS

ROOT = Path(__file__).resolve().parents[1]
WIDTH = 96
GENERATED = "<!-- Written by `make docs` from the code; do not edit. -->"


def cli_page() -> str:
    """Return docs/cli.md: the help of every command, as the command prints it."""
    head = f"""# The command line

{GENERATED}

Every command ends with status 0 when all is done, 1 when some inputs failed (each is named on
stderr and the others are done), and 2 when the command itself was wrong and nothing was done.
Long work shows a progress bar on a terminal and none in a pipe. `--json` prints one JSON object
a line. Defaults come from the [settings](settings.md).

{NOTICE}
"""
    return head + "".join(_sections("hemavision", command_line, None))


def _sections(name: str, command: click.Command, parent: click.Context | None) -> Iterator[str]:
    context = click.Context(
        command,
        info_name=name.rsplit(maxsplit=1)[-1],
        parent=parent,
        terminal_width=WIDTH,
        max_content_width=WIDTH,
    )
    yield f"\n## `{name}`\n\n```text\n{command.get_help(context)}\n```\n"
    if isinstance(command, click.Group):
        for child in command.list_commands(context):
            found = command.get_command(context, child)
            if found:
                yield from _sections(f"{name} {child}", found, context)


def settings_page() -> str:
    """Return docs/settings.md: every setting, its variable and its default."""
    head = f"""# Settings

{GENERATED}

A setting is an environment variable. A command's option, where there is one, goes before the
variable, and the variable before the default. `hemavision doctor` names variables that begin
with `HEMAVISION_` and are no setting.

| variable | default | meaning |
|---|---|---|
"""
    rows = (f"| `{s.variable}` | `{s.default}` | {s.help} |\n" for s in SETTINGS)
    return head + "".join(rows)


def evaluation_page() -> str:
    """Return docs/evaluation.md, a page by hand whose table of the protocols is their records'."""
    told = {p.name: p for p in PROTOCOLS.values() if p.tested} | {f"{FOLDERS.name}:NAME": FOLDERS}
    rows = "".join(f"| `{name}` | {p.tested} | {p.tells} |\n" for name, p in told.items())
    return TABLE.sub(lambda found: found[1] + rows, EVALUATION.read_text(encoding="utf-8"))


EVALUATION = ROOT / "docs" / "evaluation.md"
#: The table's head, and its rows.
TABLE = re.compile(r"(\| protocol \| tests on \| tells \|\n\|---\|---\|---\|\n)(?:\|.*\n)*")
PAGES: dict[str, Callable[[], str]] = {
    "docs/cli.md": cli_page,
    "docs/evaluation.md": evaluation_page,
    "docs/settings.md": settings_page,
}


def stale() -> list[str]:
    """Return the pages that differ from what the code says."""
    return [
        name
        for name, page in PAGES.items()
        if not (ROOT / name).is_file() or (ROOT / name).read_text(encoding="utf-8") != page()
    ]


def main() -> int:
    """Write the pages, or with ``--check`` name those that are stale."""
    names = stale()
    for name in names:
        if "--check" in sys.argv[1:]:
            print(f"{name} is out of date: run `make docs`.", file=sys.stderr)
        else:
            (ROOT / name).write_text(PAGES[name](), encoding="utf-8")
            print(f"{name} written")
    return 1 if names and "--check" in sys.argv[1:] else 0


if __name__ == "__main__":
    sys.exit(main())
