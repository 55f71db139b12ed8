"""Reviewed cells as a data set: what is in it.

That training and validation take it, tests/training/test_reviewed.py shows.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from fixtures_cases import cells_of, decide_all

from hemavision.casework.export import COLUMNS, TABLE, Exported, Wanted, export_cells
from hemavision.casework.pictures import look_at
from hemavision.errors import RefusedError
from hemavision.images.opening import open_image
from hemavision.reading.cell import Model
from hemavision.store import Store, open_store
from hemavision.store.cases import find_case, sign_case
from hemavision.store.cells import decide
from hemavision.store.records import Case, Change

Filled = Callable[..., Case]


def export(store: Store, out: Path, **wanted: object) -> Exported:
    return export_cells(store, out, Wanted(**wanted), lambda steps: None)  # type: ignore[arg-type]


def table(folder: Path) -> list[dict[str, str]]:
    with (folder / TABLE).open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_decided_cells_lie_in_a_folder_of_their_type(
    store: Store, filled: Filled, tmp_path: Path
) -> None:
    case = filled(4)
    first, second, third, _ = cells_of(store, case)
    changes = [Change(first.id, 0, "blast"), Change(second.id, 0, "unidentified")]
    decide(store, case.id, [*changes, Change(third.id, 0, "monocyte")], "bob")
    done = export(store, tmp_path / "out")
    assert done == Exported({"blast": 1, "monocyte": 1}, {"unidentified": 1})
    rows = {row["cell_type"]: row for row in table(tmp_path / "out")}
    assert set(rows) == {"blast", "monocyte"}
    assert tuple(rows["blast"]) == COLUMNS
    assert (rows["blast"]["decided_by"], rows["blast"]["slide"]) == ("bob", "S-1")
    picture = tmp_path / "out" / rows["blast"]["file"]
    looked_at, _ = look_at(store, case.id, first.id)
    np.testing.assert_array_equal(open_image(picture).rgb, looked_at)
    assert not list(tmp_path.glob(".*"))


def test_what_is_wanted_can_be_said(store: Store, filled: Filled, tmp_path: Path) -> None:
    signed, open_ = filled(2), filled(3)
    decide_all(store, signed, "monocyte")
    sign_case(store, signed.id, find_case(store, signed.id).revision, "ann")
    decide_all(store, open_, "blast")
    assert export(store, tmp_path / "a", signed=True).written == {"monocyte": 2}
    assert export(store, tmp_path / "b", case_ids=[open_.id]).written == {"blast": 3}
    assert export(store, tmp_path / "c", at_least=3) == Exported({"blast": 3}, {"monocyte": 2})
    with pytest.raises(RefusedError, match="exists already"):
        export(store, tmp_path / "a")
    with pytest.raises(RefusedError, match="monocyte: 2"):
        export(store, tmp_path / "d", at_least=9)
    assert not (tmp_path / "d").exists()


def test_validation_sees_what_the_case_s_model_saw(
    reviewed: Path, model: Model, tmp_path: Path
) -> None:
    """The exported picture of a single cell gets the very answer that the case holds."""
    store = open_store(reviewed)
    export(store, tmp_path / "cells")
    for row in table(tmp_path / "cells")[:5]:
        (prediction,) = model.predict(tmp_path / "cells" / row["file"])
        assert prediction.cell_type == row["suggested_type"]
        assert prediction.confidence == pytest.approx(float(row["confidence"]), abs=1e-5)
    store.close()
