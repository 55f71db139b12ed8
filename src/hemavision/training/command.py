"""A command line as a record keeps it: without any folder of the machine that it ran on."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterable
from typing import Any

_SEPARATOR = re.compile(r"[/\\]+")


def typed() -> str:
    """Return the command line that is being run, without this machine's folders."""
    return without_folders(["hemavision", *sys.argv[1:]])


def without_folders(words: Iterable[str]) -> str:
    """Return a command line in which each path is its last name alone, in an option, too.

    Args:
        words: as the shell gave them: ``["--out=/home/ann/runs/eight", "../cells"]``.
    """
    return shlex.join(_without_folder(word) for word in words)


def record_without_folders(record: dict[str, Any]) -> dict[str, Any]:
    """Return the record of an earlier run, written before folders were left out, without them.

    Args:
        record: with a ``command`` and a ``start`` perhaps, which is such a record again.
    """
    kept = dict(record)
    if isinstance(kept.get("command"), str):
        kept["command"] = without_folders(_words(kept["command"]))
    if isinstance(kept.get("weights"), str):
        kept["weights"] = _without_folder(kept["weights"])
    start = kept.get("start")
    if isinstance(start, dict):
        kept["start"] = record_without_folders(start)
    elif isinstance(start, str):
        kept["start"] = _without_folder(start)
    return kept


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:  # a folder's name with a quote in it, as it was
        return command.split()


def _without_folder(word: str) -> str:
    option, equals, value = word.partition("=") if word.startswith("--") else ("", "", word)
    # "cells/" is the folder "cells"; of "..", "/" and "~" nothing is left to tell.
    names = [name for name in _SEPARATOR.split(value) if name not in ("", ".", "..", "~")]
    is_path = _SEPARATOR.search(value) or value in (".", "..", "~")
    shown = (names[-1] if names else ".") if is_path else value
    return f"{option}{equals}{shown}"
