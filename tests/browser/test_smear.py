"""One field: boxes, names, counts, card, and every way to look at them."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from hemavision.records.results import NOTICE

from .fields import (
    answer_of,
    field_paths,
    point_of,
    press,
    read,
    settle,
    shot,
    white_cells,
)
from .pages import WINDOW, Kept, frames, opened_at

KINDS = {"white_cell": "white cells", "red_cell": "red cells", "platelet": "platelets"}


@pytest.fixture(scope="module")
def field(data: Path) -> Path:
    """A field that no detector was trained on, with two white cells."""
    return field_paths(data, 1)[0]


@pytest.fixture(scope="module")
def found(url: str, field: Path) -> dict[str, Any]:
    """What the server finds in it."""
    return answer_of(url, field)


@pytest.fixture(scope="module")
def read_page(browser: Browser, url: str, field: Path) -> Iterator[Kept]:
    """The page with the field read."""
    context = browser.new_context(**WINDOW, base_url=url)

    def open_() -> Page:
        page = opened_at(context, "/smear")
        read(page, field)
        return page

    yield Kept(open_, as_read)
    context.close()


def as_read(page: Page) -> None:
    """Bring the page back to how it was when the field had been read."""
    page.evaluate(
        """() => {
            const tell = (name, detail) =>
                document.dispatchEvent(new CustomEvent(name, { detail }));
            tell("card-closed");
            tell("cell-left");
            tell("zoom-wanted", { direction: "fit" });
            for (const layer of ["white_cell", "red_cell", "platelet", "labels", "marks"]) {
                tell("layer-toggled", { layer, on: true });
            }
            tell("layer-toggled", { layer: "heatmaps", on: false });
            document.querySelector("[name=list-order][value=reading]").click();
            document.querySelector("details.cell-list").open = false;
        }"""
    )
    page.mouse.move(5, 5)
    settle(page)


@pytest.fixture
def stage(read_page: Kept, request: pytest.FixtureRequest) -> Iterator[Page]:
    with read_page.lent(request.node) as page:
        yield page


def percent(probability: float) -> str:
    if probability > 0.999:
        return ">99.9%"
    return "<0.1%" if probability < 0.001 else f"{probability:.1%}"


def named(cell: dict[str, Any]) -> str:
    return cell["prediction"]["cell_type"].replace("_", " ").capitalize()


def in_reading_order(cells: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Two or three cells far apart: by height where they are in different rows."""
    ordered = sorted(cells, key=lambda c: c["box"]["top"] + c["box"]["bottom"])
    tall = np.median([c["box"]["bottom"] - c["box"]["top"] for c in cells]) * 0.6
    rows: list[list[dict[str, Any]]] = []
    for cell in ordered:
        middle = (cell["box"]["top"] + cell["box"]["bottom"]) / 2
        first = rows and (rows[-1][0]["box"]["top"] + rows[-1][0]["box"]["bottom"]) / 2
        if rows and middle - first <= tall:
            rows[-1].append(cell)
        else:
            rows.append([cell])
    return [cell for row in rows for cell in sorted(row, key=lambda c: c["box"]["left"])]


def test_the_counts_are_the_server_s(stage: Page, found: dict[str, Any]) -> None:
    counts = stage.get_by_role("region", name="Counts")
    for kind, words in KINDS.items():
        row = counts.get_by_role("listitem").filter(has_text=words)
        expect(row.locator("strong")).to_have_text(f"{found['counts'][kind]:,}")
    for cell_type, count in found["differential"]["cell_types"].items():
        row = counts.locator("[data-role=differential] li").filter(
            has_text=cell_type.capitalize().replace("_", " ")
        )
        if count:
            expect(row).to_contain_text(f"{count} · ")
        else:
            expect(row).to_have_count(0)
    assert found["counts"]["red_cell"] > 0
    ratio = found["estimates"]["white_per_1000_red"]
    expect(counts).to_contain_text(f"{ratio['value']:.0f}")
    expect(counts).to_contain_text("95% interval")
    expect(counts).to_contain_text(NOTICE)
    expect(counts).to_contain_text(f"Detector {found['detector']['name']}")


