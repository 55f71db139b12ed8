"""docs/differential.md says what the functions say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hemavision.differential import cells_to_settle, clopper_pearson

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "differential.md").read_text("utf-8")
INTERVALS = re.findall(r"^\| (\d+)% \| ([\d.]+ – [\d.]+) \| (.+?) \| (.+?) \|$", PAGE, re.M)
SETTLED = re.findall(r"^\| (\d+) of (\d+) \(\d+%\) \| (\d+)% \| (\d+) \|$", PAGE, re.M)


@pytest.mark.parametrize("row", INTERVALS, ids=lambda row: row[0])
def test_the_page_s_intervals_are_the_function_s(row: tuple[str, ...]) -> None:
    percent, *printed = row
    for total, text in zip((100, 200, 400), printed, strict=True):
        low, high = clopper_pearson(int(percent) * total // 100, total)
        assert text == f"{100 * low:.1f} – {100 * high:.1f}"


@pytest.mark.parametrize("row", SETTLED, ids=lambda row: f"{row[0]}-{row[2]}")
def test_the_page_s_cells_to_settle_are_the_function_s(row: tuple[str, ...]) -> None:
    count, total, limit, in_all = map(int, row)
    more = cells_to_settle(count, total, float(limit))
    assert more
    assert total + more == in_all


def test_the_page_has_both_tables() -> None:
    assert len(INTERVALS) == 6
    assert len(SETTLED) == 5
