"""A real server and a real Chromium, once a session; a fresh page for every test."""

from __future__ import annotations

import base64
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Page,
    Playwright,
    Route,
    expect,
    sync_playwright,
)
from waitress.server import create_server

from hemavision import Model
from hemavision.web import create_app

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
]
#: How long a page may take with anything: a fault shows late, and a busy machine passes.
PATIENCE_MS = 60_000
expect.set_options(timeout=PATIENCE_MS)
WIDE = {"width": 1440, "height": 900}
NARROW = {"width": 390, "height": 844}


@dataclass
class Watch:
    """What a page did behind the scenes."""

    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


@pytest.fixture(scope="session")
def url(model: Model) -> Iterator[str]:
    """The address of the real application on a real server."""
    server = create_server(create_app(model), host="127.0.0.1", port=0, threads=4)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.effective_port}"
    server.close()
    thread.join(timeout=5)


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


def chromium() -> str:
    """Return the path of the browser; without one, fail in CI and skip elsewhere."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        if os.environ.get("CI") == "true":
            pytest.fail("missing: Chromium (install it so that `chromium` is found)", pytrace=False)
        pytest.skip("missing: Chromium (install it so that `chromium` is found)")
    return path


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
    yield browser
    browser.close()


@pytest.fixture
def open_page(browser: Browser, url: str) -> Iterator[Callable[..., Page]]:
    """Open the page in a context of its own: ``open_page(viewport=..., reduced_motion=...)``."""
    contexts: list[BrowserContext] = []

    def open_(**options: object) -> Page:
        context = browser.new_context(**({"viewport": WIDE, "base_url": url} | options))
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.goto("/")
        expect(page.get_by_role("button", name="Choose images")).to_be_visible()
        return page

    yield open_
    for context in contexts:
        context.close()


@pytest.fixture
def page(open_page: Callable[..., Page]) -> Page:
    """The page at 1440 × 900."""
    return open_page()


@pytest.fixture
def watch(page: Page) -> Watch:
    """Everything that the page asks for and complains about from now on, a reload included."""
    seen = Watch()
    page.on("request", lambda request: seen.requests.append(request.url))
    page.on("console", lambda m: seen.errors.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: seen.errors.append(str(error)))
    page.reload(wait_until="networkidle")
    return seen


@pytest.fixture(scope="session")
def smears(data: Path) -> list[Path]:
    """Six photographs of cells that no model was trained on, all four types among them."""
    folders = sorted(folder for folder in (data / "kaggle_wbc/TEST").iterdir() if folder.is_dir())
    return [sorted(folder.iterdir())[n] for n in (0, 40) for folder in folders][:6]


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


@pytest.fixture
def go(browser: Browser, bench: Bench) -> Iterator[Callable[..., Page]]:
    """Open a page of that server, in a window of its own."""
    from .bench import windows

    with windows(browser, bench) as open_:
        yield open_
