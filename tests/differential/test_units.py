from __future__ import annotations

import pytest

from hemavision.differential.names import UNITS, checked_white_cells, white_cells_from
from hemavision.errors import SettingsError

SINGLE_CELLS = ("/ul", "cells/ul", "/mm3", "cells/mm3")


@pytest.mark.parametrize(
    "text",
    ["6.2", " 6,2 ", "6.2 G/l", "6.2×10⁹/L", "6.2 x 10^9/L", "6.2e9/l", "6200/ul", "6200 /µL",
     "6200 cells/µl", "6.2 K/uL", "6.2 x10³/µl", "6,2 10^3/mm3", "6200/mm3", "6.2/nl"],
)  # fmt: skip
def test_units_are_read(text: str) -> None:
    assert white_cells_from(text) == 6.2


@pytest.mark.parametrize("unit", UNITS)
def test_every_unit_has_its_size(unit: str) -> None:
    """The same blood in each: single cells are counted in a volume alone."""
    number = "6200" if unit in SINGLE_CELLS else "6200000000" if unit == "/l" else "6.2"
    assert white_cells_from(f"{number} {unit}") == 6.2


@pytest.mark.parametrize("text", ["0.02 x10^9/l", "20/ul", "20000000/L"])
def test_few_cells_are_read(text: str) -> None:
    assert white_cells_from(text) == 0.02


@pytest.mark.parametrize("text", ["6200", "6200 G/l", "6200.0"])
def test_another_unit_is_told(text: str) -> None:
    with pytest.raises(SettingsError, match=r"6,200 cells per µl are 6\.2\."):
        white_cells_from(text)


@pytest.mark.parametrize("text", ["", "many", "6.2 mg/dl", "-6", "6.2.1", "1e999", "nan", "inf"])
def test_what_is_no_count_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="white cell count"):
        white_cells_from(text)


def test_bounds() -> None:
    assert checked_white_cells(0.01) == 0.01
    assert checked_white_cells(1000) == 1000
    for value in (0, 0.009, 1000.1, float("nan"), float("inf")):
        with pytest.raises(SettingsError, match=r"0\.01 to 1,000"):
            checked_white_cells(value)
