"""The Smear page for everyone: keyboard alone, narrow screens, no motion, assistive technology."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from .conftest import NARROW, WIDE, Watch, hold
from .fields import field_paths, open_smear, press, read, settle
from .test_everyone import tab_to, violations

OVERFLOW = "document.documentElement.scrollWidth - window.innerWidth"


def test_the_navigation_leads_there_and_back(page: Page) -> None:
    pages = page.get_by_role("navigation", name="Pages")
    expect(pages.get_by_role("link", name="Cell")).to_have_attribute("aria-current", "page")
    open_smear(page)
    expect(pages.get_by_role("link", name="Smear")).to_have_attribute("aria-current", "page")
    assert urlsplit(page.url).path == "/smear"
    pages.get_by_role("link", name="Cell").click()
    expect(page.get_by_role("button", name="Choose images")).to_be_visible()


@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["wide", "narrow"])
def test_axe_finds_nothing(
    open_page: Callable[..., Page], data: Path, tmp_path: Path, viewport: dict[str, int]
) -> None:
    page = open_smear(open_page(viewport=viewport, reduced_motion="reduce"))
    assert violations(page) == []
    bad = tmp_path / "notes.jpg"
    bad.write_text("no picture")
    page.locator("#picker").set_input_files([str(p) for p in (*field_paths(data, 2), bad)])
    expect(page.locator(".progress-words")).to_have_text("2 of 3 read, 1 could not be read")
    settle(page)
    page.get_by_text("Cells in this field").first.click()
    assert violations(page) == []
    page.locator(".field-viewer").focus()
    press(page, "n", "Enter")
    expect(page.locator("[data-part=card]")).to_be_visible()
    assert violations(page) == []
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys of the field")).to_be_visible()
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.get_by_role("option").filter(has_text="notes.jpg").click()
    expect(page.get_by_role("button", name="Try again")).to_be_visible()
    assert violations(page) == []


def test_keyboard_alone_from_choosing_to_saving(page: Page, data: Path) -> None:
    open_smear(page)
    with page.expect_file_chooser() as chooser:
        tab_to(page, "[data-action=pick]")
        page.keyboard.press("Enter")
    chooser.value.set_files([str(path) for path in field_paths(data, 2)])
    settle(page)
    expect(page.get_by_role("option", selected=True).first).to_be_focused()
    tab_to(page, ".field-viewer")
    press(page, "n", "Enter")
    card = page.locator("[data-part=card]")
    expect(card).to_be_visible()
    tab_to(page, "[data-action=card-close]")
    page.keyboard.press("Enter")
    expect(page.locator(".field-viewer")).to_be_focused()
    for key, layer in (("l", "Labels"), ("h", "Heatmaps"), ("w", "White cells")):
        box = page.get_by_role("checkbox", name=layer)
        was = box.is_checked()
        page.keyboard.press(key)
        expect(box).to_be_checked(checked=not was)
        page.keyboard.press(key)
    tab_to(page, "input[name=labels]")
    page.keyboard.press("Space")
    expect(page.get_by_role("checkbox", name="Labels")).not_to_be_checked()
    tab_to(page, ".cell-list summary")
    page.keyboard.press("Enter")
    tab_to(page, "[data-role=list]")
    press(page, "ArrowDown", "Enter")
    expect(card).to_be_visible()
    page.locator(".field-viewer").focus()
    page.keyboard.press("Escape")
    tab_to(page, "[data-export=csv]")
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    assert download.value.suggested_filename.endswith(".csv")
    page.locator(".field-viewer").focus()
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keys of the field")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.locator(".field-viewer")).to_be_focused()


def test_letters_do_nothing_away_from_the_field(page: Page, data: Path) -> None:
    read(open_smear(page), field_paths(data, 1)[0])
    page.get_by_role("button", name="Add fields").focus()
    press(page, "n", "l", "?")
    expect(page.locator("[data-role=peek]")).to_be_hidden()
    expect(page.get_by_role("checkbox", name="Labels")).to_be_checked()
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_narrow_screen(open_page: Callable[..., Page], data: Path) -> None:
    page = open_smear(open_page(viewport=NARROW, has_touch=True))
    assert page.evaluate(OVERFLOW) <= 0
    read(page, *field_paths(data, 2))
    assert page.evaluate(OVERFLOW) <= 0
    page.get_by_text("Cells in this field").first.click()
    small = page.evaluate(
        """() => [...document.querySelectorAll(
                "button, a, summary, label.segment, label.layer, [role=option], input[type=range]")]
            .filter(e => e.checkVisibility() && !e.matches(".skip"))
            .map(e => [e.textContent.trim() || e.ariaLabel, e.getBoundingClientRect()])
            .filter(([, box]) => box.width < 24 || box.height < 24)
            .map(([name, box]) => `${name} ${box.width}x${box.height}`)"""
    )
    assert small == []
    page.locator(".field-viewer").focus()
    press(page, "n", "Enter")
    page.wait_for_timeout(900)
    assert page.evaluate(OVERFLOW) <= 0
    # The card comes into sight by itself, and the field again when it is closed.
    assert page.locator("[data-part=card]").bounding_box()["y"] < 200
    page.get_by_role("button", name="Counts").click()
    page.wait_for_timeout(900)
    assert page.locator(".field-viewer").bounding_box()["y"] >= 0


def test_pinch(open_page: Callable[..., Page], data: Path) -> None:
    page = open_smear(open_page(has_touch=True))
    read(page, field_paths(data, 1)[0])
    before = int(page.get_by_label("Zoom level").inner_text().rstrip("%"))
    session = page.context.new_cdp_session(page)

    def touch(kind: str, *xs: int) -> None:
        points = [{"x": x, "y": 420, "id": i} for i, x in enumerate(xs)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", 380, 480)
    for spread in (20, 40, 60, 80):
        touch("touchMove", 380 - spread, 480 + spread)
    touch("touchEnd")
    expect(page.get_by_label("Zoom level")).to_have_text(f"{round(before * 2.6)}%")


def test_reduced_motion_stills_everything(open_page: Callable[..., Page], data: Path) -> None:
    page = open_smear(open_page(reduced_motion="reduce"))
    read(page, field_paths(data, 1)[0])
    page.locator(".field-viewer").focus()
    press(page, "n", "z")
    zoomed = page.get_by_label("Zoom level").inner_text()
    page.wait_for_timeout(500)
    assert page.get_by_label("Zoom level").inner_text() == zoomed  # there at once
    moving = "document.getAnimations().filter(a => a.playState === 'running').length"
    assert page.evaluate(moving) == 0


def test_nothing_is_asked_of_anyone_else_and_nothing_complains(
    page: Page, watch: Watch, data: Path, url: str
) -> None:
    read(open_smear(page), *field_paths(data, 2))
    page.locator(".field-viewer").focus()
    press(page, "n", "Enter", "n", "h", "z", "0", "Escape", "]")
    asked = [address for address in watch.requests if not address.startswith(("blob:", "data:"))]
    assert {urlsplit(address).netloc for address in asked} == {urlsplit(url).netloc}
    assert watch.errors == []


def test_a_file_name_is_text_and_never_markup(page: Page, data: Path, tmp_path: Path) -> None:
    path = tmp_path / "<img src=x onerror=alert(1)>.jpg"
    path.write_bytes(field_paths(data, 1)[0].read_bytes())
    read(open_smear(page), path)
    expect(page.locator("[data-role=file-name]").first).to_have_text(path.name)
    assert page.locator("img[src=x]").count() == 0


def test_nothing_jumps_when_a_field_is_read(page: Page, data: Path) -> None:
    open_smear(page)
    held = hold(page, "smears")
    page.locator("#picker").set_input_files(str(field_paths(data, 1)[0]))
    page.wait_for_selector(".field-viewer[data-settled=true]")
    page.wait_for_timeout(500)
    before = {
        name: page.locator(name).bounding_box() for name in (".field-viewer", ".layers", ".tally")
    }
    held[0].continue_()
    settle(page)
    assert before == {name: page.locator(name).bounding_box() for name in before}
