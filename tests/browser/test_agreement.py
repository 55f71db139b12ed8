"""The page of the model against the readers, in a real browser, with several months' decisions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, Page, expect

from hemavision import Model
from hemavision.differential import clopper_pearson
from hemavision.records.results import ModelReference
from hemavision.store import database
from hemavision.store.cells import Filter, list_cells
from hemavision.store.cells import decide as store_decisions
from hemavision.store.records import Change
from hemavision.store.records import Page as Rows

from .accessibility import overflow_px, violations
from .bench import Bench, serving, windows
from .pages import NARROW, WIDE, Kept, frames, hold

MONTHS = ("2026-08", "2026-09", "2026-10", "2026-11")
CELLS = 12
DAYS = 28
#: Neither name nor digest says which came first.
OLD, NEW = ModelReference("old", "e" * 64), ModelReference("new", "1" * 64)


@pytest.fixture
def bench(model: Model, tmp_path: Path) -> Iterator[Bench]:
    with serving(model, tmp_path) as served:
        yield served


@pytest.fixture
def go(browser: Browser, bench: Bench) -> Iterator[Callable[..., Page]]:
    with windows(browser, bench) as open_:
        yield open_


@dataclass
class Decided:
    """A server with several months' decisions."""

    bench: Bench
    #: How many cells the reader changed in each month.
    changed: dict[str, int]


@pytest.fixture(scope="module")
def decided(model: Model, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Decided]:
    """A case a month, in each of which the reader changes one cell more.

    All is decided through the API; only the store's clock is told another month. In the last but
    one month another model comes, and in the last one a cell of the old model's is decided late.
    """
    changed = {}
    with (
        serving(model, tmp_path_factory.mktemp("decided")) as bench,
        pytest.MonkeyPatch.context() as patch,
    ):
        for index, month in enumerate(MONTHS):
            patch.setattr(database, "now", lambda at=month: f"{at}-15T12:00:00.000000+00:00")
            case = bench.case(CELLS, f"Case of {month}", model=NEW if month in MONTHS[2:] else OLD)
            cells = call(bench, "GET", f"cases/{case}/cells?limit=1000")["cells"]
            kinds = ["blast" if n <= index else suggested(cell) for n, cell in enumerate(cells)]
            decide(bench, f"cases/{case}/cells", cells, kinds)
            read = call(bench, "POST", f"cases/{case}/reads", {})["read"]["id"]
            blind = call(bench, "GET", f"reads/{read}/cells?limit=1000")["cells"]
            decide(bench, f"reads/{read}/cells", blind, ["lymphocyte"] * CELLS)
            call(bench, "POST", f"reads/{read}/finish", {})
            changed[month] = index + 1
        late = bench.case(1, "Late", model=OLD)
        cells = call(bench, "GET", f"cases/{late}/cells")["cells"]
        decide(bench, f"cases/{late}/cells", cells, [suggested(cell) for cell in cells])
        yield Decided(bench, changed)


@pytest.fixture(scope="module")
def months(decided: Decided) -> dict[str, int]:
    """Month → cells changed in it."""
    return decided.changed


@pytest.fixture(scope="module")
def agreement(browser: Browser, decided: Decided) -> Iterator[Kept]:
    """The page over those months."""
    with windows(browser, decided.bench) as open_:
        yield Kept(lambda: ready(open_("/agreement")), again)


def again(page: Page) -> None:
    """Open the page anew, wide."""
    page.unroute_all(behavior="ignoreErrors")
    page.set_viewport_size(WIDE)
    page.goto("/agreement")
    ready(page)


@pytest.fixture
def page(agreement: Kept, request: pytest.FixtureRequest) -> Iterator[Page]:
    with agreement.lent(request.node) as page:
        yield page


def call(bench: Bench, method: str, path: str, body: object = None) -> Any:
    answer = requests.request(method, f"{bench.url}/api/v1/{path}", json=body, timeout=30)
    assert answer.ok, answer.text
    return answer.json()


def decide(bench: Bench, path: str, cells: list[dict[str, Any]], kinds: list[str]) -> None:
    changes = [
        {"id": cell["id"], "revision": cell["revision"], "cell_type": kind}
        for cell, kind in zip(cells, kinds, strict=True)
    ]
    call(bench, "PATCH", path, {"changes": changes, "seen": [c["id"] for c in cells]})


def suggested(cell: dict[str, Any]) -> str:
    kind: str = cell["suggestion"]["cell_type"]
    return kind


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


