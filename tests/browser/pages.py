"""What tests do with pages: share them, wait for what they show, watch what they ask."""

from __future__ import annotations

import base64
import re
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Error,
    Page,
    Request,
    Route,
    expect,
)

#: How long a page may take with anything: a fault shows late, and a busy machine passes.
PATIENCE_MS = 60_000
expect.set_options(timeout=PATIENCE_MS)
WIDE = {"width": 1440, "height": 900}
MIDDLE = {"width": 768, "height": 1024}
NARROW = {"width": 390, "height": 844}
#: Without motion, which costs as much again as the page; a test of motion asks for it.
WINDOW = {"viewport": WIDE, "reduced_motion": "reduce", "color_scheme": "dark"}
#: What a million roots take in the browser of a machine that is not slow.
MILLION_MS = 12.0
#: Whether a test failed, and may have left a page that others look at anywhere.
FAILED = pytest.StashKey[bool]()


@dataclass
class Kept:
    """A page that several tests look at, one after the other: opened once, put back after each.

    Opening a page costs as much as most of what a test does with it. After a test that failed,
    and may have left it anywhere, the next one gets a new one.
    """

    open_: Callable[[], Page]
    put_back: Callable[[Page], None]
    _page: Page | None = None

    @contextmanager
    def lent(self, item: pytest.Item) -> Iterator[Page]:
        """Lend the page to a test."""
        page, self._page = self._page or self.open_(), None
        yield page
        if item.stash.get(FAILED, False):
            return
        self.put_back(page)
        self._page = page


def wait_until(page: Page, holds: Callable[[], bool]) -> None:
    """Wait until what the page brought about here, in Python, holds."""
    until = time.monotonic() + PATIENCE_MS / 1000
    while not holds():
        assert time.monotonic() < until, "it never came about"
        page.wait_for_timeout(10)


def frames(page: Page, count: int = 3) -> None:
    """Wait until the browser has drawn so often: what was due by then is on the screen."""
    page.evaluate(
        """async (count) => {
            for (let frame = 0; frame < count; frame += 1) {
                await new Promise((resolve) => requestAnimationFrame(resolve));
            }
        }""",
        count,
    )


def calm(page: Page) -> None:
    """Wait until every animation that ends has ended."""
    page.evaluate(
        """async () => {
            for (;;) {
                await new Promise((resolve) => requestAnimationFrame(resolve));
                const left = document.getAnimations().filter(({ playState, effect }) =>
                    playState !== "finished" && effect.getComputedTiming().endTime < Infinity);
                if (left.length === 0) return;
                await Promise.allSettled(left.map(({ finished }) => finished));
            }
        }"""
    )


def browser_seconds() -> float:
    """CPU seconds that the browser's processes have used so far, all together."""
    total = 0.0
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            if "chrom" in process.name():
                times = process.cpu_times()
                total += times.user + times.system
    return total


def slowness(page: Page) -> float:
    """Return how many times slower than an ordinary one this machine is now: 1 or more."""
    times = page.evaluate(
        """() => [1, 2, 3, 4, 5].map(() => {
            const started = performance.now();
            let sum = 0;
            for (let i = 0; i < 1e6; i += 1) sum += Math.sqrt(i) % 7;
            return sum > 0 ? performance.now() - started : 0;
        })"""
    )
    return max(1.0, statistics.median(times) / MILLION_MS)


@dataclass
class Watch:
    """What a page did behind the scenes."""

    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


@contextmanager
def watched(page: Page) -> Iterator[Watch]:
    """Gather everything that a page asks for and complains about."""
    seen = Watch()

    def asks(request: Request) -> None:
        seen.requests.append(request.url)

    def complains(message: ConsoleMessage) -> None:
        if message.type == "error":
            seen.errors.append(message.text)

    def fails(error: Error) -> None:
        seen.errors.append(str(error))

    page.on("request", asks)
    page.on("console", complains)
    page.on("pageerror", fails)
    yield seen
    page.remove_listener("request", asks)
    page.remove_listener("console", complains)
    page.remove_listener("pageerror", fails)


def opened_at(context: BrowserContext, path: str) -> Page:
    """Return a new page at a path that waits for images or fields."""
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.goto(path)
    awaiting(page)
    return page


