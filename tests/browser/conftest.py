"""A real server and a real Chromium, once a session; a fresh page for every test."""

from __future__ import annotations

import base64
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from fixtures_slide import Slide, SlideFinder, make_slide
from flask import Flask
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Error,
    Page,
    Playwright,
    Request,
    Route,
    expect,
    sync_playwright,
)
from real_parts import missing
from waitress import wasyncore
from waitress.server import create_server

from hemavision import Model
from hemavision.sample_smear import smear_png
from hemavision.samples import SAMPLE_NAMES, sample_png
from hemavision.web import create_app
from hemavision.web.api import models

if TYPE_CHECKING:
    from .bench import Bench

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # A name that no certificate is for, for the page that asks for a camera there.
    "--host-resolver-rules=MAP scope.example 127.0.0.1",
]
#: How long a page may take with anything: a fault shows late, and a busy machine passes.
PATIENCE_MS = 60_000
expect.set_options(timeout=PATIENCE_MS)
WIDE = {"width": 1440, "height": 900}
#: Chromium without a window opens a page for half the work of the whole one.
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser")
NARROW = {"width": 390, "height": 844}
#: Without motion, which costs as much again as the page; a test of motion asks for it.
WINDOW = {"viewport": WIDE, "reduced_motion": "reduce"}


#: What the servers say of the shipped models: each would open all of them anew.
_DESCRIBED: dict[Path, dict[str, object]] = {}
#: Whether a test failed, and may have left a page that others look at anywhere.
_FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    report = yield
    item.stash[_FAILED] = item.stash.get(_FAILED, False) or report.failed
    return report


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
        if item.stash.get(_FAILED, False):
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


@dataclass
class Watch:
    """What a page did behind the scenes."""

    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


@pytest.fixture(scope="session")
def drawn_cells() -> None:
    """The samples, which a server draws but once: not the first test's to pay."""
    for name in SAMPLE_NAMES:
        sample_png(name)


@pytest.fixture(scope="session")
def drawn_smear() -> None:
    """The synthetic field, likewise."""
    smear_png()


@pytest.fixture(scope="session")
def url(model: Model, drawn_cells: None, drawn_smear: None) -> Iterator[str]:
    """The address of the real application on a real server."""
    with listening(create_app(model)) as address:
        yield address


@contextmanager
def listening(app: Flask, threads: int = 4) -> Iterator[str]:
    """Serve an application as ``hemavision serve`` does, and give its address."""
    app.extensions[models.CACHE] = _DESCRIBED
    # A window that goes from page to page asks for each of the scripts but once.
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = 3600
    open_: dict[int, wasyncore.dispatcher] = {}
    server = create_server(app, host="127.0.0.1", port=0, threads=threads, map=open_)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.effective_port}"
    # In its own thread, which ends with the last connection: a page may keep one for long.
    server.trigger.pull_trigger(lambda: wasyncore.close_all(open_))
    thread.join()
    server.task_dispatcher.shutdown()


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


def chromium() -> str:
    """Return the path of the browser; without one, fail in CI and skip elsewhere."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        missing(f"Chromium (install one of {', '.join(BROWSERS)})")
    return str(path)


@pytest.fixture(scope="session")
def browser(playwright: Playwright, url: str) -> Iterator[Browser]:
    browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
    # Nor what a browser does but once.
    page = browser.new_page(base_url=url)
    page.goto("/smear")
    awaiting(page)
    page.close()
    yield browser
    browser.close()


@pytest.fixture
def open_page(browser: Browser, url: str) -> Iterator[Callable[..., Page]]:
    """Open a page in a context of its own: ``open_page(path, viewport=..., has_touch=...)``."""
    contexts: list[BrowserContext] = []

    def open_(path: str = "/", **options: object) -> Page:
        context = browser.new_context(**(WINDOW | {"base_url": url} | options))
        contexts.append(context)
        return opened_at(context, path)

    yield open_
    for context in contexts:
        context.close()


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


@pytest.fixture(scope="session")
def cell_page(browser: Browser, url: str) -> Iterator[Kept]:
    with kept(browser, url, "/") as page:
        yield page


@pytest.fixture(scope="session")
def smear_page(browser: Browser, url: str) -> Iterator[Kept]:
    with kept(browser, url, "/smear") as page:
        yield page


@pytest.fixture
def page(cell_page: Kept, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The Cell page at 1440 × 900, with nothing chosen yet."""
    with cell_page.lent(request.node) as page:
        yield page


@pytest.fixture
def smear(smear_page: Kept, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The Smear page at 1440 × 900, with nothing chosen yet."""
    with smear_page.lent(request.node) as page:
        yield page


@pytest.fixture
def watch(page: Page) -> Iterator[Watch]:
    """Everything that the Cell page asks for and complains about, from its opening on."""
    with watched(page) as seen:
        page.reload(wait_until="networkidle")
        yield seen


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


@pytest.fixture(scope="session")
def smears(data: Path) -> list[Path]:
    """Six photographs of cells that no model was trained on, all four types among them."""
    folders = sorted(folder for folder in (data / "kaggle_wbc/TEST").iterdir() if folder.is_dir())
    return [sorted(folder.iterdir())[n] for n in (0, 40) for folder in folders][:6]


@pytest.fixture(scope="session")
def slide(data: Path) -> Slide:
    """Two real fields side by side, each with a white cell."""
    return make_slide(data, columns=2, rows=1)


@pytest.fixture(scope="session")
def live_url(model: Model, slide: Slide) -> Iterator[str]:
    """A server whose finder knows the slide by heart: here the page's own work is tested."""
    with listening(create_app(model, finder=SlideFinder(slide))) as address:
        yield address


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


def hold(page: Page, endpoint: str = "classify") -> list[Route]:
    """Hold every question to an endpoint; the returned list fills with them."""
    held: list[Route] = []

    def keep(route: Route) -> None:
        held.append(route)

    page.route(f"**/api/v1/{endpoint}", keep)
    return held


@pytest.fixture(scope="module")
def bench(model: Model, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A server with a store of its own, which a file's tests share."""
    from .bench import serving

    with serving(model, tmp_path_factory.mktemp("bench")) as served:
        yield served


@pytest.fixture(scope="module")
def workbench(browser: Browser, bench: Bench) -> Iterator[Kept]:
    """A window of that server's, which a file's tests use one after the other."""
    context = browser.new_context(**WINDOW, base_url=bench.url)

    def open_() -> Page:
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        return page

    yield Kept(open_, leave)
    context.close()


def leave(page: Page) -> None:
    """Leave a page of the workbench, wide, with nothing in the way of the next."""
    page.unroute_all(behavior="ignoreErrors")
    page.set_viewport_size(WIDE)
    page.goto("about:blank")


@pytest.fixture
def go(
    browser: Browser, bench: Bench, workbench: Kept, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Page]]:
    """Open a page of that server; a second one, or one with options, in a window of its own."""
    from .bench import windows

    with workbench.lent(request.node) as first, windows(browser, bench) as open_:
        free = [first]

        def go_(path: str, **options: object) -> Page:
            if options or not free:
                return open_(path, **options)
            page = free.pop()
            page.goto(path)
            return page

        yield go_
