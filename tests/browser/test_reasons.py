"""The eight-type model on the page: what was seen, in words, with a map behind each word."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from hemavision import Model, open_model
from hemavision.web import create_app

from .accessibility import everywhere
from .pages import NARROW, WIDE, WINDOW, Kept, choose, opened_at, pixels, settle
from .serving import listening


@pytest.fixture(scope="module")
def eight() -> Model:
    return open_model("eight-types")


@pytest.fixture(scope="module")
def eosinophil(browser: Browser, eight: Model, cell: Path) -> Iterator[Kept]:
    """The page of that model with one eosinophil read."""
    with listening(create_app(eight)) as url:
        context = browser.new_context(**WINDOW, base_url=url)

        def open_() -> Page:
            page = opened_at(context, "/")
            choose(page, cell)
            settle(page)
            return page

        yield Kept(open_, as_read)
        context.close()


def as_read(page: Page) -> None:
    """Take back what a test looked at: no attribute's map shows."""
    page.set_viewport_size(WIDE)
    for pressed in page.locator("button[aria-pressed=true]").all():
        pressed.click()
    settle(page)


@pytest.fixture
def read(eosinophil: Kept, request: pytest.FixtureRequest) -> Iterator[Page]:
    with eosinophil.lent(request.node) as page:
        yield page


@pytest.fixture(scope="module")
def cell(data: Path) -> Path:
    return sorted((data / "pbc" / "eosinophil").glob("*.jpg"))[0]


def test_says_what_python_says(read: Page, eight: Model, cell: Path) -> None:
    expected = eight.predict(cell)[0]
    region = read.get_by_role("region", name="What was seen")
    expect(region).to_contain_text(expected.reasons.seen, ignore_case=True)
    buttons = region.get_by_role("button")
    assert buttons.count() == len(expected.reasons.attributes) == 11
    # The weightiest first.
    first = expected.reasons.attributes[0]
    expect(buttons.first).to_contain_text(first.words, ignore_case=True)
    expect(read.locator("[data-role=familiarity]")).to_have_text(f"{expected.familiarity:.2f}")
    for name in eight.manifest.cell_types:
        assert read.locator(f"[data-bar='{name}']").is_visible()


def test_an_attribute_shows_where_it_was_read_and_gives_way_again(read: Page) -> None:
    before = pixels(read)
    button = read.get_by_role("region", name="What was seen").get_by_role("button").first
    button.click()
    settle(read)
    expect(button).to_have_attribute("aria-pressed", "true")
    words = button.locator(".attribute-words").inner_text().lower()
    expect(read.get_by_role("application")).to_have_attribute("aria-label", re.compile(words))
    assert pixels(read) != before
    button.click()
    settle(read)
    expect(button).to_have_attribute("aria-pressed", "false")
    assert pixels(read) == before


def test_keyboard_alone_reaches_the_attributes(read: Page) -> None:
    button = read.get_by_role("region", name="What was seen").get_by_role("button").nth(2)
    button.focus()
    read.keyboard.press("Space")
    expect(button).to_have_attribute("aria-pressed", "true")
    read.keyboard.press("Tab")
    expect(
        read.get_by_role("region", name="What was seen").get_by_role("button").nth(3)
    ).to_be_focused()


def test_axe_finds_nothing(read: Page) -> None:
    read.get_by_role("region", name="What was seen").get_by_role("button").first.click()
    settle(read)
    assert everywhere(read) == []


def test_nothing_is_cut_off_on_a_narrow_screen(read: Page) -> None:
    read.set_viewport_size(NARROW)
    settle(read)
    assert read.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
    region = read.get_by_role("region", name="What was seen")
    box = region.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= NARROW["width"]
