"""Many fields: one request each, failures that harm nobody, stopping, the gallery."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, Request, expect
from waitress.server import create_server

from hemavision import Model
from hemavision.detection.fake_finder import FakeFinder
from hemavision.images import open_image
from hemavision.results import Box, CellKind, Detection
from hemavision.web import create_app

from .conftest import WIDE, hold
from .fields import answer_of, field_paths, open_smear, read, settle, white_cells


def test_one_request_a_field_and_never_more_than_two_at_once(page: Page, data: Path) -> None:
    running: set[Request] = set()
    asked, most = 0, 0

    def started(request: Request) -> None:
        nonlocal asked, most
        if request.url.endswith("/smears"):
            asked += 1
            running.add(request)
            most = max(most, len(running))

    def finished(request: Request) -> None:
        running.discard(request)

    page.on("request", started)
    page.on("requestfinished", finished)
    read(open_smear(page), *field_paths(data, 5))
    assert asked == 5
    assert 1 <= most <= 2
    bar = page.get_by_role("progressbar", name="Fields read")
    assert bar.evaluate("bar => [bar.value, bar.max]") == [5, 5]


def test_a_bad_field_harms_no_other_and_can_be_tried_again(
    page: Page, data: Path, tmp_path: Path
) -> None:
    bad = tmp_path / "notes.jpg"
    bad.write_text("no picture")
    cut = tmp_path / "cut.jpg"
    cut.write_bytes(field_paths(data, 1)[0].read_bytes()[:900])
    open_smear(page)
    first, second = field_paths(data, 2)
    page.locator("#picker").set_input_files([str(p) for p in (first, bad, cut, second)])
    expect(page.locator(".progress-words")).to_have_text("2 of 4 read, 2 could not be read")
    page.get_by_role("option").filter(has_text="notes.jpg").click()
    counts = page.get_by_role("region", name="Counts")
    expect(counts).to_contain_text("notes.jpg")
    expect(counts).to_contain_text("text")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    counts.get_by_role("button", name="Try again").click()
    expect(counts.get_by_role("button", name="Try again")).to_be_visible()
    assert len([url for url in asked if url.endswith("/smears")]) == 1
    page.get_by_role("option").filter(has_text=second.name).click()
    settle(page)
    expect(counts).to_contain_text("red cells")


def test_stop_and_go_on(page: Page, data: Path) -> None:
    open_smear(page)
    held = hold(page, "smears")
    page.locator("#picker").set_input_files([str(p) for p in field_paths(data, 5)])
    expect(page.get_by_role("option")).to_have_count(5)
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("button", name="Go on")).to_be_focused()
    page.wait_for_timeout(300)
    assert len(held) == 2
    for route in held:
        route.continue_()
    expect(page.locator(".progress-words")).to_have_text("2 of 5 read")
    page.wait_for_timeout(300)
    assert len(held) == 2
    page.unroute("**/api/v1/smears")
    page.get_by_role("button", name="Go on").click()
    expect(page.locator(".progress-words")).to_have_text("5 of 5 read")
    expect(page.get_by_role("button", name="Stop")).to_be_hidden()


def test_a_lost_server_is_told_and_can_be_tried_again(page: Page, data: Path) -> None:
    page.route("**/api/v1/smears", lambda route: route.abort("connectionrefused"))
    open_smear(page)
    page.locator("#picker").set_input_files(str(field_paths(data, 1)[0]))
    counts = page.get_by_role("region", name="Counts")
    expect(counts).to_contain_text("The server cannot be reached")
    page.unroute("**/api/v1/smears")
    counts.get_by_role("button", name="Try again").click()
    settle(page)


def test_the_gallery_holds_every_white_cell_and_leads_to_it(
    page: Page, url: str, data: Path
) -> None:
    paths = field_paths(data, 3)
    found = {path.name: white_cells(answer_of(url, path)) for path in paths}
    read(open_smear(page), *paths)
    gallery = page.get_by_role("region", name="White cells")
    tiles = gallery.get_by_role("button", name="in BloodImage")
    expect(tiles).to_have_count(sum(map(len, found.values())))
    types = {cell["prediction"]["cell_type"] for cells in found.values() for cell in cells}
    expect(gallery.get_by_role("heading", level=3)).to_have_count(len(types))
    gallery.get_by_role("radio", name="By doubt").check()
    expect(gallery.get_by_role("heading", level=3)).to_have_count(0)
    doubts = [tile.get_attribute("data-status") for tile in tiles.all()]
    order = {"unfamiliar": 0, "check": 1, "confident": 2}
    assert doubts == sorted(doubts, key=lambda status: order[str(status)])
    # Cut out of the photograph, not left blank.
    spread = tiles.first.locator("canvas").evaluate(
        """canvas => {
            const context = canvas.getContext("2d");
            const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
            const green = data.filter((_, i) => i % 4 === 1);
            return Math.max(...green) - Math.min(...green);
        }"""
    )
    assert spread > 40
    last = gallery.get_by_role("button", name=f"in {paths[2].name}").first
    last.click()
    expect(page.get_by_role("option", selected=True).first).to_contain_text(paths[2].name)
    expect(page.locator("[data-part=card]")).to_be_visible()
    expect(last).to_have_attribute("aria-current", "true")
    page.wait_for_timeout(700)
    fitted = page.evaluate("document.querySelector('[data-role=zoom-level]').textContent")
    page.get_by_role("button", name="Fit the field").click()
    expect(page.get_by_label("Zoom level")).not_to_have_text(fitted)


def test_brackets_leaf_through_the_fields(page: Page, data: Path) -> None:
    read(open_smear(page), *field_paths(data, 2))
    page.locator(".field-viewer").focus()
    page.keyboard.press("]")
    expect(page.get_by_role("option", selected=True).first).to_contain_text("00065")
    page.keyboard.press("[")
    expect(page.get_by_role("option", selected=True).first).to_contain_text("00031")


@pytest.fixture
def crowded(model: Model, tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A server that finds 2,000 red cells in a field, and the field."""
    path = tmp_path / "crowded.png"
    Image.effect_noise((2000, 1600), 40).convert("RGB").save(path)
    places = [(x, y) for x in range(0, 2000, 40) for y in range(0, 1600, 40)]
    cells = [Detection(CellKind.RED, Box(x, y, x + 36, y + 36), 0.9) for x, y in places]
    app = create_app(model, finder=FakeFinder([(open_image(path).rgb, cells)]))
    server = create_server(app, host="127.0.0.1", port=0, threads=2)
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.effective_port}", path
    server.close()
    thread.join(timeout=5)


