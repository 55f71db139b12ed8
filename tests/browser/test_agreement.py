"""The page of the model against the readers, in a real browser, with several months' decisions."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from hemavision import Model
from hemavision.store import database
from hemavision.store.cells import Filter, decide, list_cells
from hemavision.store.reads import ReadState, close_read, decide_blind, list_blind_cells, open_read
from hemavision.store.records import Change
from hemavision.store.records import Page as Rows

from .bench import Bench, serving
from .conftest import NARROW, WIDE
from .test_everyone import violations

MONTHS = ("2026-08", "2026-09", "2026-10", "2026-11")
CELLS = 24


@pytest.fixture
def bench(model: Model, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with serving(model, tmp_path_factory.mktemp("bench")) as served:
        yield served


@pytest.fixture
def months(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """A case a month, in each of which the reader changes one cell more; month → changed."""
    changed = {}
    for index, month in enumerate(MONTHS):
        monkeypatch.setattr(database, "now", lambda at=month: f"{at}-15T12:00:00.000000+00:00")
        case = bench.case(CELLS, f"Case of {month}")
        cells, _ = list_cells(bench.store, case, Filter(), Rows(CELLS))
        kinds = ["blast" if n <= index else c.suggestion.cell_type for n, c in enumerate(cells)]
        changes = [Change(c.id, 0, kind) for c, kind in zip(cells, kinds, strict=True)]
        decide(bench.store, case, changes, "ann")
        read = open_read(bench.store, case, "bob")
        blind, _ = list_blind_cells(bench.store, read.id, Rows(CELLS))
        again = [Change(cell.id, 0, "lymphocyte") for cell in blind]
        decide_blind(bench.store, read.id, again, "bob")
        close_read(bench.store, read.id, ReadState.FINISHED, "bob")
        changed[month] = index + 1
    return changed


def ready(page: Page) -> Page:
    page.wait_for_selector("body[data-phase=ready]")
    return page


def test_before_anybody_has_decided(go: Callable[..., Page]) -> None:
    page = go("/cases")
    page.get_by_role("link", name="Model and readers").click()
    ready(page)
    expect(page.locator("[data-part=empty]")).to_contain_text("Nobody has decided on a cell yet")
    expect(page.locator("[data-part=figures]")).to_be_hidden()
    expect(page.locator("[data-role=slides-words]")).to_contain_text("there is none so far")
    assert violations(page) == []


def test_months_types_and_readers(go: Callable[..., Page], months: dict[str, int]) -> None:
    page = ready(go("/agreement"))
    rows = page.locator("[data-role=chart-rows] tr")
    expect(rows).to_have_count(len(months))
    expect(page.locator(".chart .point")).to_have_count(len(months))
    for row, changed in zip(rows.all(), months.values(), strict=True):
        assert row.locator("td").all_text_contents()[:2] == [str(CELLS), str(CELLS - changed)]
    expect(page.locator("[data-role=differences]")).to_contain_text("blast to readers")
    page.locator("[data-part=chosen]").select_option("2026-08")
    expect(page.locator("[data-role=differences] li")).to_have_count(1)
    total = page.locator("[data-role=type-rows] td:last-child").all_inner_texts()
    assert sum(map(int, total)) == CELLS
    page.get_by_role("radio", name="Years").check()
    expect(rows).to_have_count(1)
    expect(page.locator(".chart")).to_contain_text("2026")
    page.get_by_role("radio", name="Days").check()
    expect(page.locator(".chart")).to_contain_text("15 Aug")
    page.get_by_role("radio", name="Unfamiliar").check()
    expect(page.locator("[data-part=none-such]")).to_contain_text("No cell of this kind")
    page.locator("[data-part=slides-type]").select_option("lymphocyte")
    expect(page.locator("[data-role=slides-words]")).to_contain_text(f"{len(months)} slides")
    expect(page.locator(".plot svg")).to_be_visible()


@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["wide", "narrow"])
def test_for_everyone(
    go: Callable[..., Page], months: dict[str, int], viewport: dict[str, int]
) -> None:
    page = ready(go("/agreement", viewport=viewport, reduced_motion="reduce"))
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    page.get_by_role("radio", name="Months").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("[data-role=chart-rows] tr")).to_have_count(1)
    page.locator(".figure summary").focus()
    page.keyboard.press("Enter")
    expect(page.locator("[data-role=chart-rows]")).to_be_visible()
