"""The live page and the browser's own cameras: one, none, a refused one, one out of reach."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from fixtures_slide import Slide, serpentine, write_clip
from playwright.sync_api import Browser, Page, Playwright, expect

from hemavision import Model
from hemavision.web import create_app

from .accessibility import everywhere, overflow_px
from .conftest import ARGUMENTS, chromium
from .pages import NARROW, WIDE, WINDOW
from .serving import listening
from .stage import STEP_PX, another, fake_camera, freeze, live_page, start


@pytest.fixture
def open_live(live_url: str) -> Iterator[Callable[..., Page]]:
    """Open the page in a browser: ``open_live(browser, base_url=…)``."""
    contexts = []

    def open_(browser: Browser, **options: object) -> Page:
        context = browser.new_context(**(WINDOW | {"base_url": live_url} | options))
        contexts.append(context)
        return live_page(context)

    yield open_
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def camera(
    playwright: Playwright, slide: Slide, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Browser]:
    """A Chromium with a camera over the slide."""
    clip = tmp_path_factory.mktemp("clip") / "pan.mjpeg"
    write_clip(slide, serpentine(slide, STEP_PX), clip)
    browser = playwright.chromium.launch(
        executable_path=chromium(), args=[*ARGUMENTS, *fake_camera(clip)]
    )
    yield browser
    browser.close()


def test_a_camera_is_named_and_can_be_chosen(
    camera: Browser, open_live: Callable[..., Page]
) -> None:
    # A film enlarged thirty times a second is the browser's work, not the page's.
    page = open_live(camera, viewport={"width": 800, "height": 600})
    start(page)
    another(page)
    freeze(page)
    select = page.get_by_label("Camera", exact=True)
    expect(select).to_be_enabled()
    assert len(select.locator("option").all_inner_texts()[0]) > 3
    select.dispatch_event("change")
    expect(page.get_by_text("Frozen")).to_be_hidden()
    start(page)
    another(page)


def test_without_a_camera_the_page_says_so(
    browser: Browser, open_live: Callable[..., Page]
) -> None:
    page = open_live(browser)
    button = page.get_by_role("button", name="Start the camera")
    expect(button).to_be_visible()
    assert everywhere(page, lit=True) == []
    page.set_viewport_size(NARROW)
    assert overflow_px(page) <= 0
    page.set_viewport_size(WIDE)
    button.click()
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("There is no camera")
    expect(alert).to_contain_text("microscope's camera must appear")
    expect(page.get_by_role("button", name="Start again")).to_be_enabled()
    assert everywhere(page) == []


def test_a_refused_camera_says_how_to_allow_it(
    playwright: Playwright, open_live: Callable[..., Page]
) -> None:
    refusing = [
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream=deny",
    ]
    browser = playwright.chromium.launch(executable_path=chromium(), args=[*ARGUMENTS, *refusing])
    try:
        page = open_live(browser)
        page.get_by_role("button", name="Start the camera").click()
        expect(page.get_by_role("alert")).to_contain_text("The camera is not allowed")
    finally:
        browser.close()


def test_an_address_without_encryption_says_what_to_do(
    browser: Browser, model: Model, open_live: Callable[..., Page]
) -> None:
    with listening(create_app(model, host="scope.example")) as url:
        page = open_live(browser, base_url=url.replace("127.0.0.1", "scope.example"))
        alert = page.get_by_role("alert")
        expect(alert).to_contain_text("gives no camera to this address")
        expect(alert).to_contain_text("http://localhost")