def test_every_layer_shows_and_hides_something(stage: Page) -> None:
    before = shot(stage)
    seen = [before]
    for name in ("White cells", "Red cells", "Platelets", "Labels", "Heatmaps", "Cut, clumped"):
        box = stage.get_by_role("checkbox", name=name)
        was = box.is_checked()
        box.set_checked(not was)
        seen.append(shot(stage))
        box.set_checked(was)
    names = ["all", "white", "red", "platelets", "labels", "heatmaps", "marks"]
    # Whether a cell is cut or clumped is the detector's to say; the other layers must differ.
    for name, other in zip(names[1:6], seen[1:6], strict=True):
        assert np.abs(other - before).max() > 40, name
    assert np.array_equal(shot(stage), before)


def test_the_pointer_shows_probabilities_and_the_heatmap(
    stage: Page, found: dict[str, Any]
) -> None:
    cell = white_cells(found)[0]
    before = shot(stage)
    stage.mouse.move(*point_of(stage, found, cell["box"]))
    peek = stage.locator("[data-role=peek]")
    expect(peek).to_be_visible()
    expect(peek).to_contain_text(named(cell))
    expect(peek).to_contain_text(percent(cell["prediction"]["confidence"]))
    assert np.abs(shot(stage) - before).max() > 60
    red = next(c for c in found["cells"] if c["kind"] == "red_cell" and not c["clumped"])
    stage.mouse.move(*point_of(stage, found, red["box"]))
    expect(peek).to_contain_text("Red cell")
    stage.mouse.move(5, 5)
    expect(peek).to_be_hidden()
    assert np.array_equal(shot(stage), before)


def test_the_peek_never_covers_its_cell(stage: Page, found: dict[str, Any]) -> None:
    pane = stage.locator(".field-viewer").bounding_box()
    scale = min(pane["width"] / found["width"], pane["height"] / found["height"])
    for cell in found["cells"]:
        x, y = point_of(stage, found, cell["box"])
        stage.mouse.move(x, y)
        frames(stage, 2)
        peek = stage.locator("[data-role=peek]").bounding_box()
        if peek is None:
            continue  # under another cell's box
        half_width = (cell["box"]["right"] - cell["box"]["left"]) / 2 * scale
        half_height = (cell["box"]["bottom"] - cell["box"]["top"]) / 2 * scale
        apart_x = max(peek["x"] - (x + half_width), x - half_width - peek["x"] - peek["width"])
        apart_y = max(peek["y"] - (y + half_height), y - half_height - peek["y"] - peek["height"])
        assert max(apart_x, apart_y) > -1 or not fits(pane, cell, scale)


def fits(pane: dict[str, float], cell: dict[str, Any], scale: float) -> bool:
    """Whether there is room for the words beside a cell at all."""
    width = (cell["box"]["right"] - cell["box"]["left"]) * scale
    return bool(pane["width"] - width > 2 * 280)


