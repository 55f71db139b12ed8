"""A white cell that the detector missed: drawn, clicked or keyed into its field, then named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from bccd_fields import TWO_WHITE, path_of, picture, true_cells
from fakes import FakeFinder
from playwright.sync_api import CDPSession, Locator, Page, expect

from hemavision import Model
from hemavision.casework.recognition import Networks, read_cell, read_image
from hemavision.records.results import Box, CellKind
from hemavision.store.cases import create_case, sign_case
from hemavision.store.cells import Filter, decide, list_cells
from hemavision.store.images import add_cell, add_image, list_images
from hemavision.store.records import Cell, Change, ImageKind, NewCell, NewImage
from hemavision.store.records import Page as Rows
from hemavision.store.second_readings import ReadState, close_read, list_reads
from hemavision.store.verification import verify

from .accessibility import overflow_px, violations
from .bench import Bench, drawn_field, focused, opened, saved
from .pages import NARROW, WIDE, frames

#: A box that no cell of a drawn field lies in: where four of them meet.
GAP = Box(80, 78, 112, 114)


def field_of(page: Page) -> Locator:
    return page.locator("[data-part=field-view]")


def look(page: Page) -> Locator:
    """Open the field of the cell with the focus, all of it in sight."""
    page.keyboard.press("f")
    return whole(page)


def whole(page: Page) -> Locator:
    field = field_of(page)
    field.locator("[data-settled=true]").wait_for()
    frames(page)  # the field turns to the cell
    field.get_by_role("button", name="Fit the field").click()
    frames(page)
    field.locator(".field-viewer").focus()
    return field


def on_screen(page: Page, width: int, height: int) -> Callable[[float, float], tuple[float, float]]:
    """Return where on the screen a point of a field lies that is in sight as a whole."""
    canvas = field_of(page).locator("canvas").bounding_box()
    assert canvas
    scale = min(canvas["width"] / width, canvas["height"] / height)
    left = canvas["x"] + (canvas["width"] - width * scale) / 2
    top = canvas["y"] + (canvas["height"] - height * scale) / 2
    return lambda x, y: (left + x * scale, top + y * scale)


def draw(page: Page, box: Box, image: NewImage) -> None:
    """Draw a box around a cell with the mouse."""
    at = on_screen(page, image.width, image.height)
    page.mouse.move(*at(box.left, box.top))
    page.mouse.down()
    page.mouse.move(*at(box.right, box.bottom), steps=6)
    page.mouse.up()


def newest(bench: Bench, case: int) -> Cell:
    cells, _ = list_cells(bench.store, case, Filter(), Rows(1000))
    return max(cells, key=lambda cell: cell.id)


def case_with(bench: Bench, *images: NewImage) -> int:
    case = create_case(bench.store, "Fields", "", "ann").id
    for image in images:
        assert add_image(bench.store, case, image, "ann")
    return case


def near(box: Box, wanted: Box, px: float = 2) -> bool:
    return all(
        abs(a - b) <= px for a, b in zip(vars(box).values(), vars(wanted).values(), strict=True)
    )


@pytest.mark.parametrize(
    "viewport", [WIDE, pytest.param(NARROW, marks=pytest.mark.long)], ids=["wide", "narrow"]
)
def test_a_drawn_box_is_added_and_named_at_once(
    go: Callable[..., Page], bench: Bench, viewport: dict[str, int]
) -> None:
    case = bench.fields(1)
    page = opened(go(f"/cases/{case}"))
    page.set_viewport_size(viewport)
    expect(page.locator("[data-role=progress-words]")).to_have_text("0 of 20 decided")
    # Another cell was selected before: the key must not name that one.
    page.locator(".cell").nth(2).click()
    field = look(page)
    field.get_by_role("button", name="Add a missed cell").click()
    expect(field.locator(".adder")).to_be_visible()
    assert violations(page) == []
    draw(page, GAP, drawn_field(0))
    expect(field).to_be_hidden()
    expect(page.locator("[data-role=progress-words]")).to_have_text("0 of 21 decided")
    added = newest(bench, case)
    assert near(added.box, GAP)
    assert (added.decided_type, added.added_by) == (None, "local")
    tile = page.locator(f"[data-cell='{added.id}']")
    expect(tile).to_be_focused()
    expect(tile).to_have_attribute("data-decided", "false")
    assert "added by local" in focused(page)
    total = page.locator(".bins [data-drop=blast] .bin-count")
    page.keyboard.press("9")
    expect(total.first).to_have_text("1")
    saved(page)
    (named,), count = list_cells(bench.store, case, Filter(decided=True), Rows(9))
    assert (named.id, named.decided_type, count) == (added.id, "blast", 1)
    assert verify(bench.store).sound
    assert overflow_px(page) <= 0


def test_a_click_adds_a_box_as_large_as_the_field_s_cells(
    go: Callable[..., Page], bench: Bench
) -> None:
    case = bench.fields(1)
    boxes = [cell.box for cell in list_cells(bench.store, case, Filter(), Rows(30))[0]]
    sides = sorted(max(b.right - b.left, b.bottom - b.top) for b in boxes)
    page = opened(go(f"/cases/{case}"))
    page.locator(".cell").first.focus()
    field = look(page)
    page.keyboard.press("b")
    page.mouse.click(*on_screen(page, 480, 384)(96, 96))
    expect(field).to_be_hidden()
    added = newest(bench, case).box
    half = sides[len(sides) // 2] / 2
    assert near(added, Box(*(round(96 + by) for by in (-half, -half, half, half))))


def test_by_keys_alone(go: Callable[..., Page], bench: Bench) -> None:
    case = bench.fields(1)
    page = opened(go(f"/cases/{case}"))
    page.locator(".cell").first.focus()
    page.keyboard.press("f")
    field = field_of(page)
    field.locator("[data-settled=true]").wait_for()
    frames(page)  # the field turns to the cell, and stays there
    page.keyboard.press("b")
    page.keyboard.press("Enter")
    expect(field.get_by_role("alert")).to_contain_text("is at this place already")
    before = field.locator(".adder").bounding_box()
    page.keyboard.press("Shift+ArrowUp")
    after = field.locator(".adder").bounding_box()
    assert before
    assert after
    assert after["width"] > before["width"]
    page.keyboard.press("Shift+ArrowDown")
    for _ in range(60):
        page.keyboard.press("ArrowRight")
    frames(page)  # the field follows the box
    frame, pane = (field.locator(part).bounding_box() for part in (".adder", ".field-viewer"))
    assert frame
    assert pane
    assert frame["x"] + frame["width"] / 2 < pane["x"] + pane["width"]
    page.keyboard.press("Escape")
    expect(field.locator(".adder")).to_be_hidden()
    expect(field.get_by_role("alert")).to_have_count(0)
    whole(page)
    page.keyboard.press("b")
    for key in ("ArrowRight", "ArrowDown"):
        for _ in range(4):
            page.keyboard.press(key)
    page.keyboard.press("Enter")
    expect(field).to_be_hidden()
    page.keyboard.press("9")
    saved(page)
    assert newest(bench, case).decided_type == "blast"
    page.keyboard.press("?")
    expect(page.locator("[data-part=keys]")).to_contain_text("add a missed cell")


def test_other_fields_and_one_in_which_nothing_was_found(
    go: Callable[..., Page], bench: Bench
) -> None:
    empty = replace(drawn_field(1), cells=())
    case = case_with(bench, empty)
    page = opened(go(f"/cases/{case}"))
    field = look(page)
    expect(field.locator("[data-role=steps]")).to_be_hidden()
    page.keyboard.press("b")
    draw(page, GAP, empty)
    expect(page.locator("[data-role=progress-words]")).to_have_text("0 of 1 decided")
    expect(page.locator(".cell")).to_be_focused()
    several = case_with(bench, drawn_field(0), empty)
    page.goto(f"/cases/{several}")
    opened(page)
    page.locator(".cell").first.focus()
    field = look(page)
    expect(field.locator("[data-role=which]")).to_have_text("1 of 2")
    page.keyboard.press("]")
    expect(field.locator("[data-role=which]")).to_have_text("2 of 2")
    expect(field.locator("h2")).to_have_text("field-1.png")
    field.get_by_role("button", name="Next field").click()
    expect(field.locator("[data-role=which]")).to_have_text("1 of 2")
    field.get_by_role("button", name="Previous field").click()
    whole(page)
    page.keyboard.press("b")
    draw(page, GAP, empty)
    expect(page.locator("[data-role=progress-words]")).to_have_text("0 of 21 decided")
    assert newest(bench, several).image_id == list_images(bench.store, several)[1].id


def touch(session: CDPSession, kind: str, *points: tuple[float, float]) -> None:
    there = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(points)]
    session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": there})


def test_with_fingers(go: Callable[..., Page], bench: Bench) -> None:
    case = bench.fields(1)
    page = opened(go(f"/cases/{case}", viewport=NARROW, has_touch=True, is_mobile=True))
    page.locator(".cell").first.focus()
    field = look(page)
    field.get_by_role("button", name="Add a missed cell").tap()
    session = page.context.new_cdp_session(page)
    at = on_screen(page, 480, 384)
    # Two fingers zoom; nothing is drawn by them, nothing added.
    (x, y), before = at(200, 200), field.locator(".adder").bounding_box()
    touch(session, "touchStart", (x, y))
    touch(session, "touchStart", (x, y), (x + 40, y))
    for by in range(10, 60, 10):
        touch(session, "touchMove", (x, y), (x + 40 + by, y))
    touch(session, "touchEnd", (x, y))
    touch(session, "touchEnd")
    after = field.locator(".adder").bounding_box()
    assert before
    assert after
    assert after["width"] > 1.5 * before["width"]
    assert newest(bench, case).added_by is None
    # A tap so soon after the fingers may be taken for the second of a double one.
    field.get_by_role("button", name="Fit the field").click()
    expect(field.locator(".field-viewer")).to_have_attribute("data-zoomed", "false")
    touch(session, "touchStart", at(GAP.left, GAP.top))
    for share in (0.3, 0.6, 1.0):
        touch(
            session,
            "touchMove",
            at(
                GAP.left + share * (GAP.right - GAP.left),
                GAP.top + share * (GAP.bottom - GAP.top),
            ),
        )
    touch(session, "touchEnd")
    expect(field).to_be_hidden()
    added = newest(bench, case)
    assert near(added.box, GAP, 3)
    bar = page.locator(".selection-bar")
    expect(bar).to_contain_text("1 cell selected")
    bar.get_by_role("button", name="Basophil").tap()
    saved(page)
    assert newest(bench, case).decided_type == "basophil"


def test_another_reader_s_page_gets_the_cell(go: Callable[..., Page], bench: Bench) -> None:
    case, page = bench.fields(1), go("/cases")
    page.clock.install()
    page.goto(f"/cases/{case}")
    opened(page)
    expect(page.locator("[data-role=progress-words]")).to_have_text("0 of 20 decided")
    (image,) = list_images(bench.store, case)
    known = list_cells(bench.store, case, Filter(), Rows(1))[0][0]
    prediction = replace(known.suggestion, box=GAP)
    added = add_cell(bench.store, image, NewCell(GAP, prediction, b"PNG"), "bob")
    page.clock.fast_forward(5_000)
    expect(page.locator(".notice-item")).to_contain_text("By bob: 1 cell added.")
    expect(page.locator("[data-role=progress-words]")).to_have_text("0 of 21 decided")
    page.locator(".notice-item button").first.click()
    expect(page.locator(f"[data-cell='{added.id}']")).to_be_focused()
    assert "added by bob" in focused(page)
    page.keyboard.press("i")
    expect(page.locator(".inspector")).to_contain_text("Added by hand by bob.")


def test_nothing_is_added_while_reading_blind_or_to_a_signed_case(
    go: Callable[..., Page], bench: Bench
) -> None:
    case = bench.fields(1)
    page = opened(go(f"/cases/{case}"))
    page.locator("[data-act=act-reads]").click()
    page.get_by_role("button", name="Begin").click()
    expect(page.locator(".banner")).to_contain_text("blind")
    expect(page.locator(".cell[data-status=unread]")).to_have_count(20)
    none_to_add(page)
    changes = [
        Change(cell.id, 0, "blast") for cell in list_cells(bench.store, case, Filter(), Rows(30))[0]
    ]
    decided = decide(bench.store, case, changes, "ann").case
    sign_case(bench.store, case, decided.revision, "ann")
    close_read(bench.store, list_reads(bench.store, case)[0].id, ReadState.DROPPED, "local")
    page.reload()
    expect(page.locator(".banner")).to_contain_text("Signed by ann")
    none_to_add(page)


def none_to_add(page: Page) -> None:
    page.locator(".cell").first.focus()
    field = look(page)
    expect(field.get_by_role("button", name="Add a missed cell")).to_be_hidden()
    page.keyboard.press("b")
    expect(field.locator(".adder")).to_be_hidden()


def test_a_real_cell_in_a_real_field(
    go: Callable[..., Page], bench: Bench, model: Model, data: Path
) -> None:
    """One of a photograph's two white cells was missed; drawn, the model names it as it would."""
    found = true_cells(data, TWO_WHITE)
    missed = next(cell.box for cell in found if cell.kind is CellKind.WHITE)
    finder = FakeFinder([(picture(data, TWO_WHITE), [c for c in found if c.box != missed])])
    content = path_of(data, TWO_WHITE).read_bytes()
    image = read_image(Networks(model, finder), TWO_WHITE, content, ImageKind.FIELD)
    case = case_with(bench, image)
    page = opened(go(f"/cases/{case}"))
    expect(page.locator("[data-role=progress-words]")).to_have_text("0 of 1 decided")
    page.locator(".cell").first.focus()
    field = look(page)
    page.keyboard.press("b")
    draw(page, missed, image)
    expect(field).to_be_hidden()
    expect(page.locator("[data-role=progress-words]")).to_have_text("0 of 2 decided")
    added = newest(bench, case)
    assert near(added.box, missed)
    said = read_cell(model, content, added.box).prediction
    assert added.suggestion.cell_type == said.cell_type
    assert added.suggestion.probabilities == pytest.approx(said.probabilities, abs=1e-6)
    assert verify(bench.store).sound
