"""The live page in a real Chromium over a slide of real fields: what a person does with it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from fixtures_slide import Slide
from PIL import Image
from playwright.sync_api import Browser, Download, Page, expect

from hemavision.records.results import NOTICE

from .accessibility import everywhere, moving, overflow_px, too_small, violations
from .pages import NARROW, WIDE, WINDOW, Kept, frames, wait_until, watched
from .stage import STILL, count, freeze, live_page, put_in, show, start, take

#: A place of the slide with other cells than the first, and no white one.
ELSEWHERE = (320, 0)


@pytest.fixture(scope="module")
def over_a_cell(browser: Browser, live_url: str, slide: Slide) -> Iterator[Kept]:
    """The page with its camera still over a white cell that is counted."""
    context = browser.new_context(**WINDOW, base_url=live_url)
    put_in(context, slide)

    def open_() -> Page:
        page = live_page(context)
        still(page)
        return page

    yield Kept(open_, put_back)
    context.close()


def still(page: Page) -> None:
    """Start the camera and see a white cell often enough that it counts."""
    start(page)
    show(page, [(0, 0)] * STILL)
    expect(page.locator("[data-role=white]")).not_to_have_text("0")


def put_back(page: Page) -> None:
    """Bring the page back to how it is with its camera still over a cell."""
    page.set_viewport_size(WIDE)
    page.evaluate(
        """() => {
            document.querySelector("dialog[open]")?.close();
            document.activeElement.blur();
            if (document.querySelector("[data-do=freeze][aria-pressed=true]")) {
                document.dispatchEvent(new CustomEvent("freeze"));
            }
        }"""
    )
    expect(page.get_by_text("Frozen")).to_be_hidden()
    show(page, [(0, 0)])


@pytest.fixture
def live(over_a_cell: Kept, request: pytest.FixtureRequest) -> Iterator[Page]:
    with over_a_cell.lent(request.node) as page:
        yield page


def picture(page: Page) -> str:
    """Return what the canvas shows, some frames of the browser later."""
    frames(page)
    return str(page.locator(".scope canvas").evaluate("canvas => canvas.toDataURL()"))


def test_frame_rate_and_latency_are_shown(live: Page) -> None:
    def told() -> bool:
        show(live, [(0, 0)])
        return bool(re.search(r"\d", live.locator("[data-role=rate]").inner_text()))

    wait_until(live, told)
    for name in ("rate", "latency", "server"):
        reading = live.locator(f"[data-role={name}]")
        expect(reading).to_have_text(re.compile(r"\d"))
        assert float(reading.inner_text()) > 0
    readings = live.locator(".readings").inner_text()
    assert "fields a second" in readings
    assert "from lens to screen" in readings


def test_freeze_holds_the_picture_and_space_goes_on(live: Page) -> None:
    freeze(live)
    shown = picture(live)
    held = count(live)
    with watched(live) as seen:
        for _ in range(STILL):
            take(live, ELSEWHERE)
        assert picture(live) == shown
        assert count(live) == held
        assert live.get_by_role("button", name="Freeze").get_attribute("aria-pressed") == "true"
        assert seen.requests == []
        live.keyboard.press("Space")
        expect(live.get_by_text("Frozen")).to_be_hidden()
        show(live, [ELSEWHERE])
    assert picture(live) != shown
    assert [url for url in seen.requests if url.endswith("/api/v1/live")]


def test_switches_change_what_is_drawn(live: Page) -> None:
    freeze(live)
    full = picture(live)
    live.keyboard.press("o")
    expect(live.get_by_role("checkbox", name="Red cells")).not_to_be_checked()
    fewer = picture(live)
    assert fewer != full
    live.get_by_role("checkbox", name="Red cells").check()
    assert picture(live) == full
    live.keyboard.press("h")
    expect(live.get_by_role("checkbox", name="Heatmaps")).not_to_be_checked()
    live.keyboard.press("h")
    expect(live.get_by_role("checkbox", name="Heatmaps")).to_be_checked()


def test_a_snapshot_is_the_frame_and_its_cells(live: Page, tmp_path: Path) -> None:
    downloads: list[Download] = []

    def note(download: Download) -> None:
        downloads.append(download)

    live.on("download", note)
    freeze(live)
    # Heard, even where the count is announced right after it.
    live.evaluate(
        """() => {
            const announcer = document.querySelector("[data-part=announcer]");
            window.heard = [];
            new MutationObserver(() => window.heard.push(announcer.textContent))
                .observe(announcer, { childList: true, characterData: true, subtree: true });
        }"""
    )
    live.keyboard.press("s")
    heard = "heard.some((words) => words.startsWith('Saved hemavision-live-'))"
    wait_until(live, lambda: bool(live.evaluate(heard)))
    wait_until(live, lambda: len(downloads) == 2)
    live.remove_listener("download", note)
    saved = {Path(d.suggested_filename).suffix: d for d in downloads}
    assert set(saved) == {".png", ".json"}
    saved[".png"].save_as(tmp_path / "frame.png")
    with Image.open(tmp_path / "frame.png") as image:
        assert image.size == (640, 480)
    saved[".json"].save_as(tmp_path / "frame.json")
    values = json.loads((tmp_path / "frame.json").read_text(encoding="utf-8"))
    assert values["notice"] == NOTICE
    assert values["differential"]["white"] == count(live) == len(values["white_cells"])
    assert {cell["kind"] for cell in values["frame"]["cells"]} & {"red_cell", "white_cell"}


def test_reset_can_be_undone(live: Page) -> None:
    freeze(live)
    before = count(live)
    assert before > 0
    live.keyboard.press("r")
    expect(live.locator("[data-role=white]")).to_have_text("0")
    live.get_by_role("button", name="Undo reset").click()
    expect(live.locator("[data-role=white]")).to_have_text(str(before))


def test_keys_are_listed_and_the_list_goes_away(live: Page) -> None:
    live.keyboard.press("?")
    expect(live.get_by_role("dialog", name="Keys")).to_be_visible()
    assert violations(live) == []
    live.keyboard.press("Escape")
    expect(live.get_by_role("dialog", name="Keys")).to_be_hidden()


def test_axe_finds_nothing_and_nothing_sticks_out(live: Page) -> None:
    freeze(live)
    assert everywhere(live) == []
    live.set_viewport_size(NARROW)
    assert overflow_px(live) <= 0
    assert too_small(live, "button, a, select, label.toggle") == []
    live.get_by_role("button", name="Snapshot").scroll_into_view_if_needed()
    box = live.locator(".scope").bounding_box()
    assert box is not None
    assert box["y"] >= 0


def test_reduced_motion_has_no_animation(live: Page) -> None:
    show(live, [(0, 0)] * STILL)
    assert moving(live) == 0


def test_the_count_is_announced_and_nothing_is_asked_of_anyone_else_or_complains(
    live: Page, live_url: str
) -> None:
    with watched(live) as seen:
        live.reload()
        still(live)
        # Not before the page has been there for some seconds, nor more often.
        expect(live.locator("[data-part=announcer]")).to_contain_text("white cell")
    own = [address for address in seen.requests if not address.startswith(("blob:", "data:"))]
    assert {urlsplit(address).netloc for address in own} == {urlsplit(live_url).netloc}
    assert [address for address in own if address.endswith("/api/v1/live")]
    assert seen.errors == []
