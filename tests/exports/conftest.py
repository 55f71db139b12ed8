"""Real fields with the boxes of their authors, as the pipeline reads them."""

from __future__ import annotations

from pathlib import Path

import pytest
from bccd_fields import TWO_WHITE, finder_of, picture, train_fields

from hemavision import Model
from hemavision.reading.field import read_smear
from hemavision.reading.found import NamedSmear


@pytest.fixture(scope="session")
def fields(model: Model, data: Path) -> list[NamedSmear]:
    """Three fields, with cells of every kind and cells that the border cuts."""
    names = (TWO_WHITE, *train_fields(data)[:2])
    finder = finder_of(data, *names)
    read = (read_smear(model, finder, picture(data, name)) for name in names)
    return [
        NamedSmear(name, smear.without_heatmaps()) for name, smear in zip(names, read, strict=True)
    ]
