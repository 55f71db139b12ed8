"""For everyone: keyboard alone, narrow screens, no motion, assistive technology."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from .accessibility import everywhere, moving, overflow_px, too_small
from .pages import NARROW, WINDOW, awaiting, choose, pixels, settle


def test_axe_finds_nothing(page: Page, smears: list[Path], tmp_path: Path) -> None:
    assert everywhere(page) == []
    bad = tmp_path / "notes.jpg"
    bad.write_text("no picture")
    choose(page, smears[0], bad)
    expect(page.locator(".progress-words")).to_have_text("1 of 2 read, 1 could not be read")
    settle(page)
    page.get_by_role("radio", name="Side by side").check()
    assert everywhere(page, lit=True) == []
    page.get_by_role("option").nth(1).click()
    expect(page.get_by_role("button", name="Try again")).to_be_visible()
    assert everywhere(page) == []


def test_figures_and_reference_are_for_everyone(open_page: Callable[..., Page]) -> None:
    page = open_page()
    page.goto("/figures")
    page.locator("summary").first.click()
    assert everywhere(page, lit=True) == []
    for path in ("/figures", "/docs"):
        page.goto(path)
        page.set_viewport_size(NARROW)
        assert overflow_px(page) <= 0, path
    page.get_by_role("searchbox", name="Search").fill("undo batch")
    expect(page.locator("article:visible h3").first).to_have_text(
        "POST /api/v1/cases/{case_id}/undo"
    )
    expect(page.get_by_role("status")).to_contain_text(" of ")
    page.get_by_role("searchbox", name="Search").fill("")
    expect(page.locator("article:visible h3").first).to_have_text("POST /api/v1/classify")


def tab_to(page: Page, css: str) -> None:
    """Press Tab until an element has the focus, and see that the focus is visible there."""
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.locator(f"{css}:focus").count():
            ring = page.locator(f"{css}:focus").evaluate(
                """element => [element, element.closest("label") ?? element]
                    .some(e => getComputedStyle(e).outlineStyle !== "none")"""
            )
            assert ring, f"{css} shows no focus ring"
            return
    raise AssertionError(f"Tab never reaches {css}")


def test_keyboard_alone_from_choosing_to_saving(
    open_page: Callable[..., Page], smears: list[Path]
) -> None:
    page = open_page()
    # Expected from before the first key: the browser takes a moment to be told to wait for it.
    with page.expect_file_chooser() as chooser:
        tab_to(page, "[data-action=pick]")
        page.keyboard.press("Enter")
    chooser.value.set_files([str(path) for path in smears[:2]])
    settle(page)
    first, second = page.get_by_role("option").all()
    expect(first).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(second).to_be_focused()
    assert second.get_attribute("aria-selected") == "true"
    settle(page)

    tab_to(page, ".viewer")
    page.keyboard.press("+")
    expect(page.get_by_label("Zoom level")).to_have_text("1.4×")
    zoomed = pixels(page)
    page.keyboard.press("ArrowRight")
    assert pixels(page) != zoomed
    page.keyboard.press("0")
    expect(page.get_by_label("Zoom level")).to_have_text("1.0×")

    tab_to(page, "[data-download=json]")
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    assert download.value.suggested_filename.endswith("-hemavision.json")

    tab_to(page, "input[name=cell-type]")
    before = page.locator(".viewer").get_attribute("aria-label")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".viewer")).not_to_have_attribute("aria-label", before)
    tab_to(page, "#opacity")
    page.keyboard.press("ArrowRight")
    expect(page.locator("output[for=opacity]")).to_have_text("41%")
    tab_to(page, "input[name=mode]")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("radio", name="Side by side")).to_be_checked()
    tab_to(page, "input[name=box]")
    page.keyboard.press("Space")
    expect(page.get_by_role("checkbox", name="Located cell")).not_to_be_checked()


def test_answers_are_announced(page: Page, smears: list[Path]) -> None:
    status = page.get_by_role("status").first
    assert status.get_attribute("aria-live") == "polite"
    choose(page, smears[0])
    settle(page)
    cell_type = page.locator("[data-role=cell-type]").inner_text().lower()
    expect(page.locator("[data-part=announcer]")).to_contain_text(f"{smears[0].name}: {cell_type}")


def test_narrow_screen(open_page: Callable[..., Page], smears: list[Path]) -> None:
    page = open_page(viewport=NARROW, has_touch=True)
    assert overflow_px(page) <= 0
    choose(page, *smears[:3])
    expect(page.locator(".progress-words")).to_have_text("3 of 3 read")
    settle(page)
    for mode in ("Side by side", "Overlay"):
        page.get_by_role("radio", name=mode).check()
        assert overflow_px(page) <= 0
    touched = "button, a, label.segment, label.toggle, [role=option], input[type=range]"
    assert too_small(page, touched) == []
    # The image stays in sight while its answer scrolls past.
    page.get_by_role("button", name="JSON").scroll_into_view_if_needed()
    assert page.locator(".viewer").bounding_box()["y"] >= 0


@pytest.fixture
def drifting(browser: Browser, url: str) -> Iterator[Page]:
    """The Cell page for somebody who has nothing against motion, at noon of a clock held there."""
    context = browser.new_context(**WINDOW | {"reduced_motion": "no-preference", "base_url": url})
    page = context.new_page()
    page.clock.install(time=0)
    page.goto("/")
    awaiting(page)
    page.clock.pause_at(3_600_000)
    yield page
    context.close()


def drifted(page: Page) -> bool:
    """Say whether the drifting cells move within two of their frames."""
    read = "document.querySelector('.drift').toDataURL()"
    before = page.evaluate(read)
    page.clock.run_for(2000)
    return bool(page.evaluate(read) != before)


def want_motion(page: Page, *, wanted: bool) -> None:
    """Let the person change her mind about motion, and wait until the page has heard of it."""
    page.evaluate(
        """() => {
            const unwanted = matchMedia("(prefers-reduced-motion: reduce)");
            window.heard = new Promise((resolve) => { unwanted.onchange = resolve; });
        }"""
    )
    page.emulate_media(reduced_motion="no-preference" if wanted else "reduce")
    page.evaluate("window.heard.then(() => true)")


def test_cells_drift_and_stop_when_the_tab_is_hidden(drifting: Page) -> None:
    assert drifted(drifting)
    for hidden in (True, False):
        drifting.evaluate(
            """(hidden) => {
                Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
                document.dispatchEvent(new Event("visibilitychange"));
            }""",
            hidden,
        )
        assert drifted(drifting) is not hidden


def test_reduced_motion_stills_everything(drifting: Page, page: Page, smears: list[Path]) -> None:
    assert drifted(drifting)
    want_motion(drifting, wanted=False)
    assert not drifted(drifting)
    want_motion(drifting, wanted=True)
    assert drifted(drifting)
    choose(page, smears[0])
    settle(page)
    assert moving(page) == 0


def test_without_javascript_the_page_says_what_to_do(page: Page) -> None:
    # Chromium parses <noscript> as if scripts ran even when a test turns them off, so read it.
    words = page.locator("noscript").evaluate("element => element.textContent")
    assert "This page needs JavaScript" in words
    assert "hemavision classify" in words