def test_a_click_opens_the_card_and_escape_closes_it(stage: Page, found: dict[str, Any]) -> None:
    cell = white_cells(found)[0]
    stage.mouse.click(*point_of(stage, found, cell["box"]))
    card = stage.locator("[data-part=card]")
    expect(card).to_be_visible()
    expect(card.get_by_role("heading", level=2).locator("visible=true")).to_have_text(named(cell))
    expect(card).to_contain_text(percent(cell["prediction"]["confidence"]))
    expect(card).to_contain_text(cell["prediction"]["status"].capitalize())
    expect(card).to_contain_text(NOTICE)
    for name, probability in cell["prediction"]["probabilities"].items():
        expect(card.locator(f"[data-bar={name}]")).to_contain_text(percent(probability))
    expect(stage.get_by_role("region", name="Clinical context")).to_contain_text("What it does")
    seen = cell["prediction"]["reasons"]["seen"]
    expect(stage.get_by_role("region", name="What was seen")).to_contain_text(seen.capitalize())
    plain, heat = (
        np.asarray(Image.open(io.BytesIO(card.locator("canvas").nth(n).screenshot())).convert("L"))
        for n in (0, 1)
    )
    assert plain.std() > 10
    assert np.abs(plain.astype(int) - heat).max() > 20
    expect(stage.get_by_role("region", name="Counts")).to_be_hidden()
    stage.keyboard.press("Escape")
    expect(card).to_be_hidden()
    expect(stage.get_by_role("region", name="Counts")).to_be_visible()
    expect(stage.get_by_role("region", name="What was seen")).to_be_hidden()


def test_a_red_cell_s_card_names_nothing(stage: Page, found: dict[str, Any]) -> None:
    red = next(c for c in found["cells"] if c["kind"] == "red_cell" and not c["clumped"])
    stage.mouse.click(*point_of(stage, found, red["box"]))
    card = stage.locator("[data-part=card]")
    expect(card.get_by_role("heading", level=2).locator("visible=true")).to_have_text("Red cell")
    expect(card).to_contain_text(f"score is {red['score']:.2f}")
    expect(stage.get_by_role("region", name="Clinical context")).to_be_hidden()


def test_keys_go_from_cell_to_cell(stage: Page, found: dict[str, Any]) -> None:
    ordered = in_reading_order(white_cells(found))
    told = stage.locator("[data-part=announcer]")
    stage.locator(".field-viewer").focus()
    for place, cell in enumerate([*ordered, ordered[0]]):
        stage.keyboard.press("n")
        expect(told).to_contain_text(named(cell))
        expect(told).to_contain_text(f"{place % len(ordered) + 1} of {len(ordered)}")
    stage.keyboard.press("p")
    expect(told).to_contain_text(f"{len(ordered)} of {len(ordered)}")
    stage.keyboard.press("d")
    expect(told).to_contain_text(f"of {len(ordered)}")
    stage.keyboard.press("a")
    expect(told).to_contain_text(f"of {len(found['cells'])}")
    stage.keyboard.press("Escape")
    expect(stage.locator("[data-role=peek]")).to_be_hidden()


def test_enter_opens_the_card_and_the_keys_leaf_through_it(
    stage: Page, found: dict[str, Any]
) -> None:
    ordered = in_reading_order(white_cells(found))
    stage.locator(".field-viewer").focus()
    press(stage, "n", "Enter")
    card = stage.locator("[data-part=card]")
    expect(card.locator("[data-role=place]")).to_have_text(f"1 of {len(ordered)}")
    stage.keyboard.press("n")
    expect(card.locator("[data-role=place]")).to_have_text(f"2 of {len(ordered)}")
    expect(card).to_contain_text(percent(ordered[1]["prediction"]["confidence"]))
    card.get_by_role("button", name="Previous white cell").click()
    expect(card.locator("[data-role=place]")).to_have_text(f"1 of {len(ordered)}")
    card.get_by_role("button", name="Counts").click()
    expect(stage.locator(".field-viewer")).to_be_focused()


