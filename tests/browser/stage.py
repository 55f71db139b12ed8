"""The live page's camera over a slide: one whose stage a test moves, and one that plays a film."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from fixtures_slide import Slide
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect

from .pages import PATIENCE_MS, WINDOW

SCRIPT = Path(__file__).parent / "moving_stage.js"
QUALITY = 92
#: From one frame to the next: as far as the page can follow by the pixels.
STEP_PX = 160
#: Frames that show a cell whole before it counts.
STILL = 3

#: A window whose picture is drawn for half the work.
SMALL = {"width": 800, "height": 600}

Place = tuple[int, int]


class Camera(Protocol):
    """A camera over a slide, in a browser that has it."""

    slide: Slide

    def open(self, url: str) -> Page:
        """Open the live page of a server."""
        ...

    def pan(self, page: Page, share: float = 1) -> None:
        """Lead the camera over all of the slide and back, or a share of that way."""
        ...

    def look(self, page: Page) -> None:
        """See to it that the page has seen what is under the camera now."""
        ...


@dataclass
class MovingStage:
    """A camera that takes a frame only when it is told to: no page is too slow for it."""

    slide: Slide
    browser: Browser
    contexts: list[BrowserContext]
    at: Place = (0, 0)

    def open(self, url: str) -> Page:
        context = self.browser.new_context(**WINDOW | {"base_url": url, "viewport": SMALL})
        self.contexts.append(context)
        put_in(context, self.slide)
        return live_page(context)

    def pan(self, page: Page, share: float = 1) -> None:
        """Rest at either end of the slide as long as a cell needs that is whole nowhere else."""
        far = self.slide.rgb.shape[1] - 640
        for _ in range(round(2 * share)):
            way = [(x, 0) for x in range(0, far + 1, STEP_PX)]
            if self.at != way[0]:
                way.reverse()
            show(page, [way[0]] * (STILL - 1) + way + [way[-1]] * (STILL - 1))
            self.at = way[-1]

    def look(self, page: Page) -> None:
        take(page, self.at)


@dataclass
class Film:
    """Chromium's own camera, which plays a clip of a pan over and over, in its own time."""

    slide: Slide
    seconds: float
    browser: Browser
    contexts: list[BrowserContext]

    def open(self, url: str) -> Page:
        context = self.browser.new_context(**WINDOW, base_url=url)
        self.contexts.append(context)
        return live_page(context)

    def pan(self, page: Page, share: float = 1) -> None:
        """Let the film run as long as it takes, and two seconds more for what is on its way."""
        seconds = share * self.seconds + 2
        page.wait_for_function(
            "(end) => document.querySelector('video').currentTime > end",
            arg=page.evaluate("document.querySelector('video').currentTime") + seconds,
            timeout=PATIENCE_MS + 10_000 * seconds,
        )

    def look(self, page: Page) -> None:
        """It looks by itself."""


def live_page(context: BrowserContext) -> Page:
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.goto("/live")
    return page


def put_in(context: BrowserContext, slide: Slide) -> None:
    """Let all pages of a context find a camera over a slide."""
    stream = io.BytesIO()
    Image.fromarray(slide.rgb).save(stream, "JPEG", quality=QUALITY)
    picture = stream.getvalue()
    context.add_init_script(path=SCRIPT)
    context.route(
        "**/stage.jpg", lambda route: route.fulfill(body=picture, content_type="image/jpeg")
    )


def start(page: Page) -> None:
    """Start the camera, if it has not been allowed before."""
    button = page.get_by_role("button", name="Start the camera")
    if button.is_visible():
        button.click()
    expect(page.locator(".scope[data-phase=running]")).to_be_visible()


def show(page: Page, places: Iterable[Place]) -> None:
    """Lead the stage from place to place: at each a frame is taken, read and shown."""
    page.evaluate("(places) => stage.show(places)", [{"x": x, "y": y} for x, y in places])


def take(page: Page, place: Place = (0, 0)) -> None:
    """Take a frame, whatever the page does with it."""
    page.evaluate("([x, y]) => stage.pass({ x, y })", place)


def another(page: Page) -> None:
    """Wait until the camera has taken, and the page has shown, a frame more than now."""
    before = page.locator(".scope").get_attribute("data-taken") or ""
    expect(page.locator(".scope[data-taken]")).not_to_have_attribute("data-taken", before)


def count(page: Page) -> int:
    return int(page.locator("[data-role=white]").inner_text())


def freeze(page: Page) -> None:
    """Freeze the picture."""
    page.keyboard.press("Space")
    expect(page.get_by_text("Frozen")).to_be_visible()


def fake_camera(clip: Path) -> list[str]:
    """Return what makes Chromium play a clip as a camera that it may open unasked."""
    return [
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={clip}",
    ]
