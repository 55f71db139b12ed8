"""The detector that a command line names."""

from __future__ import annotations

import click

from hemavision import settings
from hemavision.errors import BundleError
from hemavision.reading.finding.detector import open_detector
from hemavision.reading.finding.finder import Finder


def open_named_detector(name: str | None) -> Finder:
    """Open the detector of ``--detector``, or the setting's.

    Raises:
        click.UsageError: there is no such detector, or its file is not sound.
    """
    try:
        return open_detector(name or settings.text("detector"))
    except BundleError as error:
        raise click.UsageError(str(error)) from error
