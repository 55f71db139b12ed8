"""From the live page into a case: a frame of the camera, found in the store afterwards."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fixtures_slide import Slide
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from hemavision import Model
from hemavision.store.cases import Search, find_case, list_cases
from hemavision.store.images import list_images, read_content
from hemavision.store.readers import Role, add_reader
from hemavision.store.records import ImageKind
from hemavision.store.records import Page as Rows

from .accessibility import violations
from .bench import Bench, serving, windows
from .pages import NARROW
from .stage import STILL, count, freeze, show, start


@pytest.fixture
def bench(model: Model, tmp_path: Path) -> Iterator[Bench]:
    with serving(model, tmp_path) as served:
        yield served


@pytest.fixture
def go(browser: Browser, bench: Bench, slide: Slide) -> Iterator[Callable[..., Page]]:
    """Open a page in a window with a camera over real fields."""
    with windows(browser, bench, camera_over=slide) as open_:
        yield open_


def to_a_case(page: Page) -> None:
    """Choose by keyboard alone that snapshots go to a case."""
    page.get_by_role("radio", name="Download").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("radio", name="To a case")).to_be_checked()
    expect(page.get_by_label("Case that snapshots go to")).to_be_visible()


def test_a_frame_goes_into_a_new_case_and_is_there(go: Callable[..., Page], bench: Bench) -> None:
    page = go("/live")
    start(page)
    show(page, [(0, 0)] * STILL)
    expect(page.locator("[data-role=white]")).not_to_have_text("0")
    freeze(page)
    before = count(page)
    to_a_case(page)
    page.keyboard.press("s")
    dialog = page.get_by_role("dialog", name="A new case")
    expect(dialog).to_be_visible()
    assert violations(page) == []
    # Letters are the name's now, not the page's keys.
    page.keyboard.type("Morning rhosr")
    page.keyboard.press("Enter")
    outcome = page.locator("[data-role=outcome]")
    expect(outcome).to_contain_text(re.compile(r"In Morning rhosr: .* found\."))
    expect(page.get_by_text("Frozen")).to_be_visible()
    assert count(page) == before
    (case,), _ = list_cases(bench.store, Search(), Rows(10, 0))
    (image,) = list_images(bench.store, case.id)
    assert image.kind is ImageKind.FIELD
    assert image.name.startswith("hemavision-live-")
    said = int(re.sub(r"\D", "", outcome.inner_text()) or 0)
    assert find_case(bench.store, case.id).counts.cells == said
    with Image.open(io.BytesIO(read_content(bench.store, image.sha256))) as kept:
        assert (kept.format, kept.size) == ("PNG", (640, 480))
    # The same frozen frame again is known, and nothing is added.
    page.keyboard.press("s")
    expect(outcome).to_contain_text("The same picture is in Morning rhosr already")
    assert len(list_images(bench.store, case.id)) == 1
    assert violations(page) == []
    page.get_by_role("link", name="Open the case").click()
    expect(page).to_have_url(f"{bench.url}/cases/{case.id}")


def test_the_choice_is_remembered_and_cancelling_makes_nothing(
    go: Callable[..., Page], bench: Bench
) -> None:
    number = bench.case(1, name="Yesterday's")
    page = go("/live", viewport=NARROW)
    start(page)
    show(page, [(0, 0)])
    to_a_case(page)
    page.keyboard.press("s")
    page.get_by_role("dialog", name="A new case").wait_for()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.locator("[data-role=outcome]")).to_be_empty()
    assert len(list_cases(bench.store, Search(), Rows(10, 0))[0]) == 1
    page.get_by_label("Case that snapshots go to").select_option("Yesterday's · S-1")
    page.reload()
    start(page)
    show(page, [(0, 0)])
    expect(page.get_by_role("radio", name="To a case")).to_be_checked()
    expect(page.get_by_label("Case that snapshots go to")).to_have_value(str(number))
    page.get_by_role("button", name="Snapshot").click()
    expect(page.locator("[data-role=outcome]")).to_contain_text("In Yesterday's: ")
    assert len(list_images(bench.store, number)) == 2


def test_without_a_login_the_way_there_is_shown(go: Callable[..., Page], bench: Bench) -> None:
    add_reader(bench.store, "ann", Role.ADMIN, "correct horse battery", "ann")
    page = go("/live")
    to_a_case(page)
    outcome = page.locator("[data-role=outcome]")
    expect(outcome).to_contain_text("only for readers who are logged in")
    expect(outcome.get_by_role("link", name="Log in")).to_have_attribute(
        "href", "/login?next=%2Flive"
    )


def test_space_goes_on_right_after_the_list_of_keys(go: Callable[..., Page]) -> None:
    page = go("/live")
    start(page)
    show(page, [(0, 0)])
    for _ in range(5):
        freeze(page)
        page.keyboard.press("?")
        expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
        page.keyboard.press("Escape")
        page.keyboard.press("Space")
        expect(page.get_by_text("Frozen")).to_be_hidden()
