"""The way from a case to its report is short: nothing is looked up or decoded twice."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Any

import numpy as np
import pytest
from fakes import FakeFinder
from fixtures_cases import cells_of, decide_all, make_model
from sqlalchemy import event

from hemavision.casework import pictures
from hemavision.casework.grounds import AtWork
from hemavision.casework.importing import Import, Source, import_images
from hemavision.casework.pictures import HeatmapChoice, show_heatmap
from hemavision.casework.recognition import Networks
from hemavision.casework.reporting import Request, gather_report
from hemavision.reading.explaining import encode_png
from hemavision.records.reference import load_profiles
from hemavision.records.results import Box, CellKind, Detection
from hemavision.store import Store
from hemavision.store.cases import create_case
from hemavision.store.cells import decide
from hemavision.store.records import Case, Change, ImageKind

BOXES = [Box(x, y, x + 60, y + 60) for x in (80, 300, 520) for y in (80, 300)]
KINDS = ("neutrophil", "monocyte", "lymphocyte")


@pytest.fixture
def case(store: Store) -> Case:
    """A case of two fields with six white cells each, of three types."""
    made = create_case(store, "Fields", "", "ann")
    found = [Detection(CellKind.WHITE, box, 0.9) for box in BOXES]
    finder = FakeFinder([(field(n), found) for n in range(2)])
    into = Import(store, made.id, Networks(make_model(), finder), "ann", ImageKind.FIELD)
    sources = [Source(f"{n}.png", partial(encode_png, field(n))) for n in range(2)]
    assert [outcome.cells for outcome in import_images(into, sources)] == [6, 6]
    cells = cells_of(store, made)
    changes = [Change(cell.id, 0, KINDS[n % 3]) for n, cell in enumerate(cells)]
    decide(store, made.id, changes, "ann")
    return made


def field(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 255, (440, 680, 3), np.uint8)


def test_a_report_opens_each_field_once(
    store: Store, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: Counter[str] = Counter()

    def counted(name: str) -> Any:
        real = getattr(pictures, name)

        def call(*arguments: Any, **options: Any) -> Any:
            asked[name] += 1
            return real(*arguments, **options)

        return call

    for name in ("read_content", "find_image", "read_cutouts", "name_white_cells"):
        monkeypatch.setattr(pictures, name, counted(name))
    statements = count_statements(store)
    given = gather_report(store, at_work(), Request(case.id))
    assert len(given.cells) == 6
    assert asked["read_content"] == asked["find_image"] == asked["name_white_cells"] <= 2
    assert asked["read_cutouts"] == 1
    assert statements["transactions"] == 1
    assert statements["SELECT"] <= 18


def test_heatmaps_made_together_are_those_made_alone(store: Store, case: Case) -> None:
    given = gather_report(store, at_work(), Request(case.id))
    there = {str(cell.id): cell for cell in cells_of(store, case)}
    for cell in given.cells:
        alone = show_heatmap(store, there[cell.number], make_model(), HeatmapChoice())
        assert cell.heatmap == alone.content


def test_single_cells_are_shown_whole(store: Store, filled: Any) -> None:
    case = filled(2)
    decide_all(store, case)
    given = gather_report(store, at_work(), Request(case.id))
    assert len(given.cells) == 2
    assert all(cell.heatmap and cell.picture.startswith(b"\x89PNG") for cell in given.cells)


def at_work() -> AtWork:
    return AtWork(make_model(), load_profiles("default"))


def count_statements(store: Store) -> Counter[str]:
    """Count transactions and statements from here on."""
    seen: Counter[str] = Counter()
    event.listen(store._engine, "begin", lambda connection: seen.update(["transactions"]))
    event.listen(
        store._engine,
        "before_cursor_execute",
        lambda connection, cursor, statement, *rest: seen.update([statement.split()[0]]),
    )
    return seen
