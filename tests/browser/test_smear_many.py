"""Many fields: one request each, failures that harm nobody, stopping, the gallery."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fakes import FakeFinder
from PIL import Image
from playwright.sync_api import Page, Request, expect

from hemavision import Model
from hemavision.differential.intervals import ratio_of_counts
from hemavision.images.opening import open_image
from hemavision.records.results import Box, CellKind, Detection
from hemavision.web import create_app

from .fields import answer_of, field_paths, read, settle, white_cells
from .pages import frames, hold, intercept, wait_until, watched
from .serving import listening


def test_one_request_a_field_and_never_more_than_two_at_once(smear: Page, data: Path) -> None:
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

    smear.on("request", started)
    smear.on("requestfinished", finished)
    read(smear, *field_paths(data, 5))
    smear.remove_listener("request", started)
    smear.remove_listener("requestfinished", finished)
    assert asked == 5
    assert 1 <= most <= 2
    bar = smear.get_by_role("progressbar", name="Fields read")
    assert bar.evaluate("bar => [bar.value, bar.max]") == [5, 5]


def test_a_bad_field_harms_no_other_and_can_be_tried_again(
    smear: Page, data: Path, tmp_path: Path
) -> None:
    bad = tmp_path / "notes.jpg"
    bad.write_text("no picture")
    cut = tmp_path / "cut.jpg"
    cut.write_bytes(field_paths(data, 1)[0].read_bytes()[:900])
    first, second = field_paths(data, 2)
    smear.locator("#picker").set_input_files([str(p) for p in (first, bad, cut, second)])
    expect(smear.locator(".progress-words")).to_have_text("2 of 4 read, 2 could not be read")
    smear.get_by_role("option").filter(has_text="notes.jpg").click()
    counts = smear.get_by_role("region", name="Counts")
    expect(counts).to_contain_text("notes.jpg")
    expect(counts).to_contain_text("text")
    with watched(smear) as seen:
        with smear.expect_response("**/api/v1/smears"):
            counts.get_by_role("button", name="Try again").click()
        expect(counts.get_by_role("button", name="Try again")).to_be_visible()
    assert len([url for url in seen.requests if url.endswith("/smears")]) == 1
    smear.get_by_role("option").filter(has_text=second.name).click()
    settle(smear)
    expect(counts).to_contain_text("red cells")


def test_stop_and_go_on(smear: Page, data: Path) -> None:
    held = hold(smear, "smears")
    smear.locator("#picker").set_input_files([str(p) for p in field_paths(data, 5)])
    expect(smear.get_by_role("option")).to_have_count(5)
    smear.get_by_role("button", name="Stop").click()
    expect(smear.get_by_role("button", name="Go on")).to_be_focused()
    wait_until(smear, lambda: len(held) == 2)
    waiting = smear.locator("[role=option][data-status=waiting]")
    expect(waiting).to_have_count(3)
    for route in held:
        route.continue_()
    expect(smear.locator(".progress-words")).to_have_text("2 of 5 read")
    frames(smear)
    # The next would be marked as being read by now.
    expect(waiting).to_have_count(3)
    assert len(held) == 2
    smear.unroute("**/api/v1/smears")
    smear.get_by_role("button", name="Go on").click()
    expect(smear.locator(".progress-words")).to_have_text("5 of 5 read")
    expect(smear.get_by_role("button", name="Stop")).to_be_hidden()


def test_a_lost_server_is_told_and_can_be_tried_again(smear: Page, data: Path) -> None:
    intercept(smear, "**/api/v1/smears", lambda route: route.abort("connectionrefused"))
    smear.locator("#picker").set_input_files(str(field_paths(data, 1)[0]))
    counts = smear.get_by_role("region", name="Counts")
    expect(counts).to_contain_text("The server cannot be reached")
    smear.unroute("**/api/v1/smears")
    counts.get_by_role("button", name="Try again").click()
    settle(smear)


def test_the_gallery_holds_every_white_cell_and_leads_to_it(
    smear: Page, url: str, data: Path
) -> None:
    paths = field_paths(data, 3)
    found = {path.name: white_cells(answer_of(url, path)) for path in paths}
    read(smear, *paths)
    gallery = smear.get_by_role("region", name="White cells")
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
    expect(smear.get_by_role("option", selected=True).first).to_contain_text(paths[2].name)
    expect(smear.locator("[data-part=card]")).to_be_visible()
    expect(last).to_have_attribute("aria-current", "true")
    frames(smear)
    level = smear.get_by_label("Zoom level")
    there = level.inner_text()
    smear.get_by_role("button", name="Fit the field").click()
    expect(level).not_to_have_text(there)


def test_two_fields_together_have_the_server_s_arithmetic(
    smear: Page, url: str, data: Path
) -> None:
    paths = field_paths(data, 2)
    answers = [answer_of(url, path) for path in paths]
    white, red = (
        sum(answer["counts"][kind] for answer in answers) for kind in ("white_cell", "red_cell")
    )
    read(smear, *paths)
    counts = smear.get_by_role("region", name="Counts")
    counts.get_by_role("radio", name="All 2 fields").check()
    expect(
        counts.get_by_role("listitem").filter(has_text="red cells").locator("strong")
    ).to_have_text(str(red))
    expected = ratio_of_counts(white, red, per=1000.0)
    computed = smear.evaluate(
        """async ([white, red]) =>
            (await import("/static/js/smear/counts.js")).ratioOfCounts(white, red, 1000)""",
        [white, red],
    )
    assert expected is not None
    for name in ("value", "low", "high"):
        assert computed[name] == pytest.approx(getattr(expected, name), rel=1e-9)
    expect(counts).to_contain_text(f"{expected.value:.0f}")
    with smear.expect_download() as download:
        counts.get_by_role("button", name="CSV").click()
    rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text())))
    assert len(rows) == sum(len(answer["cells"]) for answer in answers)


def test_brackets_leaf_through_the_fields(smear: Page, data: Path) -> None:
    read(smear, *field_paths(data, 2))
    smear.locator(".field-viewer").focus()
    smear.keyboard.press("]")
    expect(smear.get_by_role("option", selected=True).first).to_contain_text("00065")
    smear.keyboard.press("[")
    expect(smear.get_by_role("option", selected=True).first).to_contain_text("00031")


@pytest.fixture
def crowded(model: Model, tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A server that finds 2,000 red cells in a field, and the field."""
    path = tmp_path / "crowded.png"
    Image.effect_noise((500, 400), 40).convert("RGB").save(path)
    places = [(x, y) for x in range(0, 500, 10) for y in range(0, 400, 10)]
    cells = [Detection(CellKind.RED, Box(x, y, x + 9, y + 9), 0.9) for x, y in places]
    app = create_app(model, finder=FakeFinder([(open_image(path).rgb, cells)]))
    with listening(app) as url:
        yield url, path


def test_two_thousand_boxes_make_no_two_thousand_elements(
    open_page: Callable[..., Page], crowded: tuple[str, Path]
) -> None:
    url, path = crowded
    page = open_page("/smear", base_url=url)
    read(page, path)
    expect(page.get_by_role("region", name="Counts")).to_contain_text("2,000")
    page.get_by_text("Cells in this field (2,000)").click()
    options = page.get_by_role("listbox", name="Cells in this field").get_by_role("option")
    expect(options).to_have_count(60)
    assert page.evaluate("document.querySelectorAll('*').length") < 1000
    page.get_by_role("button", name="Show more").first.click()
    expect(options).to_have_count(120)


def test_a_server_without_a_detector_says_so(
    open_page: Callable[..., Page], model: Model, data: Path
) -> None:
    app = create_app(model)
    app.extensions["hemavision"].detector = None
    with listening(app) as url:
        page = open_page("/smear", base_url=url)
        page.locator("#picker").set_input_files(str(field_paths(data, 1)[0]))
        expect(page.get_by_role("region", name="Counts")).to_contain_text("HEMAVISION_DETECTOR")
