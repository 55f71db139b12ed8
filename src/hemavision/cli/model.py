"""The model that a command line names."""

from __future__ import annotations

import click

from hemavision import settings
from hemavision.errors import BundleError
from hemavision.pipeline import Model, open_model


def open_named_model(name: str | None) -> Model:
    """Open the model of ``--model``, or the setting's.

    Raises:
        click.UsageError: there is no such model, or its file is not sound.
    """
    try:
        return open_model(name or settings.text("model"))
    except BundleError as error:
        raise click.UsageError(str(error)) from error
