"""A real server and a real Chromium, once a session, and the pages that tests share."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from drawings.cells import SAMPLE_NAMES, sample_png
from drawings.smear import smear_png
from fixtures_slide import Slide, SlideFinder, make_slide
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Page,
    Playwright,
    sync_playwright,
)
from real_parts import missing

from hemavision import Model
from hemavision.web import create_app

from .bench import Bench, serving, windows
from .pages import (
    FAILED,
    PATIENCE_MS,
    WINDOW,
    Kept,
    Watch,
    awaiting,
    kept,
    leave,
    opened_at,
    watched,
)
from .serving import listening

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # One process draws all pages of one address, which no stranger's page stands beside.
    "--process-per-site",
    "--disable-site-isolation-trials",
    "--disable-partial-raster",
    "--disable-lcd-text",
    # A name that no certificate is for, for the page that asks for a camera there.
    "--host-resolver-rules=MAP scope.example 127.0.0.1",
]
#: Chromium without a window opens a page for half the work of the whole one.
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    report = yield
    item.stash[FAILED] = item.stash.get(FAILED, False) or report.failed
    return report


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


@pytest.fixture(scope="module")
def bench(model: Model, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A server with a store of its own, which a file's tests share."""
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


@pytest.fixture
def go(
    browser: Browser, bench: Bench, workbench: Kept, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Page]]:
    """Open a page of that server; a second one, or one with options, in a window of its own."""
    with workbench.lent(request.node) as first, windows(browser, bench) as open_:
        free = [first]

        def go_(path: str, **options: object) -> Page:
            if options or not free:
                return open_(path, **options)
            page = free.pop()
            page.goto(path)
            return page

        yield go_
