"""The command line: one file a command, heavy imports inside the command."""

from __future__ import annotations

import click

from hemavision._version import __version__


@click.group()
@click.version_option(__version__)
def main() -> None:
    """Read stained blood smears."""
