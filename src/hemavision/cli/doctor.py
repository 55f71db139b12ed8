"""``hemavision doctor``."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict

import click

_MARKS = {"ok": ("ok", "green"), "warn": ("warning", "yellow"), "fail": ("FAILED", "red")}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line and check.")
def doctor(as_json: bool) -> None:
    """Check that this installation can do its work, and say what to do where it cannot.

    A warning limits what is possible (no training extra, no image sets); a failure stops
    the work, and the exit status is then 1.
    """
    from hemavision.cli.checks import Level, run_checks

    failed = False
    for check in run_checks():
        failed = failed or check.level is Level.FAIL
        if as_json:
            click.echo(json.dumps(asdict(check)))
            continue
        mark, colour = _MARKS[check.level.value]
        click.echo(f"{click.style(f'{mark:<9}', colour)}{check.name:<20}{check.message}")
        if check.fix:
            click.echo(f"{'':<29}→ {check.fix}")
    sys.exit(1 if failed else 0)
