"""The command line: heavy imports stand inside the commands.

Exit status: 0 done; 1 some inputs failed, each named on stderr and the others done; 2 wrong
usage, nothing done.
"""

from __future__ import annotations

import errno
import logging
import sys
import warnings
from importlib import import_module
from io import TextIOWrapper
from typing import Any

import click

from hemavision._version import __version__
from hemavision.errors import HemaVisionError, SettingsError

#: The module of each command, imported when it is asked for.
COMMANDS = {
    "classify": "classify",
    "detect": "detect",
    "jobs": "jobs",
    "cases": "cases",
    "differential": "differential",
    "serve": "serve",
    "models": "models",
    "doctor": "doctor",
    "data": "data",
    "train": "train",
    "evaluate": "evaluate",
    "validate": "evaluate",
    "export": "train",
    "convert": "models",
}


class LazyGroup(click.Group):
    """A group that imports a command's module only when the command is named."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands' names, in the order of the help page."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, or None if there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"hemavision.cli.{COMMANDS[cmd_name]}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; expected errors end it with a sentence, not a traceback."""
        _prepare_streams()
        try:
            return super().invoke(ctx)
        except SettingsError as error:
            raise click.UsageError(str(error)) from error
        except HemaVisionError as error:
            raise click.ClickException(str(error)) from error
        except OSError as error:
            if error.errno == errno.EPIPE:  # the reader of a pipe has enough: click ends quietly
                raise
            raise click.ClickException(str(error)) from error


def _prepare_streams() -> None:
    """Keep stdout alive and stderr to what HemaVision says itself."""
    # A file name that is not valid Unicode must not end a run that prints it.
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    # Image libraries remark on every oddity of a file; what matters becomes an error or a note.
    warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
    for library in ("PIL", "tifffile"):
        logging.getLogger(library).addHandler(logging.NullHandler())


@click.group(cls=LazyGroup)
@click.version_option(__version__)
def main() -> None:
    """Read stained blood smears: name each white blood cell, show why, say how sure.

    For research use only. Not for use in diagnostic procedures.
    """
