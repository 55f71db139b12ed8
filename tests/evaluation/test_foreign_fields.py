"""Whole fields of other laboratories: what is marked is matched, named, and counted by slides."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from hemavision import Model
from hemavision.cli import main
from hemavision.datasets.fields import read_bcisc_fields, read_draaslan_fields
from hemavision.datasets.protocols import Dataset
from hemavision.errors import SettingsError
from hemavision.evaluation import foreign_fields
from hemavision.evaluation.foreign_fields import FIELD_PROTOCOLS, score_fields
from hemavision.records.results import NOTICE, Box, CellKind, Detection


class Finder:
    """Finds given cells, whatever it is shown."""

    def __init__(self, *cells: Detection) -> None:
        self.cells = list(cells)

    def find(self, rgb: np.ndarray) -> list[Detection]:
        assert rgb.ndim == 3
        return self.cells


def white(box: tuple[int, int, int, int], kind: CellKind = CellKind.WHITE) -> Detection:
    return Detection(kind, Box(*box), 0.9)


def test_the_sets_are_read_as_their_tables_say(data: Path) -> None:
    fields = read_bcisc_fields(data)
    assert (len(fields), sum(len(f.boxes) for f in fields)) == (246, 268)
    first = next(f for f in fields if f.name == "baso_1-1.jpg")
    assert (first.cell_types, first.group) == (("basophil",), "baso-1")
    assert first.boxes.tolist() == [[379, 143, 456, 210]]
    assert first.open().shape == (480, 640, 3)
    others = read_draaslan_fields(data)
    kinds = np.concatenate([f.kinds for f in others])
    assert (len(others), (kinds == 0).sum(), (kinds == 1).sum()) == (100, 103, 2233), (
        "three white cells are marked as red ones, too"
    )


def test_a_marked_cell_is_named_by_the_box_that_shows_it(data: Path, model: Model) -> None:
    field = next(f for f in read_bcisc_fields(data) if f.name == "baso_1-1.jpg")
    left, top, right, bottom = (int(edge) for edge in field.boxes[0])
    shown = white((left + 3, top - 2, right + 4, bottom + 3))
    elsewhere = white((10, 10, 80, 80))
    (named,) = foreign_fields._types_found(Finder(elsewhere, shown), model, field)
    assert named in model.manifest.cell_types
    for cells in ((), (elsewhere,), (white((left, top, right, bottom), CellKind.RED),)):
        assert foreign_fields._types_found(Finder(*cells), model, field) == [None]


def test_intervals_resample_slides_not_cells() -> None:
    values = np.repeat([1.0, 0.0], 50)
    alone = foreign_fields._interval(values, np.arange(100))
    together = foreign_fields._interval(values, np.repeat([0, 1], 50))
    assert together == [0.0, 1.0]
    assert 0.35 < alone[0] < 0.45 < 0.55 < alone[1] < 0.65


@pytest.mark.parametrize("limit", [3, pytest.param(None, marks=pytest.mark.long)])
@pytest.mark.parametrize("protocol", FIELD_PROTOCOLS)
def test_the_command_says_it_in_words_and_json(
    data: Path, protocol: str, limit: int | None
) -> None:
    words = ["evaluate", str(data), "--protocol", protocol]
    words += ["--limit", str(limit)] if limit else []
    said = CliRunner().invoke(main, words)
    assert said.exit_code == 0, said.output
    record = json.loads(CliRunner().invoke(main, [*words, "--json"]).output)
    assert NOTICE in said.output
    assert (record["protocol"], record["notice"]) == (protocol, NOTICE)
    assert (record["leak"] == "leaky") == ("LEAKY" in said.output)
    if protocol == "field-out:bcisc":
        assert 0 <= record["named"] <= record["found"] <= 1
        assert f"{100 * record['found']:.1f}%" in said.output
    else:
        assert record["ap50"].keys() == {"white_cell", "red_cell"}
        assert f"{record['ap50']['red_cell']:.3f}" in said.output
    for name, (low, high) in record["intervals"].items():
        value = record.get(name, record.get("ap50", {}).get(name))
        assert 0 <= low <= value <= high <= 1


def test_a_detector_that_saw_them_is_said_to_flatter(data: Path, monkeypatch) -> None:
    monkeypatch.setattr(foreign_fields, "UNSEEN", {name: set() for name in foreign_fields.UNSEEN})
    for protocol in FIELD_PROTOCOLS:
        record = score_fields(protocol, Dataset(data), detector="cells", limit=1)
        assert record["leak"] == "leaky"


def test_a_detector_that_saw_who_knows_what_is_refused(data: Path, monkeypatch) -> None:
    monkeypatch.setattr(foreign_fields, "UNSEEN", {})
    with pytest.raises(SettingsError, match="cannot be said"):
        score_fields("field-out:draaslan", Dataset(data), limit=1)


def test_another_set_and_another_name_are_refused(data: Path) -> None:
    for folder, protocol in ((data / "jtsc", "field-out:bcisc"), (data, "field-out:jtsc")):
        result = CliRunner().invoke(main, ["evaluate", str(folder), "--protocol", protocol])
        assert result.exit_code != 0
        assert "field-out:" in result.output
