"""Doubtful cells one after the other, large; the sure ones at once; all of them at one scale."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fakes import FakeEngine
from playwright.sync_api import Page, expect

from hemavision.casework.recognition import Networks, read_image
from hemavision.reading.cell import Model
from hemavision.records.cells import EIGHT_TYPES
from hemavision.store.cells import Filter, list_cells
from hemavision.store.images import add_image
from hemavision.store.records import Cell
from hemavision.store.records import Page as Rows

from .accessibility import violations
from .bench import FAKE, Bench, drawn, opened, saved
from .pages import NARROW

FINGER = {"viewport": NARROW, "has_touch": True, "is_mobile": True}
#: Buttons that a finger cannot hit.
SMALL = """(part) => [...document.querySelectorAll(part + ' button')].filter((one) => {
    const { width, height } = one.getBoundingClientRect();
    return one.checkVisibility() && (width < 44 || height < 44);
}).map((one) => one.outerHTML)"""
#: Cell → width of its picture on the screen.
WIDTHS = """() => [...document.querySelectorAll('.cell')].map((tile) =>
    [tile.dataset.cell, tile.querySelector('img').getBoundingClientRect().width])"""


def cells_in(bench: Bench, case: int) -> dict[int, Cell]:
    return {cell.id: cell for cell in list_cells(bench.store, case, Filter(), Rows(1000))[0]}


def decisions(bench: Bench, case: int) -> dict[int, str]:
    cells = cells_in(bench, case).values()
    return {cell.id: cell.decided_type for cell in cells if cell.decided_type}


def with_doubtful(bench: Bench) -> int:
    """A field of twenty confident cells, and two pictures unlike any that the model knows."""
    case = bench.fields(1)
    eyes = Networks(Model(FakeEngine(EIGHT_TYPES, novelty=2.0), FAKE))
    for index in (3, 5):
        assert add_image(bench.store, case, read_image(eyes, f"{index}.png", drawn(index)), "ann")
    return case


def at_one_scale(page: Page, cells: dict[int, Cell]) -> bool:
    """Whether a pixel of the field is as large on the screen in every tile."""
    field = min(cell.image_id for cell in cells.values())
    shown = []
    for number, width in page.evaluate(WIDTHS):
        cell = cells[int(number)]
        longer = max(cell.box.right - cell.box.left, cell.box.bottom - cell.box.top)
        if cell.image_id == field:
            shown.append(width / longer)
    return len(shown) > 3 and max(shown) == pytest.approx(min(shown), rel=0.02)


@pytest.mark.parametrize(
    "window",
    [{}, pytest.param(FINGER, marks=pytest.mark.long)],
    ids=["keys", "finger"],
)
def test_doubtful_cells_are_decided_large_and_sure_ones_at_once(
    go: Callable[..., Page], bench: Bench, window: dict[str, Any]
) -> None:
    case = with_doubtful(bench)
    page = opened(go(f"/cases/{case}", **window))
    cells = cells_in(bench, case)
    assert at_one_scale(page, cells)
    strange = sorted(n for n, cell in cells.items() if cell.suggestion.novelty > 1)
    if window:
        page.locator("[data-role=doubtful]").tap()
    else:
        expect(page.locator(".cell[data-seen=true]").nth(1)).to_be_visible()
        page.keyboard.press("Control+a")
        page.keyboard.press("1")  # one word for several is none for what the model doubts
        expect(page.locator(".notice-item").last).to_contain_text("Nothing named: 2 cells left out")
        page.keyboard.press("Escape")
        page.keyboard.press("d")
    inspector = page.locator("[data-part=inspector]")
    expect(inspector).to_contain_text("2 doubtful")
    expect(inspector).to_contain_text("No signed cell of another case yet.")
    if window:
        assert violations(page) == []
        assert page.evaluate(SMALL, ".inspector") == []
    inspector.locator("[data-type=monocyte]").click()
    expect(inspector).to_contain_text("1 doubtful")
    page.keyboard.press("1")
    expect(inspector).to_be_hidden()
    expect(page.locator(".notice-item").last).to_contain_text("No doubtful cell is left")
    saved(page)
    named = dict(zip(strange, ["monocyte", "neutrophil"], strict=True))
    assert decisions(bench, case) == named
    seen = commit_seen(page)
    sure = {n: c.suggestion.cell_type for n, c in cells.items() if n in seen and n not in strange}
    assert sure
    assert decisions(bench, case) == named | sure
    name_in_field(page, min(sure))
    assert decisions(bench, case)[min(sure)] == "monocyte"


def commit_seen(page: Page) -> set[int]:
    """Commit everything confident; return which cells the page took for seen by then."""
    expect(page.locator(".cell[data-seen=true]").nth(3)).to_be_visible()
    found = page.evaluate(
        """() => {
            document.querySelector('[data-act=confident-committed]').click();
            return [...document.querySelectorAll('.cell[data-seen=true]')].map(
                (tile) => Number(tile.dataset.cell));
        }"""
    )
    saved(page)
    return set(found)


def name_in_field(page: Page, number: int) -> None:
    """Call a cell something where it lies: by a digit, then by a button."""
    page.locator(f".cell[data-cell='{number}']").focus()
    page.keyboard.press("f")
    field = page.locator("[data-part=field-view]")
    lit = field.locator("[data-role=lit]")
    expect(lit).to_contain_text(f"Cell {number}")
    page.keyboard.press("9")
    expect(lit).to_contain_text("Blast")
    field.locator("[data-type=monocyte]").click()
    expect(lit).to_contain_text("Monocyte")
    saved(page)


def with_doubted(bench: Bench) -> int:
    """Thirteen cells of one suggestion, one of another, all doubted, and an unfamiliar one."""
    case = bench.case(0)
    for novelty, indices in ((0.5, [*range(0, 104, 8), 1]), (2.0, [2])):
        eyes = Networks(Model(FakeEngine(EIGHT_TYPES, confidence=0.6, novelty=novelty), FAKE))
        for index in indices:
            assert add_image(bench.store, case, read_image(eyes, f"{index}.png", drawn(index)), "")
    return case


def on_sheet(page: Page) -> list[int]:
    """Return which cells the sheet shows, once all of them have been looked at."""
    expect(page.locator("[data-role=sheet] .cell").first).to_be_visible()
    expect(page.locator("[data-role=sheet] .cell:not([data-seen])")).to_have_count(0)
    found = page.evaluate(
        """() => [...document.querySelectorAll("[data-role=sheet] .cell")].map((tile) => {
            const { width, bottom } = tile.firstElementChild.getBoundingClientRect();
            if (width < 150 || bottom > innerHeight) throw new Error(`${width} px, to ${bottom}`);
            return Number(tile.dataset.cell);
        })"""
    )
    assert len(found) <= 12
    return list(map(int, found))


@pytest.mark.parametrize(
    "window",
    [{}, pytest.param(FINGER, marks=pytest.mark.long)],
    ids=["keys", "finger"],
)
def test_a_sheet_of_doubtful_cells_is_committed_at_once_after_a_look_at_each(
    go: Callable[..., Page], bench: Bench, window: dict[str, Any]
) -> None:
    case = with_doubted(bench)
    page = opened(go(f"/cases/{case}", **window))
    cells = cells_in(bench, case)
    said = {n: cell.suggestion.cell_type for n, cell in cells.items()}
    (strange,) = (n for n, cell in cells.items() if cell.suggestion.novelty > 1)
    inspector = page.locator("[data-part=inspector]")
    ringed = page.locator("[data-role=sheet] .cell[data-ring=true]")
    page.locator("[data-role=doubtful]").tap() if window else page.keyboard.press("d")
    first = on_sheet(page)
    assert len({said[n] for n in first}) == 1
    assert len(first) == 12 or window
    if window:
        assert violations(page) == []
        assert page.evaluate(SMALL, ".inspector") == []
        page.locator(f"[data-role=sheet] [data-cell='{first[1]}']").tap()
        inspector.locator("[data-type=monocyte]").tap()
    else:
        page.keyboard.press("ArrowRight")
        expect(ringed).to_have_attribute("data-cell", str(first[1]))
        page.keyboard.press("9")  # the one in the ring is none of them
    rest = [n for n in first if n != first[1]]
    assert on_sheet(page) == rest
    expect(ringed).to_be_focused()
    expect(ringed).to_have_attribute("data-cell", str(first[2]))
    commit = inspector.locator("[data-role=commit]")
    expect(commit).to_have_text(f"Commit these {len(rest)}")
    commit.tap() if window else page.keyboard.press("Enter")
    expect(page.locator(f"[data-role=sheet] [data-cell='{rest[0]}']")).to_have_count(0)
    saved(page)
    named = {first[1]: "monocyte" if window else "blast"}
    assert decisions(bench, case) == named | {n: said[n] for n in rest}
    page.keyboard.press("Control+z")
    assert set(rest) <= {*on_sheet(page)}
    saved(page)
    assert decisions(bench, case) == named
    page.keyboard.press("i")
    expect(page.locator("[data-role=sheet]")).to_be_hidden()
    expect(inspector.locator("[data-role=similar]")).to_be_visible()
    page.keyboard.press("Enter")  # that one alone
    left = len(cells) - 2
    expect(inspector).to_contain_text(f"{left} doubtful")
    while left > 1:
        left -= len(on_sheet(page)) if page.locator("[data-role=sheet]").is_visible() else 1
        page.keyboard.press("Enter")
        expect(inspector).to_contain_text(f"{left} doubtful")
    saved(page)
    expect(page.locator("[data-role=sheet]")).to_be_hidden()
    expect(inspector).to_be_focused()
    assert set(cells) - set(decisions(bench, case)) == {strange}
