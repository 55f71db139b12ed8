"""What the border cuts is counted by a key; what should not be in a case is taken out of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from playwright.sync_api import Page, expect

from hemavision.records.results import Box, CellKind, Detection
from hemavision.store.images import list_images
from hemavision.store.journal import list_entries
from hemavision.store.records import Page as Rows
from hemavision.store.verification import verify

from .accessibility import overflow_px, violations
from .bench import Bench, drawn_field, opened, saved
from .pages import NARROW, WIDE
from .test_missed_cell import case_with, newest

#: At the left border, and at the upper one; no other cell is there.
CUT = (Box(0, 78, 24, 114), Box(80, 0, 112, 14))


def test_cut_cells_are_counted_by_a_key_and_come_back_by_undo(
    go: Callable[..., Page], bench: Bench
) -> None:
    others = tuple(Detection(CellKind.WHITE, box, 0.8) for box in CUT)
    case = case_with(bench, replace(drawn_field(0), others=others))
    page = opened(go(f"/cases/{case}"))
    progress = page.locator("[data-role=progress-words]")
    expect(progress).to_have_text("0 of 20 decided")
    words = page.locator("[data-role=cut-words]")
    expect(words).to_have_text("2 white cells at the border of their fields are not counted.")
    page.keyboard.press("k")
    sheet = page.locator("[data-part=cut]")
    expect(sheet.locator(".mini")).to_have_count(2)
    expect(sheet.locator("img").first).to_have_js_property("naturalWidth", 192)
    assert violations(page) == []
    for viewport in (NARROW, WIDE):
        page.set_viewport_size(viewport)
        assert overflow_px(page) == 0
    expect(sheet.locator(".mini").first).to_be_focused()
    page.keyboard.press("k")
    expect(sheet.locator(".mini")).to_have_count(1)
    expect(progress).to_have_text("0 of 21 decided")
    assert newest(bench, case).box == CUT[1]
    page.keyboard.press("k")
    expect(sheet.locator("[data-role=words]")).to_have_text("Every one is counted.")
    page.keyboard.press("Escape")
    expect(progress).to_have_text("0 of 22 decided")
    expect(words).to_be_hidden()
    page.keyboard.press("Control+z")
    expect(progress).to_have_text("0 of 21 decided")
    expect(words).to_have_text("1 white cell at the border of its field is not counted.")
    assert verify(bench.store).sound


def test_a_wrong_image_is_taken_out_with_its_reason(go: Callable[..., Page], bench: Bench) -> None:
    case = case_with(bench, drawn_field(0), drawn_field(1))
    page = opened(go(f"/cases/{case}"))
    progress = page.locator("[data-role=progress-words]")
    page.keyboard.press("1")
    expect(progress).to_have_text("1 of 40 decided")
    saved(page)
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("i")
    inspector = page.locator("[data-part=inspector]")
    expect(inspector.get_by_role("button", name="Take this cell out")).to_be_hidden()
    gone = inspector.locator("[data-role=image-name]").inner_text()
    inspector.get_by_role("button", name="Take the image out").click()
    sheet = page.locator("[data-part=remove]")
    expect(sheet).to_contain_text(f"{gone} leaves the case, and 20 cells with it")
    assert violations(page) == []
    page.keyboard.type("Another patient's")
    sheet.get_by_role("button", name="Take it out").click()
    expect(sheet).to_be_hidden()
    expect(progress).to_have_text("0 of 20 decided")
    assert [image.name for image in list_images(bench.store, case)] != [gone]
    (entry, *_), _ = list_entries(bench.store, case, Rows(1))
    assert entry.detail["reason"] == "Another patient's"
    # What was done to its cells cannot be taken back any more, and nothing breaks for it.
    page.keyboard.press("Control+z")
    page.keyboard.press("1")
    expect(progress).to_have_text("1 of 20 decided")
    page.get_by_role("button", name="Log").click()
    expect(page.locator("[data-part=log]")).to_contain_text(f"took out: {gone}, 20 cells: Another")
    assert verify(bench.store).sound


def test_typing_ahead_names_nothing_twice(go: Callable[..., Page], bench: Bench) -> None:
    case = bench.case(4)
    page = opened(go(f"/cases/{case}"))
    progress = page.locator("[data-role=progress-words]")
    for _ in range(4):
        page.keyboard.press("1")
    expect(progress).to_have_text("4 of 4 decided")
    expect(page.locator("[data-part=notices]")).to_contain_text("Every cell is decided: sign")
    here = page.evaluate("document.activeElement.dataset.cell")
    page.keyboard.press("2")
    saved(page)
    kinds = page.locator(".cell[data-decided=true]")
    expect(kinds).to_have_count(4)
    expect(page.locator(".bins [data-drop=neutrophil] .bin-count")).to_have_text("3")
    assert page.evaluate("document.activeElement.dataset.cell") == here
