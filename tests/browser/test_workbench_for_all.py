"""The workbench for everyone: quick with a thousand cells, narrow, by axe, by account."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from hemavision import Model
from hemavision.store.readers import Role, add_reader

from .accessibility import everywhere, overflow_px, violations
from .bench import Bench, decided, drawn, opened, saved, serving, windows
from .pages import MIDDLE, NARROW, WIDE, frames, intercept, slowness, watched

Theme = Literal["dark", "light"]
#: A decision shows within this; the page promises as much.
SHOWN_MS = 50
#: Half of 60 frames a second: generous, for machines without a graphics card that do other work.
FRAME_MS = 34


def undisturbed(times: list[float]) -> float:
    """The quarter's end of the times: what else the machine does meanwhile only adds to them."""
    return sorted(times)[len(times) // 4]


@pytest.mark.parametrize(
    ("fields", "decisions", "frames"),
    [(8, 3, 20), pytest.param(50, 9, 120, marks=pytest.mark.long)],
)
def test_a_thousand_cells_scroll_and_change_at_once(
    go: Callable[..., Page], bench: Bench, fields: int, decisions: int, frames: int
) -> None:
    page = opened(go(f"/cases/{bench.fields(fields)}"))
    expect(page.locator("[data-role=progress-words]")).to_contain_text(f" {20 * fields:,} ")
    assert page.locator(".cell").count() < 150
    page.locator(".cell").first.focus()
    shown = page.evaluate(
        """async (turns) => {
            const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
            const progress = document.querySelector("[data-role=progress-words]");
            const times = [];
            for (let turn = 0; turn < turns; turn += 1) {
                const [before, started] = [progress.textContent, performance.now()];
                document.activeElement.dispatchEvent(
                    new KeyboardEvent("keydown", { key: String(2 + turn % 5), bubbles: true }));
                await frame();
                if (progress.textContent === before) throw new Error("nothing changed");
                times.push(performance.now() - started);
                for (let rest = 0; rest < 7; rest += 1) await frame();
            }
            return times;
        }""",
        decisions,
    )
    assert undisturbed(shown) < SHOWN_MS * slowness(page)
    saved(page)
    assert decided(page) == decisions
    scrolled = page.evaluate(
        """async (turns) => {
            const gallery = document.querySelector(".gallery-scroll");
            const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
            const times = [];
            let last = await frame();
            for (let turn = 0; turn < turns; turn += 1) {
                gallery.scrollTop += 50;
                const now = await frame();
                times.push(now - last);
                last = now;
            }
            return times;
        }""",
        frames,
    )
    assert undisturbed(scrolled) <= FRAME_MS * slowness(page)
    assert page.locator(".cell").count() < 150


def test_axe_finds_nothing_in_a_case(go: Callable[..., Page], bench: Bench) -> None:
    page = opened(go(f"/cases/{bench.case(8)}"))
    page.locator(".cell").first.focus()
    page.keyboard.press("Enter")
    assert everywhere(page, lit=True) == []


def test_axe_finds_nothing_in_the_parts_of_a_case(go: Callable[..., Page], bench: Bench) -> None:
    page = opened(go(f"/cases/{bench.case(8)}"))
    page.locator(".cell").first.focus()
    page.keyboard.press("i")
    expect(page.locator(".inspector .seen, .inspector h2").first).to_be_visible()
    assert everywhere(page, ".inspector") == []
    page.keyboard.press("Escape")
    page.locator("[data-act=act-sign]").click()
    expect(page.get_by_role("dialog", name="Sign the case")).to_be_visible()
    assert everywhere(page, "dialog[open]", lit=True) == []
    page.keyboard.press("Escape")
    page.set_viewport_size(NARROW)
    page.get_by_role("button", name="Differential").click()
    assert violations(page) == []


def test_axe_finds_nothing_in_the_list_of_cases(go: Callable[..., Page], bench: Bench) -> None:
    bench.case(1)
    page = go("/cases")
    expect(page.locator(".case-name").first).to_be_visible()
    assert everywhere(page, lit=True) == []
    for size in (WIDE, NARROW):
        page.set_viewport_size(size)
        assert overflow_px(page) <= 0


#: Every page of the application; `{case}` is one of twelve cells.
EVERYWHERE = ("/", "/smear", "/live", "/cases", "/cases/{case}", "/agreement", "/figures", "/docs",
              "/settings", "/login")  # fmt: skip
THEMES = ("dark", "light")


@pytest.mark.parametrize(
    ("sizes", "themes", "paths"),
    [
        ([MIDDLE], ["light"], ["/login"]),
        pytest.param([WIDE, MIDDLE, NARROW], THEMES, EVERYWHERE, marks=pytest.mark.long),
    ],
)
def test_axe_finds_nothing_on_any_page_at_any_width_in_either_theme(
    go: Callable[..., Page],
    bench: Bench,
    sizes: list[dict[str, int]],
    themes: list[Theme],
    paths: list[str],
) -> None:
    case = bench.case(12)
    page = go("/cases")
    found: dict[tuple[str, str, int], list[str]] = {}
    with watched(page) as seen:
        for path in paths:
            page.goto(path.format(case=case), wait_until="networkidle")
            for theme, size in product(themes, sizes):
                page.emulate_media(color_scheme=theme)
                page.set_viewport_size(size)
                frames(page)
                assert overflow_px(page) <= 0, (path, size)
                found[path, theme, size["width"]] = violations(page)
    assert seen.errors == []
    page.emulate_media(color_scheme="dark")
    assert {where: wrong for where, wrong in found.items() if wrong} == {}


def test_fingers_on_a_narrow_screen(go: Callable[..., Page], bench: Bench) -> None:
    page = opened(go(f"/cases/{bench.case(16)}", viewport=NARROW, has_touch=True, is_mobile=True))
    page.locator(".cell").nth(0).tap()
    page.locator(".cell").nth(1).tap()
    bar = page.locator(".selection-bar")
    expect(bar).to_contain_text("2 cells selected")
    bar.get_by_role("button", name="Basophil").tap()
    saved(page)
    assert decided(page) == 2
    page.get_by_role("button", name="Differential").tap()
    expect(page.locator(".bins [data-drop=basophil] .bin-count")).to_contain_text("+")
    page.locator(".bins [data-drop=basophil] .bin-name").tap()
    expect(page.locator(".panel")).to_be_hidden()


def test_an_import_goes_on_where_it_was_cut_off(go: Callable[..., Page], tmp_path: Path) -> None:
    paths = [tmp_path / f"cell-{index}.png" for index in range(20)]
    for index, path in enumerate(paths):
        path.write_bytes(drawn(index))
    page = go("/cases")
    turns: list[str] = []

    def cut(route: Route) -> None:
        if route.request.method == "POST":
            turns.append(route.request.url)
        if len(turns) == 2:
            route.abort("connectionreset")
        else:
            route.continue_()

    intercept(page, "**/images", cut)
    page.locator("#picker").set_input_files([str(path) for path in paths])
    page.get_by_role("button", name="Create and bring them in").click()
    trouble = page.locator("[data-role=import-trouble]")
    expect(trouble).to_contain_text("Trying again")
    page.get_by_role("link", name="Open the case").wait_for()
    expect(page.locator("[data-role=import-words]")).to_contain_text("20 images added, 20 cells")
    expect(trouble).to_have_text("")
    assert len(turns) == 4


def test_accounts_log_in_write_with_a_token_and_keep_to_their_role(
    browser: Browser, model: Model, tmp_path: Path
) -> None:
    with serving(model, tmp_path) as bench:
        number = bench.case(2)
        add_reader(bench.store, "root", Role.ADMIN, "a long enough password", "local")
        add_reader(bench.store, "ann", Role.READER, "correct horse battery", "root")
        with windows(browser, bench) as open_:
            page = open_(f"/cases/{number}")
            assert "/login?next=" in page.url
            assert violations(page) == []
            page.get_by_label("Name").fill("ann")
            page.get_by_label("Password").fill("wrong horse battery")
            page.keyboard.press("Enter")
            expect(page.get_by_role("alert")).not_to_be_empty()
            page.get_by_label("Password").fill("correct horse battery")
            tokens: list[str | None] = []
            page.on(
                "request",
                lambda request: (
                    tokens.append(request.headers.get("x-csrf-token"))
                    if request.method in ("POST", "PATCH") and "session" not in request.url
                    else None
                ),
            )
            page.keyboard.press("Enter")
            page.wait_for_url(f"**/cases/{number}")
            opened(page)
            for _ in range(2):
                page.keyboard.press("n")
                page.keyboard.press("Enter")
            saved(page)
            page.locator("[data-act=act-sign]").click()
            page.locator("[data-act=sign-confirmed]").click()
            expect(page.locator(".banner")).to_contain_text("Signed by ann")
            assert len(tokens) == 3
            assert all(tokens)
            # Opening a signed case again takes a supervisor.
            expect(page.locator("[data-act=act-amend]")).to_be_hidden()
            page.locator("[data-act=act-logout]").click()
            page.wait_for_url("**/login")
            page.goto("/cases")
            assert "/login" in page.url