def awaiting(page: Page) -> None:
    """Wait until a page waits for images or fields, with nothing chosen yet."""
    expect(page.locator("[data-part=hero] [data-action=pick]")).to_be_visible()


#: What brings the Cell page, or the Smear page, back to how it is opened: event → its detail.
AS_OPENED: dict[str, list[tuple[str, dict[str, object]]]] = {
    "/": [
        ("mode-chosen", {"mode": "overlay"}),
        ("box-toggled", {"showBox": True}),
        ("opacity-changed", {"opacity": 0.4}),
    ],
    "/smear": [
        *(
            ("layer-toggled", {"layer": layer, "on": layer != "heatmaps"})
            for layer in ("white_cell", "red_cell", "platelet", "labels", "heatmaps", "marks")
        ),
        ("opacity-changed", {"opacity": 0.5}),
    ],
}


def put_back(page: Page, path: str) -> None:
    """Bring the Cell page or the Smear page back to how it is opened."""
    page.unroute_all(behavior="ignoreErrors")
    page.emulate_media(reduced_motion="reduce")
    if page.viewport_size != WIDE:
        page.set_viewport_size(WIDE)
    page.mouse.move(1, 1)
    page.evaluate(
        """(events) => {
            document.querySelector("dialog[open]")?.close();
            for (const list of document.querySelectorAll("details.cell-list")) list.open = false;
            for (const input of document.querySelectorAll("input[name$=-order]")) {
                if (input.defaultChecked && !input.checked) input.click();
            }
            for (const [name, detail] of events) {
                document.dispatchEvent(new CustomEvent(name, { detail }));
            }
        }""",
        [*AS_OPENED[path], ("clear", {})],
    )
    awaiting(page)


@contextmanager
def kept(browser: Browser, url: str, path: str, **options: object) -> Iterator[Kept]:
    """Give a page that tests share at a path, in a context of its own."""
    context = browser.new_context(**(WINDOW | {"base_url": url} | options))
    yield Kept(lambda: opened_at(context, path), lambda page: put_back(page, path))
    context.close()


def leave(page: Page) -> None:
    """Leave a page of the workbench, wide, with nothing in the way of the next."""
    page.unroute_all(behavior="ignoreErrors")
    page.set_viewport_size(WIDE)
    page.goto("about:blank")


def choose(page: Page, *paths: Path) -> None:
    """Choose files with the picker."""
    page.locator("#picker").set_input_files([str(path) for path in paths])


def settle(page: Page) -> None:
    """Wait until the stage shows the answer and nothing moves."""
    page.wait_for_selector(".viewer[data-map=true][data-settled=true]")


def pixels(page: Page) -> bytes:
    """Return what the stage's canvas shows, as a PNG file."""
    address = page.locator(".viewer canvas").evaluate(
        """async (canvas) => {
            for (let frame = 0; frame < 2; frame += 1) {
                await new Promise((resolve) => requestAnimationFrame(resolve));
            }
            return canvas.toDataURL();
        }"""
    )
    return base64.b64decode(address.partition(",")[2])


def intercept(
    page: Page, pattern: str | re.Pattern[str], handler: Callable[[Route], object]
) -> None:
    """Let ``handler`` take what the page asks for by ``pattern``, from now on.

    Chromium's page hears of a route a moment after Playwright does: what it asks for in between
    goes past the route, and no event tells of it. So it asks for something until that is taken.
    """
    taken: list[Route] = []

    def take(route: Route) -> None:
        taken.append(route)
        route.fulfill(body="")

    def in_effect() -> bool:
        page.evaluate("fetch('/intercepted').catch(() => null)")
        return bool(taken)

    page.route(pattern, handler)
    page.route("**/intercepted", take)
    wait_until(page, in_effect)
    page.unroute("**/intercepted")


def hold(page: Page, endpoint: str = "classify") -> list[Route]:
    """Hold every question to an endpoint; the returned list fills with them."""
    held: list[Route] = []

    def keep(route: Route) -> None:
        held.append(route)

    intercept(page, f"**/api/v1/{endpoint}", keep)
    return held
