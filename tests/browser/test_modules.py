"""The page's pure functions, tested in the browser that runs them: tests/js/*.test.js."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route

from .pages import PATIENCE_MS

FOLDER = Path(__file__).parents[1] / "js"
FILES = sorted(path.name for path in FOLDER.glob("*.test.js"))


def serve(route: Route) -> None:
    name = route.request.url.rsplit("/", 1)[-1]
    route.fulfill(path=FOLDER / name, content_type="text/javascript")


@pytest.fixture(scope="module")
def empty_page(browser: Browser, url: str) -> Iterator[Page]:
    """A page of the application's address with nothing in it."""
    page = browser.new_page(base_url=url)
    page.set_default_timeout(PATIENCE_MS)
    page.route("**/tests-js/*.js", serve)
    blank = "<!doctype html><title>Tests of modules</title>"
    page.route("**/tests-js/", lambda route: route.fulfill(body=blank, content_type="text/html"))
    yield page
    page.close()


@pytest.mark.parametrize("name", FILES)
def test_module(empty_page: Page, name: str) -> None:
    page = empty_page
    page.goto("/tests-js/")  # also forgets the modules of the test before
    report = page.evaluate(
        """async (name) => {
            await import(`/tests-js/${name}`);
            return (await import("/tests-js/harness.js")).run();
        }""",
        name,
    )
    assert report["count"] >= 5
    assert report["failures"] == []
