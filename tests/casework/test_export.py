"""Reviewed cells as a data set: what is in it, and that training and validation take it."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from fixtures_cases import cells_of, decide_all

from hemavision.casework.export import COLUMNS, TABLE, Exported, Wanted, export_cells
from hemavision.casework.importing import Import, Source, import_images
from hemavision.casework.pictures import look_at
from hemavision.casework.reading import Eyes
from hemavision.cli import main
from hemavision.errors import RefusedError
from hemavision.images import open_image
from hemavision.pipeline import Model
from hemavision.store import Store, open_store
from hemavision.store.cases import create_case, find_case, sign_case
from hemavision.store.cells import decide
from hemavision.store.records import Case, Change

Filled = Callable[..., Case]
OWN = ("eosinophil", "lymphocyte")
EACH = 14


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
    np.testing.assert_array_equal(open_image(picture).rgb, look_at(store, first)[0])
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


@pytest.fixture(scope="module")
def reviewed(data: Path, model: Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of real cells: the shipped model suggested, the data set's labels decided."""
    path = tmp_path_factory.mktemp("reviewed") / "store.sqlite"
    store = open_store(path)
    case = create_case(store, "Real cells", "", "ann")
    for kind in OWN:
        paths = sorted((data / "kaggle_wbc" / "TEST" / kind.upper()).iterdir())[:EACH]
        sources = [Source(p.name, p.read_bytes) for p in paths]
        into = Import(store, case.id, Eyes(model), "ann")
        assert all(outcome.cells == 1 for outcome in import_images(into, sources))
        new = [c for c in cells_of(store, case) if c.decided_type is None]
        decide(store, case.id, [Change(c.id, c.revision, kind) for c in new], "bob")
    store.close()
    return path


def run(*arguments: object) -> str:
    done = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert done.exit_code == 0, done.output
    return done.output


def test_training_and_validation_take_it_as_it_is(reviewed: Path, tmp_path: Path) -> None:
    out = tmp_path / "cells"
    said = run("cases", "--store", reviewed, "export", out)
    assert f"{EACH} eosinophil, {EACH} lymphocyte" in said
    card = run("validate", out)
    assert f"{2 * EACH} cells" in card
    run("train", "--from", "eight-types", out, "--out", tmp_path / "ours.onnx")
    again = run("validate", out, "--model", tmp_path / "ours.onnx")
    assert f"{2 * EACH} cells" in again


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
