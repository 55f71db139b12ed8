"""The Smear page for everyone: keyboard alone, narrow screens, no motion, assistive technology."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from .accessibility import everywhere, moving, overflow_px, too_small
from .fields import field_paths, open_smear, press, read, settle
from .pages import NARROW, Kept, frames, hold, kept, watched
from .test_everyone import tab_to


@pytest.fixture(scope="module")
def touched(browser: Browser, url: str) -> Iterator[Kept]:
    """The Smear page under fingers."""
    with kept(browser, url, "/smear", has_touch=True) as page:
        yield page


@pytest.fixture
def fingers(touched: Kept, request: pytest.FixtureRequest) -> Iterator[Page]:
    with touched.lent(request.node) as page:
        yield page


def test_the_navigation_leads_there_and_back(page: Page) -> None:
    pages = page.get_by_role("navigation", name="Pages")
    expect(pages.get_by_role("link", name="Cell")).to_have_attribute("aria-current", "page")
    open_smear(page)
    expect(pages.get_by_role("link", name="Smear")).to_have_attribute("aria-current", "page")
    assert urlsplit(page.url).path == "/smear"
    pages.get_by_role("link", name="Cell").click()
    expect(page.get_by_role("button", name="Choose images")).to_be_visible()


def test_axe_finds_nothing_before_the_first_field(smear: Page) -> None:
    assert everywhere(smear, lit=True) == []


def test_axe_finds_nothing_in_the_list(smear: Page, data: Path) -> None:
    read(smear, *field_paths(data, 2))
    smear.get_by_text("Cells in this field").first.click()
    expect(smear.get_by_role("listbox", name="Cells in this field")).to_be_visible()
    assert everywhere(smear) == []


def test_axe_finds_nothing_in_a_failure(smear: Page, data: Path, tmp_path: Path) -> None:
    bad = tmp_path / "notes.jpg"
    bad.write_text("no picture")
    smear.locator("#picker").set_input_files([str(p) for p in (*field_paths(data, 2), bad)])
    expect(smear.locator(".progress-words")).to_have_text("2 of 3 read, 1 could not be read")
    settle(smear)
    smear.get_by_role("option").filter(has_text="notes.jpg").click()
    expect(smear.get_by_role("button", name="Try again")).to_be_visible()
    assert everywhere(smear, lit=True) == []


def test_axe_finds_nothing_in_a_card_and_the_keys(smear: Page, data: Path) -> None:
    read(smear, *field_paths(data, 1))
    smear.locator(".field-viewer").focus()
    press(smear, "n", "Enter")
    expect(smear.locator("[data-part=card]")).to_be_visible()
    assert everywhere(smear) == []
    smear.keyboard.press("?")
    expect(smear.get_by_role("dialog", name="Keys of the field")).to_be_visible()
    assert everywhere(smear, "dialog[open]") == []
    smear.keyboard.press("Escape")


def test_keyboard_alone_from_choosing_to_saving(open_page: Callable[..., Page], data: Path) -> None:
    page = open_page("/smear")
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
    # The list is filled when the browser says that it was opened.
    expect(page.locator("[data-role=list] [role=option]").first).to_be_visible()
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


def test_letters_do_nothing_away_from_the_field(smear: Page, data: Path) -> None:
    read(smear, field_paths(data, 1)[0])
    smear.get_by_role("button", name="Add fields").focus()
    press(smear, "n", "l", "?")
    expect(smear.locator("[data-role=peek]")).to_be_hidden()
    expect(smear.get_by_role("checkbox", name="Labels")).to_be_checked()
    expect(smear.get_by_role("dialog")).to_have_count(0)


def test_narrow_screen(fingers: Page, data: Path) -> None:
    page = fingers
    page.set_viewport_size(NARROW)
    assert overflow_px(page) <= 0
    read(page, *field_paths(data, 2))
    assert overflow_px(page) <= 0
    page.get_by_text("Cells in this field").first.click()
    touched = "button, a, summary, label.segment, label.layer, [role=option], input[type=range]"
    assert too_small(page, touched) == []
    page.locator(".field-viewer").focus()
    press(page, "n", "Enter")
    # The card comes into sight by itself, and the field again when it is closed.
    top_of = "document.querySelector('{}').getBoundingClientRect().top"
    page.wait_for_function(top_of.format("[data-part=card]") + " < 200")
    assert overflow_px(page) <= 0
    page.get_by_role("button", name="Counts").click()
    page.wait_for_function(top_of.format(".field-viewer") + " >= 0")


def test_pinch(fingers: Page, data: Path) -> None:
    page = fingers
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


def test_reduced_motion_stills_everything(smear: Page, data: Path) -> None:
    read(smear, field_paths(data, 1)[0])
    level = smear.get_by_label("Zoom level")
    fitted = level.inner_text()
    smear.locator(".field-viewer").focus()
    press(smear, "n", "z")
    frames(smear)
    zoomed = level.inner_text()
    assert zoomed != fitted  # there at once
    assert moving(smear) == 0
    # For whom motion is well, the field glides there.
    smear.keyboard.press("0")
    expect(level).to_have_text(fitted)
    smear.emulate_media(reduced_motion="no-preference")
    passed = smear.evaluate(
        """async (end) => {
            const [field, level] = [".field-viewer", "[data-role=zoom-level]"]
                .map((css) => document.querySelector(css));
            const seen = new Set();
            field.dispatchEvent(new KeyboardEvent("keydown", { key: "z", bubbles: true }));
            while (level.textContent !== end) {
                seen.add(level.textContent);
                await new Promise((resolve) => requestAnimationFrame(resolve));
            }
            return seen.size;
        }""",
        zoomed,
    )
    assert passed > 1


def test_nothing_is_asked_of_anyone_else_and_nothing_complains(
    smear: Page, data: Path, url: str
) -> None:
    with watched(smear) as seen:
        smear.reload(wait_until="networkidle")
        read(smear, *field_paths(data, 2))
        smear.locator(".field-viewer").focus()
        press(smear, "n", "Enter", "n", "h", "z", "0", "Escape", "]")
        settle(smear)
    own = [address for address in seen.requests if not address.startswith(("blob:", "data:"))]
    assert {urlsplit(address).netloc for address in own} == {urlsplit(url).netloc}
    assert seen.errors == []


def test_a_file_name_is_text_and_never_markup(smear: Page, data: Path, tmp_path: Path) -> None:
    path = tmp_path / "<img src=x onerror=alert(1)>.jpg"
    path.write_bytes(field_paths(data, 1)[0].read_bytes())
    read(smear, path)
    expect(smear.locator("[data-role=file-name]").first).to_have_text(path.name)
    assert smear.locator("img[src=x]").count() == 0


def test_nothing_jumps_when_a_field_is_read(smear: Page, data: Path) -> None:
    held = hold(smear, "smears")
    smear.locator("#picker").set_input_files(str(field_paths(data, 1)[0]))
    smear.wait_for_selector(".field-viewer[data-settled=true]")
    frames(smear)
    before = {
        name: smear.locator(name).bounding_box() for name in (".field-viewer", ".layers", ".tally")
    }
    held[0].continue_()
    settle(smear)
    assert before == {name: smear.locator(name).bounding_box() for name in before}
