"""Cases with real pictures and an engine that takes no time.

Loaded as a pytest plugin by ``tests/conftest.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fakes import FakeEngine
from fixtures_images import cell_png

from hemavision.casework.importing import Import, Source, import_images
from hemavision.casework.recognition import Networks, read_image
from hemavision.reading.cell import Model
from hemavision.records.results import Box, ModelReference
from hemavision.store import Store, open_store
from hemavision.store.cases import create_case
from hemavision.store.cells import Filter, decide, list_cells
from hemavision.store.images import add_image, list_images
from hemavision.store.records import (
    Case,
    Cell,
    Change,
    ImageKind,
    NewCell,
    NewImage,
    Page,
    StoredImage,
)

ALL = Page(1000)
#: The types of the reviewed cells, and how many there are of each.
REVIEWED, REVIEWED_EACH = ("eosinophil", "lymphocyte"), 14


def make_model(novelty: float = 0.5) -> Model:
    return Model(FakeEngine(novelty=novelty), ModelReference("fake", "0" * 64))


def new_image(index: int = 0, novelty: float = 0.5) -> NewImage:
    """A drawn cell as a case keeps it."""
    return read_image(Networks(make_model(novelty)), f"cell-{index}.png", cell_png(index))


def a_cell(box: Box) -> NewCell:
    """A cell of a field at this place."""
    (cell,) = new_image().cells
    return NewCell(box, replace(cell.prediction, box=box), b"PNG")


def a_field(store: Store, *found: Box) -> tuple[Case, StoredImage]:
    """A case with a field in which these cells were found."""
    case = create_case(store, "Field", "", "ann")
    there = tuple(a_cell(box) for box in found)
    add_image(store, case.id, replace(new_image(), kind=ImageKind.FIELD, cells=there), "ann")
    return case, list_images(store, case.id)[0]


def cells_of(store: Store, case: Case) -> list[Cell]:
    return sorted(list_cells(store, case.id, Filter(), ALL)[0], key=lambda cell: cell.id)


def decide_all(store: Store, case: Case, kind: str = "neutrophil", who: str = "ann") -> int | None:
    changes = [Change(c.id, c.revision, kind) for c in cells_of(store, case)]
    return decide(store, case.id, changes, who).batch


def at_once(changes: list[dict[str, Any]]) -> dict[str, Any]:
    """The body of a request for several decisions, of cells that were looked at one by one."""
    numbers = [change["id"] for change in changes]
    return {"changes": changes, "seen": numbers, "opened": numbers}


@pytest.fixture
def filled(store: Store) -> Callable[..., Case]:
    """Make a case with so many single cells; return it."""

    def make(cells: int = 3, novelty: float = 0.5, name: str = "A case") -> Case:
        case = create_case(store, name, "S-1", "ann")
        for index in range(cells):
            assert add_image(store, case.id, new_image(index, novelty), "ann")
        return case

    return make


@pytest.fixture(scope="session")
def reviewed(data: Path, model: Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of real cells: the shipped model suggested, the data set's labels decided."""
    path = tmp_path_factory.mktemp("reviewed") / "store.sqlite"
    store = open_store(path)
    case = create_case(store, "Real cells", "", "ann")
    for kind in REVIEWED:
        paths = sorted((data / "kaggle_wbc" / "TEST" / kind.upper()).iterdir())[:REVIEWED_EACH]
        sources = [Source(p.name, p.read_bytes) for p in paths]
        into = Import(store, case.id, Networks(model), "ann")
        assert all(outcome.cells == 1 for outcome in import_images(into, sources))
        new = [c for c in cells_of(store, case) if c.decided_type is None]
        decide(store, case.id, [Change(c.id, c.revision, kind) for c in new], "bob")
    store.close()
    return path
