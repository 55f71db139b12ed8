"""Named cells to compare with, of signed cases and image sets: no way round blindness."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fakes import FakeEngine
from fixtures_cases import cells_of, decide_all, new_image
from PIL import Image

from hemavision.casework.recognition import Networks, read_image
from hemavision.casework.references import MOST_SIMILAR, References, read_image_sets
from hemavision.errors import DataError, MissingError
from hemavision.reading.cell import Model
from hemavision.reading.engine import EngineOutput
from hemavision.records.cells import EIGHT_TYPES, FIVE_TYPES
from hemavision.records.results import ModelReference
from hemavision.store import Store, references
from hemavision.store.cases import amend_case, create_case, find_case, sign_case
from hemavision.store.images import add_image
from hemavision.store.records import Case
from hemavision.store.references import read_embedding, read_reference_picture, read_references
from hemavision.store.removing import remove_image
from hemavision.store.second_readings import ReadState, close_read, open_read


class Seeing(FakeEngine):
    """Sees every picture in a direction of its own."""

    def run(self, crops: np.ndarray) -> EngineOutput:
        found = super().run(crops)
        seeds = crops.reshape(len(crops), -1).sum(axis=1, dtype=np.int64)
        seen = [np.random.default_rng(int(seed)).random(16) + 0.5 for seed in seeds]
        return replace(found, embedding=np.array(seen, np.float32))


Ask = Callable[..., list[tuple[str, int | None]]]
MODEL = Model(Seeing(), ModelReference("seeing", "5" * 64))


def picture(number: int) -> bytes:
    rgb = np.random.default_rng(number).integers(0, 256, (32, 32, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, "PNG")
    return buffer.getvalue()


def put(store: Store, *numbers: int, name: str = "A case") -> Case:
    case = create_case(store, name, "", "ann")
    for number in numbers:
        image = read_image(Networks(MODEL), f"{number}.png", picture(number))
        assert add_image(store, case.id, image, "ann")
    return case


def signed(store: Store, case: Case, kind: str) -> Case:
    decide_all(store, case, kind)
    return sign_case(store, case.id, find_case(store, case.id).revision, "ann")


@pytest.fixture
def ask(store: Store) -> Ask:
    kept = References()

    def similar(case: Case, who: str = "bob", place: int = 0) -> list[tuple[str, int | None]]:
        cell = cells_of(store, case)[place].id
        found = kept.similar(store, MODEL, (case.id, cell), who)
        assert [one.similarity for one in found] == sorted(
            (one.similarity for one in found), reverse=True
        )
        return [(one.cell_type, one.case_id) for one in found]

    return similar


def test_they_are_signed_cells_of_other_slides(
    store: Store, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = put(store, 1, 2)
    assert ask(here) == []
    there = put(store, *range(3, 12), name="Another")
    decide_all(store, there, "monocyte")
    assert ask(here) == [], "only what is signed is a reference"
    signed(store, there, "monocyte")
    assert ask(here) == [("monocyte", there.id)] * MOST_SIMILAR
    signed(store, here, "blast")
    assert ("blast", here.id) not in ask(here), "a case is no reference for itself"
    amend_case(store, there.id, "one was wrong", "sue")
    assert ask(here) == []
    signed(store, there, "basophil")
    assert {kind for kind, _ in ask(here)} == {"basophil"}
    monkeypatch.setattr(references, "MOST_OF_CASES", 1)
    assert len(read_references(store, MODEL.reference.sha256)[0]) == 1
    newest = signed(store, put(store, 12, 13, name="Newest"), "monocyte")
    (one,), _ = read_references(store, MODEL.reference.sha256)
    assert (one.case_id, one.number) == (newest.id, cells_of(store, newest)[-1].id)
    with pytest.raises(MissingError, match="no cell 99"):
        References().similar(store, MODEL, (here.id, 99), "bob")


def test_a_second_reader_meets_no_word_of_the_first_one_s(store: Store, ask: Ask) -> None:
    """Nor the same photographs under another case's number."""
    first = put(store, 1, 2, 3)
    again = put(store, 2, 3, name="The same slide")
    other = put(store, 4, 5, name="Another slide")
    mine = put(store, 6, name="Not signed")
    for case, kind in ((first, "blast"), (again, "blast"), (other, "monocyte")):
        signed(store, case, kind)
    assert ("blast", first.id) in ask(mine)
    read = open_read(store, first.id, "bob")
    assert set(ask(mine)) == {("monocyte", other.id)}
    assert ("blast", first.id) in ask(mine, who="cleo"), "who is not blind sees it"
    close_read(store, read.id, ReadState.DROPPED, "bob")
    assert ("blast", first.id) in ask(mine)
    # The same photograph is no opinion beside itself: of three cells one shows another one.
    assert ask(again).count(("blast", first.id)) == 1


def test_a_cell_that_another_model_saw_is_looked_at_again(store: Store, ask: Ask) -> None:
    signed(store, put(store, 3, 4), "monocyte")
    case = create_case(store, "Old", "", "ann")
    assert add_image(store, case.id, new_image(1), "ann")
    (cell,) = cells_of(store, case)
    assert read_embedding(store, cell.id, MODEL.reference.sha256) is None
    assert {kind for kind, _ in ask(case)} == {"monocyte"}
    remove_image(store, case.id, cell.image_id, "a wrong slide", "ann")
    assert read_embedding(store, cell.id, "0" * 64) is None


def test_image_sets_bring_cells_of_every_type(store: Store, data: Path, tmp_path: Path) -> None:
    case = put(store, 1)
    (tmp_path / "lisc").symlink_to((data / "lisc").resolve())
    steps: list[int] = []
    kept = read_image_sets(store, MODEL, tmp_path, 2, steps.append)
    assert kept == dict.fromkeys(EIGHT_TYPES, 0) | dict.fromkeys(FIVE_TYPES, 2)
    assert sum(steps) == 2 * len(FIVE_TYPES)
    found = References().similar(store, MODEL, (case.id, cells_of(store, case)[0].id), "bob")
    assert len(found) == MOST_SIMILAR
    for one in found:
        assert (one.source, one.case_id, one.cell_id) == ("lisc", None, None)
        assert read_reference_picture(store, int(one.reference_id or 0)).startswith(b"\xff\xd8")
    read_image_sets(store, MODEL, tmp_path, 1, steps.append)
    with pytest.raises(MissingError, match="no reference cell"):
        read_reference_picture(store, int(found[0].reference_id or 0))
    with pytest.raises(DataError, match="HEMAVISION_DATA"):
        read_image_sets(store, MODEL, tmp_path / "none", 1, steps.append)
