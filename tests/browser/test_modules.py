"""The page's pure functions, tested in the browser that runs them: tests/js/*.test.js."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, Route

FOLDER = Path(__file__).parents[1] / "js"
FILES = sorted(path.name for path in FOLDER.glob("*.test.js"))


def serve(route: Route) -> None:
    name = route.request.url.rsplit("/", 1)[-1]
    route.fulfill(path=FOLDER / name, content_type="text/javascript")


@pytest.mark.parametrize("name", FILES)
def test_module(page: Page, name: str) -> None:
    page.route("**/tests-js/*.js", serve)
    report = page.evaluate(
        """async (name) => {
            await import(`/tests-js/${name}`);
            return (await import("/tests-js/harness.js")).run();
        }""",
        name,
    )
    assert report["count"] >= 5
    assert report["failures"] == []
