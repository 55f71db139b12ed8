"""The page's pure functions, tested in the browser that runs them: tests/js/*.test.js."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route

from hemavision.web.assets import join_modules

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
    page.goto("/tests-js/")
    yield page
    page.close()


@pytest.mark.parametrize("name", FILES)
def test_module(empty_page: Page, name: str) -> None:
    """All in one page: its modules keep nothing between two calls."""
    report = empty_page.evaluate(
        """async (name) => {
            await import(`/tests-js/${name}`);
            return (await import("/tests-js/harness.js")).run();
        }""",
        name,
    )
    assert report["count"] >= 5
    assert report["failures"] == []


#: Names that meet, one module that two import, a name that is another's, code that runs by itself.
SMALL = {
    "shared": "const step = 1;\nwindow.ran.push(`shared`);\nexport class Count { value = step; }\n",
    "one": 'import { Count } from "./shared.js";\nconst step = 10;\nwindow.ran.push(`one`);\n'
    "export const one = () => new Count().value + step;\nexport const same = Count;\n",
    "entry": 'import { one, same as known } from "./one.js";\n'
    'import { Count } from "./shared.js";\n'
    "const step = 100; // ends in a remark\nwindow.ran.push(`entry`);\n"
    "export async function sum() { return one() + later(); }\nfunction later() { return step; }\n"
    "window.said = sum().then((found) => [found, known === Count, this === undefined]); // again",
}


def test_joined_modules_do_what_they_do_one_by_one(empty_page: Page, tmp_path: Path) -> None:
    for name, text in SMALL.items():
        (tmp_path / f"{name}.js").write_text(text, encoding="utf-8")
    (tmp_path / "joined.js").write_text(join_modules(tmp_path, "entry.js"), encoding="utf-8")
    page = empty_page
    page.route(
        "**/small/*.js",
        lambda route: route.fulfill(
            path=tmp_path / route.request.url.rsplit("/", 1)[-1], content_type="text/javascript"
        ),
    )
    page.goto("/tests-js/")
    run = """async (name) => {
        window.ran = [];
        await import(`/small/${name}.js`);
        return [window.ran, await window.said];
    }"""
    for name in ("entry", "joined"):
        assert page.evaluate(run, name) == [["shared", "one", "entry"], [111, True, True]], name