def test_zoom_pan_fit_and_one_to_one(stage: Page, found: dict[str, Any]) -> None:
    level = stage.get_by_label("Zoom level")
    fitted = level.inner_text()
    stage.get_by_role("button", name="One to one").click()
    expect(level).to_have_text("100%")
    stage.get_by_role("button", name="Fit the field").click()
    expect(level).to_have_text(fitted)
    x, y = point_of(stage, found, white_cells(found)[0]["box"])
    stage.mouse.move(x, y)
    stage.mouse.wheel(0, -600)
    expect(level).not_to_have_text(fitted)
    stage.mouse.move(x, y)
    # The wheel holds what is under it still: the same cell is there.
    expect(stage.locator("[data-role=peek]")).to_contain_text(named(white_cells(found)[0]))
    stage.mouse.move(x - 200, y)
    zoomed = shot(stage)
    stage.mouse.down()
    stage.mouse.move(x - 320, y + 40, steps=4)
    stage.mouse.up()
    assert np.abs(shot(stage) - zoomed).max() > 60
    expect(stage.locator("[data-part=card]")).to_be_hidden()  # a drag is no click
    stage.locator(".field-viewer").focus()
    press(stage, "n", "z")
    frames(stage)
    assert int(level.inner_text().rstrip("%")) > int(fitted.rstrip("%"))
    press(stage, "0", "Escape")
    expect(level).to_have_text(fitted)


def test_the_list_holds_every_cell_and_follows_the_keys(stage: Page, found: dict[str, Any]) -> None:
    stage.get_by_text("Cells in this field").first.click()
    options = stage.get_by_role("listbox", name="Cells in this field").get_by_role("option")
    expect(options).to_have_count(len(found["cells"]))
    stage.get_by_role("radio", name="As they lie").focus()
    stage.get_by_role("radio", name="By doubt").first.check()
    stage.get_by_role("listbox", name="Cells in this field").focus()
    stage.keyboard.press("ArrowDown")
    expect(options.first).to_have_attribute("aria-selected", "true")
    press(stage, "ArrowDown", "Enter")
    expect(stage.locator("[data-part=card]")).to_be_visible()
    stage.get_by_role("button", name="Counts").click()
    stage.get_by_role("checkbox", name="Red cells").uncheck()
    reds = found["counts"]["red_cell"]
    expect(options).to_have_count(len(found["cells"]) - reds)


def test_every_export_is_saved_and_holds_the_cells(stage: Page, found: dict[str, Any]) -> None:
    saved = {}
    for name in ("JSON", "CSV", "COCO", "VOC", "YOLO", "GeoJSON"):
        with stage.expect_download() as download:
            stage.get_by_role("group", name="Save").get_by_role(
                "button", name=name, exact=True
            ).click()
        saved[name] = Path(download.value.path()).read_bytes()
        assert download.value.suggested_filename.startswith("BloodImage_00031")
    count = len(found["cells"])
    cells = json.loads(saved["JSON"])["results"][0]["smear"]["cells"]
    assert [cell["box"] for cell in cells] == [cell["box"] for cell in found["cells"]]
    assert len(list(csv.DictReader(io.StringIO(saved["CSV"].decode())))) == count
    assert len(json.loads(saved["COCO"])["annotations"]) == count
    assert saved["VOC"].count(b"<object>") == count
    assert len(json.loads(saved["GeoJSON"])["features"]) == count
    with zipfile.ZipFile(io.BytesIO(saved["YOLO"])) as archive:
        labels = [n for n in archive.namelist() if n.endswith("BloodImage_00031.txt")]
        assert len(archive.read(labels[0]).split(b"\n")) >= count


def test_a_cell_s_overlay_and_json_are_saved(stage: Page, found: dict[str, Any]) -> None:
    cell = white_cells(found)[0]
    stage.mouse.click(*point_of(stage, found, cell["box"]))
    card = stage.locator("[data-part=card]")
    with stage.expect_download() as download:
        card.get_by_role("button", name="JSON").click()
    saved = json.loads(Path(download.value.path()).read_text())
    assert saved["prediction"]["cell_type"] == cell["prediction"]["cell_type"]
    assert saved["prediction"]["notice"] == NOTICE
    with stage.expect_download() as download:
        card.get_by_role("button", name="Overlay PNG").click()
    box = cell["prediction"]["box"]
    picture = Image.open(download.value.path())
    assert picture.size == (box["right"] - box["left"],) * 2
    assert np.asarray(picture.convert("RGB")).std() > 10