def test_two_thousand_boxes_make_no_two_thousand_elements(
    browser: Browser, crowded: tuple[str, Path]
) -> None:
    url, path = crowded
    page = browser.new_page(viewport=WIDE, base_url=url)
    page.goto("/smear")
    read(page, path)
    expect(page.get_by_role("region", name="Counts")).to_contain_text("2,000")
    page.get_by_text("Cells in this field (2,000)").click()
    assert page.evaluate("document.querySelectorAll('*').length") < 1000
    page.get_by_role("button", name="Show more").first.click()
    options = page.get_by_role("listbox", name="Cells in this field").get_by_role("option")
    expect(options).to_have_count(120)
    page.close()


def test_a_server_without_a_detector_says_so(browser: Browser, model: Model, data: Path) -> None:
    app = create_app(model)
    app.extensions["hemavision.detector"] = None
    server = create_server(app, host="127.0.0.1", port=0, threads=2)
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    page = browser.new_page(viewport=WIDE, base_url=f"http://127.0.0.1:{server.effective_port}")
    page.goto("/smear")
    page.locator("#picker").set_input_files(str(field_paths(data, 1)[0]))
    expect(page.get_by_role("region", name="Counts")).to_contain_text("HEMAVISION_DETECTOR")
    page.close()
    server.close()
    thread.join(timeout=5)
