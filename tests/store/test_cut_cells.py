"""White cells at the border: listed until somebody counts them."""

from __future__ import annotations

from dataclasses import replace

from fixtures_cases import a_cell, new_image

from hemavision.records.results import Box, CellKind, Detection
from hemavision.store import Store
from hemavision.store.cases import create_case
from hemavision.store.images import CutCell, add_cell, add_image, list_cut_cells, list_images
from hemavision.store.records import ImageKind

WHOLE, LEFT, TOP = Box(100, 100, 150, 150), Box(0, 40, 30, 90), Box(200, 0, 250, 20)


def test_they_are_listed_until_they_are_counted(store: Store) -> None:
    case = create_case(store, "Field", "", "ann")
    others = (
        Detection(CellKind.WHITE, LEFT, 0.8),
        Detection(CellKind.WHITE, TOP, 0.7),
        Detection(CellKind.RED, Box(10, 10, 40, 40), 0.9),
    )
    field = replace(new_image(), kind=ImageKind.FIELD, cells=(a_cell(WHOLE),), others=others)
    add_image(store, case.id, field, "ann")
    (image,) = list_images(store, case.id)
    assert list_cut_cells(store, case.id) == [
        CutCell(image.id, TOP, 0.7), CutCell(image.id, LEFT, 0.8),
    ]  # fmt: skip
    # Counted with a box of the reader's own, a little off.
    add_cell(store, image, a_cell(Box(0, 44, 32, 92)), "bob")
    assert list_cut_cells(store, case.id) == [CutCell(image.id, TOP, 0.7)]
    assert list_cut_cells(store, create_case(store, "Other", "", "ann").id) == []
