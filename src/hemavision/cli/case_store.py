"""What every command of ``hemavision cases`` shares: the store, the case, who acts."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from hemavision.casework.grounds import AtWork
    from hemavision.reading.cell import Model
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
        from hemavision.cli.named import open_named_model

        return open_named_model(None)

    @cached_property
    def _store(self) -> Store:
        from hemavision.store import open_store

        return open_store(self._location)


pass_choice = click.make_pass_decorator(StoreChoice)