def test_months_over_time(page: Page, months: dict[str, int]) -> None:
    rows = page.locator("[data-role=chart-rows] tr")
    expect(rows).to_have_count(len(months) + 1)
    expect(page.locator(".chart .point")).to_have_count(len(months) + 1)
    numbers = [row.locator("td").all_text_contents() for row in rows.all()]
    counts = [(CELLS, CELLS - changed) for changed in months.values()]
    # The old model's late cell stands before the new one's: in the order in which they came.
    assert [tuple(map(int, row[:2])) for row in numbers] == [*counts[:3], (1, 1), counts[3]]
    low, high = clopper_pearson(CELLS - 1, CELLS)
    assert numbers[0][3] == f"{100 * low:.1f} to {100 * high:.1f}%"
    assert [row[4].split()[0] for row in numbers] == ["old", "old", "new", "old", "new"]
    # It came once, whatever is decided late; the old one's line stops where nothing was decided.
    expect(page.locator(".chart .model-change")).to_have_count(1)
    expect(page.locator(".chart .way")).to_have_count(3)
    page.get_by_role("radio", name="Years").check()
    expect(rows).to_have_count(2)
    expect(page.locator(".chart")).to_contain_text("2026")
    page.get_by_role("radio", name="Days").check()
    expect(page.locator(".chart")).to_contain_text("15 Aug")
    page.get_by_role("radio", name="Unfamiliar").check()
    expect(page.locator("[data-part=none-such]")).to_contain_text("No cell of this kind")


def test_types(page: Page) -> None:
    page.locator("[data-part=chosen]").select_option("2026-08")
    words = page.locator("[data-role=differences] li")
    expect(words).to_have_count(1)
    expect(words).to_contain_text("called blast by readers: 1 of")
    total = page.locator("[data-role=type-rows] td:last-child").all_inner_texts()
    assert sum(map(int, total)) == CELLS
    row = page.locator("[data-role=type-rows] tr", has=page.locator("[data-kind=other]"))
    shares = [int(text.rstrip("%")) for text in row.locator("small").all_inner_texts()]
    assert (len(shares), sum(shares)) == (2, 100)


def test_between_readers(page: Page, months: dict[str, int]) -> None:
    rows = page.locator("[data-role=reads-rows] tr")
    expect(rows).to_have_count(len(months))
    expect(rows.first).to_contain_text(f"Case of {MONTHS[-1]}")
    expect(rows.first).to_contain_text("κ")
    expect(rows.first).to_contain_text(f"of {CELLS} cells alike")
    page.locator("[data-part=slides-type]").select_option("lymphocyte")
    expect(page.locator("[data-role=slides-words]")).to_contain_text(f"{len(months)} slides")
    expect(page.locator(".plot svg")).to_be_visible()
    rows.first.get_by_role("link").click()
    page.wait_for_url("**/cases/*")


def test_while_it_is_asked_for_and_where_it_fails(page: Page, months: dict[str, int]) -> None:
    held = hold(page, "agreement?*")
    page.goto("/agreement")
    expect(page.locator("[data-part=loading]")).to_be_visible()
    expect(page.locator("[data-role=reads-rows] tr")).to_have_count(len(months))
    held.pop().abort()
    # What was answered meanwhile does not hide that the rest was not.
    expect(page.locator("[data-part=error]")).not_to_be_empty()
    expect(page.locator("[data-part=loading]")).to_be_hidden()
    expect(page.locator("[data-part=figures]")).to_be_hidden()
    assert violations(page) == []
    page.unroute("**/api/v1/agreement?*")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".chart .point")).to_have_count(len(months) + 1)
    expect(page.locator("[data-part=error]")).to_be_empty()
    expect(page.get_by_role("button", name="Try again")).to_be_hidden()


def test_more_days_than_have_room_scroll_and_begin_with_the_newest(
    go: Callable[..., Page], bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = bench.case(DAYS)
    for day, cell in enumerate(list_cells(bench.store, case, Filter(), Rows(DAYS))[0], 1):
        monkeypatch.setattr(
            database, "now", lambda at=day: f"2026-10-{at:02}T12:00:00.000000+00:00"
        )
        assert cell.suggestion
        change = Change(cell.id, cell.revision, cell.suggestion.cell_type)
        store_decisions(bench.store, case, [change], "ann")
    page = ready(go("/agreement", viewport=NARROW))
    page.get_by_role("radio", name="Days").check()
    expect(page.locator(".chart .point")).to_have_count(DAYS)
    chart = page.locator(".chart")
    room, whole, at = chart.evaluate("(c) => [c.clientWidth, c.scrollWidth, c.scrollLeft]")
    assert whole > room
    assert at == pytest.approx(whole - room, abs=1)
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
    assert violations(page) == []


def test_for_everyone(page: Page, months: dict[str, int]) -> None:
    rows = page.locator("[data-role=chart-rows] tr")
    for size in (WIDE, NARROW):
        page.set_viewport_size(size)
        frames(page)
        assert violations(page) == []
        assert overflow_px(page) <= 0
        page.get_by_role("radio", name="Months").focus()
        page.keyboard.press("ArrowRight")
        expect(rows).to_have_count(2)
        page.locator(".figure summary").first.focus()
        page.keyboard.press("Enter")
        expect(page.locator("[data-role=chart-rows]")).to_be_visible()
        page.keyboard.press("Enter")
        expect(page.locator("[data-role=chart-rows]")).to_be_hidden()
        page.get_by_role("radio", name="Years").focus()
        page.keyboard.press("ArrowLeft")
        expect(rows).to_have_count(len(months) + 1)
