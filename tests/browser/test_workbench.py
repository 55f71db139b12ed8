"""The reader's workbench in a real browser: from images to a signed and amended case."""

from __future__ import annotations

import csv
import json
import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from hemavision.records.cells import EIGHT_TYPES
from hemavision.records.classes import load_classes
from hemavision.records.reference import display_name
from hemavision.records.results import NOTICE
from hemavision.store.cases import enter as enter_beside
from hemavision.store.cases import find_case, sign_case
from hemavision.store.cells import Filter, decide, list_cells
from hemavision.store.records import Case, Change, Entries
from hemavision.store.records import Page as Rows
from hemavision.store.verification import verify

from .bench import Bench, decided, focused, opened, saved
from .pages import watched


@pytest.fixture
def photographs(data: Path, request: pytest.FixtureRequest) -> list[Path]:
    """So many real cells, from the test split of PBC, of all eight types."""
    with (data / "pbc" / "labels.csv").open(encoding="utf-8", newline="") as file:
        rows = [row["path"] for row in csv.DictReader(file) if row["split"] == "test"]
    return [data / "pbc" / name for name in random.Random(1).sample(rows, request.param)]


def commit_everything(page: Page) -> None:
    """Commit type after type with the keyboard alone; what the model doubts, one by one."""
    undecided = page.locator("[data-role=filters] [value=undecided] ~ small")
    for _ in range(2 * int(undecided.inner_text()) + 1):
        for keys in (["n", "Control+a", "Enter", "Escape"], ["n", None]):
            if undecided.inner_text() == "0":
                return
            for key in keys:
                page.keyboard.press(key or ("1" if "Unfamiliar" in focused(page) else "Enter"))
            page.keyboard.press("g")  # where the count has stopped, on past it
            saved(page)
    raise AssertionError("cells stay undecided")


@pytest.mark.parametrize(
    "photographs", [6, pytest.param(200, marks=pytest.mark.long)], indirect=True
)
def test_the_whole_way_of_a_slide_from_its_images_to_the_signature(
    go: Callable[..., Page], photographs: list[Path], tmp_path: Path, bench: Bench
) -> None:
    page = go("/cases")
    with watched(page) as seen:
        bring_in(page, photographs, tmp_path)
        review_by_keyboard(page, len(photographs))
        sign(page, len(photographs))
    assert seen.errors == []
    assert verify(bench.store).sound


def bring_in(page: Page, photographs: list[Path], tmp_path: Path) -> None:
    bad = tmp_path / "notes.jpg"
    bad.write_text("no picture")
    page.locator("#picker").set_input_files([str(path) for path in (*photographs, bad)])
    page.get_by_label("Name").fill("Morning round")
    page.get_by_label("Slide").fill("S-17")
    page.keyboard.press("Enter")
    link = page.get_by_role("link", name="Open the case")
    link.wait_for(timeout=600_000)
    expect(page.locator("[data-role=import-words]")).to_contain_text(
        f"{len(photographs)} images added, {len(photographs)} cells · 1 could not be read"
    )
    # The same file again is said to be there, and adds nothing.
    link.click()
    opened(page)
    page.locator("#picker").set_input_files([str(photographs[0])])
    expect(page.locator("[data-role=import-words]")).to_contain_text("0 images added")
    expect(page.locator("[data-role=import-list]")).to_contain_text("is here already")
    page.locator("[data-act=import-closed]").click()


@pytest.mark.parametrize("cells", [9, pytest.param(200, marks=pytest.mark.long)])
def test_a_case_is_entered_signed_and_reported(
    go: Callable[..., Page], bench: Bench, cells: int
) -> None:
    page = opened(go(f"/cases/{read_case(bench, cells).id}"))
    with watched(page) as seen:
        enter(page)
        sign(page, cells)
        report(page, bench)
    assert seen.errors == []


@pytest.mark.parametrize("cells", [16, pytest.param(200, marks=pytest.mark.long)])
def test_a_signed_case_is_read_again_and_amended(
    go: Callable[..., Page], bench: Bench, cells: int
) -> None:
    case = read_case(bench, cells)
    sign_case(bench.store, case.id, case.revision, "ann")
    page = opened(go(f"/cases/{case.id}"))
    with watched(page) as seen:
        read_again(page)
        amend(page)
    assert seen.errors == []
    assert verify(bench.store).sound


def read_case(bench: Bench, cells: int) -> Case:
    """Make a case whose cells are all decided."""
    case = bench.case(cells, "Morning round")
    known = list_cells(bench.store, case, Filter(), Rows(cells))[0]
    changes = [Change(cell.id, 0, EIGHT_TYPES[cell.id % len(EIGHT_TYPES)]) for cell in known]
    return decide(bench.store, case, changes, "ann").case


def review_by_keyboard(page: Page, cells: int) -> None:
    # What is unfamiliar comes first and has no name to commit.
    page.locator(".cell-section:not([data-drop=unfamiliar]) .cell").first.focus()
    first = focused(page)
    assert "only suggested" in first
    page.keyboard.press("Enter")
    assert decided(page) == 1
    assert focused(page) != first
    page.keyboard.press("9")  # a blast, which no model names
    expect(page.locator("[data-drop=blast] .bin-count").first).to_have_text("1")
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    assert decided(page) == 0
    page.keyboard.press("Control+Shift+z")
    page.keyboard.press("Control+Shift+z")
    assert decided(page) == 2
    saved(page)
    page.locator("[data-act=act-sign]").click()
    dialog = page.get_by_role("dialog", name="Sign the case")
    expect(dialog).to_contain_text(f"{cells - 2} cells are undecided")
    expect(dialog.get_by_role("button", name="Sign")).to_be_hidden()
    page.keyboard.press("Enter")  # on the first of them: the page goes there
    expect(dialog).to_be_hidden()
    assert "only suggested" in focused(page)
    commit_everything(page)


def enter(page: Page) -> None:
    """Enter what the analyser said and a comment; a reload shows them."""
    page.get_by_label("Total white cells").fill("6,2")
    expect(page.locator(".bin-words").first).to_contain_text("× 10⁹/L")
    page.get_by_label("Comment, for the report").fill("A thick film, read at its edge.")
    page.get_by_role("radio", name="200", exact=True).check()
    expect(page.locator("[data-role=target-words]")).to_contain_text("to go")
    saved(page)
    page.reload()
    expect(page.get_by_label("Total white cells")).to_have_value("6.2")
    expect(page.get_by_role("radio", name="200", exact=True)).to_be_checked()


def sign(page: Page, cells: int) -> None:
    total = page.locator("[data-role=total]")
    page.get_by_role("radio", name="Committed only").check()
    expect(page.locator("[data-role=aside]")).not_to_contain_text("nobody has decided")
    assert cells / 2 < int(total.inner_text()) <= cells
    page.locator("[data-act=act-sign]").click()
    dialog = page.get_by_role("dialog", name="Sign the case")
    expect(dialog).to_contain_text(f"You sign {cells} cells")
    acknowledge(page)
    page.keyboard.press("Tab")
    while focused_text(page) != "Sign":  # a sheet that scrolls takes the focus itself
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".state-chip")).to_have_text("Signed")
    expect(page.locator(".banner")).to_contain_text("Signed by local")
    page.locator(".cell").first.focus()
    page.keyboard.press("2")
    expect(page.locator(".notice-item").last).to_contain_text("until it is amended")


def acknowledge(page: Page) -> None:
    """Name every critical type, by keyboard: nothing is signed before."""
    dialog = page.get_by_role("dialog", name="Sign the case")
    boxes = dialog.get_by_role("checkbox")
    expect(boxes.first).to_be_visible()
    button = dialog.get_by_role("button", name="Sign", exact=True)
    expect(boxes.first).to_be_focused()
    for box in boxes.all():
        expect(button).to_be_disabled()
        box.focus()
        page.keyboard.press("Space")
    expect(button).to_be_enabled()


def focused_text(page: Page) -> str:
    return str(page.evaluate("document.activeElement.textContent.trim()"))


def report(page: Page, bench: Bench) -> None:
    expect(page.get_by_label("Total white cells")).to_be_disabled()
    expect(page.locator(".bin-words").first).to_contain_text("× 10⁹/L")
    page.locator(".menu summary").click()
    links = {
        link.inner_text(): link.get_attribute("href") for link in page.locator(".menu a").all()
    }
    assert set(links) == {"HTML", "PDF", "CSV", "JSON", "FHIR"}
    page.keyboard.press("Escape")
    for name, start in (("HTML", b"<!doctype html>"), ("PDF", b"%PDF"), ("JSON", b"{")):
        answer = page.request.get(bench.url + str(links[name]))
        assert answer.status == 200
        assert answer.body().startswith(start)
    assert json.loads(page.request.get(bench.url + str(links["FHIR"])).text())["resourceType"]
    shown = page.context.new_page()
    with watched(shown) as blocked:
        shown.goto(bench.url + str(links["HTML"]))
        expect(shown.get_by_text(NOTICE).first).to_be_visible()
    expect(shown.get_by_text("A thick film, read at its edge.")).to_be_visible()
    expect(shown.locator("dd", has_text="× 10⁹/L").first).to_contain_text("6.20")
    assert shown.locator("figure img").first.evaluate("image => image.naturalWidth") > 0
    assert blocked.errors == []
    shown.close()


def read_again(page: Page) -> None:
    page.locator("[data-act=act-reads]").click()
    page.get_by_label("Cells in the sample").fill("12")
    page.get_by_role("button", name="Begin").click()
    expect(page.locator(".banner")).to_contain_text("blind")
    expect(page.locator(".cell")).to_have_count(12)
    assert page.locator(".cell[data-status=unread]").count() == 12
    expect(page.locator("[data-role=count]")).to_be_hidden()
    # Neither a reload nor the API shows what was decided.
    page.reload()
    expect(page.locator(".cell")).to_have_count(12)
    page.locator(".cell").first.focus()
    page.keyboard.press("1")
    page.keyboard.press("2")
    page.keyboard.press("Control+z")
    # What was not on the screen yet would be left out.
    expect(page.locator(".cell[data-seen=true]")).to_have_count(12)
    page.keyboard.press("Control+a")
    page.keyboard.press("4")
    saved(page)
    page.locator("[data-act=act-finish]").click()
    page.locator("[data-part=finish] [data-close=finish]").click()
    dialog = page.get_by_role("dialog", name="Agreement")
    expect(dialog).to_contain_text("local read 12 cells blind")
    expect(dialog.locator(".agreement-line").first).to_contain_text("of 12 cells alike")
    dialog.get_by_role("button", name="Close").click()


def amend(page: Page) -> None:
    page.locator("[data-act=act-amend]").click()
    page.get_by_label("Why").fill("One cell was not what it seemed")
    page.get_by_role("button", name="Amend", exact=True).last.click()
    expect(page.locator(".case-facts")).to_contain_text("version 2")
    page.locator(".cell").first.focus()
    page.keyboard.press("0")
    saved(page)
    page.locator("[data-act=act-sign]").click()
    dialog = page.get_by_role("dialog", name="Sign the case")
    expect(dialog.get_by_role("checkbox").first).to_be_visible()
    for box in dialog.get_by_role("checkbox").all():
        box.check()
    dialog.get_by_role("button", name="Sign", exact=True).click()
    expect(page.locator(".state-chip")).to_have_text("Signed")
    page.locator("[data-act=act-log]").click()
    log = page.get_by_role("dialog", name="Log")
    expect(log.locator("li").first).to_contain_text("signed the case")
    expect(log).to_contain_text("One cell was not what it seemed")
    page.keyboard.press("Escape")


def out_of_sight(page: Page, *, hidden: bool = True) -> None:
    """Let a page believe that nobody looks at it, or that somebody does: it then watches or not."""
    page.evaluate(
        """(value) => {
            Object.defineProperty(document, 'hidden', { value, configurable: true });
            document.dispatchEvent(new Event('visibilitychange'));
        }""",
        hidden,
    )


def test_two_readers_at_once_lose_nothing(go: Callable[..., Page], bench: Bench) -> None:
    number = bench.case(10)
    page = opened(go(f"/cases/{number}"))
    out_of_sight(page)
    page.locator(".cell").first.focus()
    cell = int(page.locator(".cell:focus").get_attribute("data-cell") or 0)
    decide(bench.store, number, [Change(cell, 0, "blast")], "bob")
    page.keyboard.press("5")
    expect(page.locator(".notice-item")).to_contain_text(f"bob decided blast on cell {cell}")
    page.locator(".bins [data-drop=blast] .bin-name").click()
    said = list_cells(bench.store, number, Filter(decided=True), Rows(1))[0][0].suggestion.cell_type
    said = display_name(said).lower()
    words = f"Cell {cell}, Blast, decided by bob, the model says {said}, 97.0%, confident"
    expect(page.locator(f".cell[data-cell='{cell}']")).to_have_attribute("aria-label", words)
    (there,) = [c for c in list_cells(bench.store, number, Filter(), Rows(100))[0] if c.id == cell]
    assert there.decided_type == "blast"
    # What somebody else does shows by itself.
    other = next(c for c in list_cells(bench.store, number, Filter(decided=False), Rows(9))[0])
    decide(bench.store, number, [Change(other.id, other.revision, "monocyte")], "bob")
    out_of_sight(page, hidden=False)
    expect(page.locator(".notice-item").last).to_contain_text("By bob: 1 cell changed")


def test_two_who_enter_at_once_lose_nothing(go: Callable[..., Page], bench: Bench) -> None:
    case = bench.case(3)
    first, second = opened(go(f"/cases/{case}")), opened(go(f"/cases/{case}"))
    for page in (first, second):
        out_of_sight(page)
        page.wait_for_selector("[data-role=targets] input")
    first.get_by_label("Total white cells").fill("6.2")
    saved(first)
    # Before it has heard of that: in another place it stands beside it, in the same it does not.
    second.get_by_label("Comment, for the report").fill("Seen.")
    saved(second)
    expect(second.get_by_label("Total white cells")).to_have_value("6.2")
    first.get_by_label("Total white cells").fill("9.9")
    second.get_by_label("Total white cells").fill("8.8")
    saved(first)
    saved(second)
    late = first if first.locator(".notice-item").count() else second
    expect(late.locator(".notice-item").last).to_contain_text("was changed while you looked")
    kept = find_case(bench.store, case).entries
    assert (kept.comment, kept.white_cells in (9.9, 8.8)) == ("Seen.", True)
    late.get_by_label("Comment, for the report").focus()
    for page in (first, second):
        out_of_sight(page, hidden=False)
        expect(page.get_by_label("Total white cells")).to_have_value(str(kept.white_cells))


def test_dragging_framing_pointing_and_comparing(go: Callable[..., Page], bench: Bench) -> None:
    page = opened(go(f"/cases/{bench.case(24)}"))
    tile = page.locator(".cell").nth(1)
    number = tile.get_attribute("data-cell")
    tile.drag_to(page.locator(".bins [data-drop=basophil]"))
    inside = page.locator("[data-drop=basophil].cell-section .cell[data-decided=true]")
    expect(inside).to_have_attribute("data-cell", str(number))
    # Let go where it was meant nothing.
    tile = page.locator(".cell[data-decided=false]").first
    tile.drag_to(page.locator(".cell-section .section-head").first)
    assert decided(page) == 1
    # A frame over the first section's tiles.
    head = page.locator(".section-head h2").first.bounding_box()
    assert head
    page.mouse.move(head["x"] + 220, head["y"] + 22)
    page.mouse.down()
    page.mouse.move(head["x"] + 2, head["y"] + 90, steps=4)
    page.mouse.up()
    expect(page.locator("[data-role=selected]")).to_have_text("2 cells selected")
    page.keyboard.press("v")
    dialog = page.get_by_role("dialog", name="Two cells")
    expect(dialog.locator(".side-cell")).to_have_count(2)
    dialog.locator(".side-cell").first.get_by_role("button", name="Monocyte").click()
    expect(dialog.locator(".side-cell").first.get_by_role("heading")).to_have_text("Monocyte")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.locator(".cell[data-decided=false]").nth(2).click()
    page.keyboard.press("0")
    expect(page.locator(".bins [data-drop=plasma_cell] .bin-count")).to_have_text("1")
    page.keyboard.press("i")
    expect(page.locator(".inspector h2")).to_be_visible()
    page.keyboard.press("f")
    expect(page.locator("[data-part=field-view] canvas")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("[data-part=field-view]")).to_be_hidden()


def test_confident_ones_can_be_committed_once_they_were_on_the_screen(
    go: Callable[..., Page], bench: Bench
) -> None:
    page = opened(go(f"/cases/{bench.fields(5)}"))
    head = page.locator(".section-head").nth(0)
    # What must not be overlooked stands first.
    expect(head).to_contain_text("Immature granulocyte")
    expect(head.get_by_role("button", name="Commit 10 confident")).to_be_visible()
    last = page.locator("[data-bin=platelet][data-act=unseen-wanted]")
    expect(last).to_have_count(1)
    page.locator(".bins [data-drop=platelet] .bin-name").click()
    ready = page.locator("[data-bin=platelet][data-act=bin-committed]")
    expect(ready).to_have_text("Commit 10 confident")
    expect(last).to_have_count(0)
    ready.click()
    saved(page)
    assert decided(page) == 10


def test_a_bin_is_named_by_one_key_and_the_case_signed_without_tabbing(
    go: Callable[..., Page], bench: Bench
) -> None:
    """Sixteen cells of eight types: a key a type, two to sign, one for each critical type."""
    case = bench.case(16)
    page = go("/cases")
    with watched(page) as seen:
        page.goto(f"/cases/{case}")
        opened(page)
        expect(page.locator(".cell:focus")).to_have_attribute("data-seen", "true")
    # One sheet, one script, and one request for all that the screen shows of the pictures.
    assert len([address for address in seen.requests if "/thumbnails?" in address]) == 1
    assert len([address for address in seen.requests if address.startswith("http")]) < 20
    chips = page.locator("[data-role=types] button")
    keys = dict(zip(chips.evaluate_all("all => all.map((one) => one.dataset.type)"),
                    chips.locator("kbd").all_text_contents(), strict=True))  # fmt: skip
    bins = page.locator(".cell-section").evaluate_all("all => all.map((one) => one.dataset.drop)")
    page.keyboard.press(f"Shift+Digit{keys[bins[-1]]}")
    expect(page.locator(".notice-item").last).to_contain_text("2 cells left out, not seen yet")
    assert decided(page) == 0
    for done, name in enumerate(bins, 1):
        section = page.locator(f".cell-section[data-drop={name}]")
        expect(section.locator(".cell:focus")).to_be_visible()
        expect(section.locator(".cell[data-seen=true]")).to_have_count(2)
        page.keyboard.press(f"Shift+Digit{keys[name]}")
        expect(page.locator("[data-role=progress-words]")).to_contain_text(f"{2 * done} of 16")
    saved(page)
    page.keyboard.press("Control+Enter")
    boxes = page.get_by_role("dialog", name="Sign the case").get_by_role("checkbox")
    expect(boxes.first).to_be_focused()
    for _ in boxes.all():
        page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page.locator(".state-chip")).to_have_text("Signed")


def test_what_is_unfamiliar_is_not_counted_before_a_person_decides(
    go: Callable[..., Page], bench: Bench
) -> None:
    page = opened(go(f"/cases/{bench.case(9, novelty=50.0)}"))
    expect(page.locator("[data-role=total]")).to_have_text("0")
    expect(page.locator(".section-head h2")).to_contain_text("not counted until you decide")
    page.locator(".cell").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".notice-item")).to_contain_text("has no name to commit")
    assert decided(page) == 0
    page.keyboard.press("1")
    expect(page.locator("[data-role=total]")).to_have_text("1")


def test_the_last_of_a_filter_leaves_no_dead_end(go: Callable[..., Page], bench: Bench) -> None:
    """By keyboard alone: what the filter hides is the next one, and the focus is somewhere."""
    number = bench.case(4)
    enter_beside(bench.store, number, Entries(target=3), "ann")
    page = opened(go(f"/cases/{number}"))
    page.locator(".cell").first.focus()
    page.keyboard.press("1")
    page.get_by_role("radio", name=re.compile("^Decided")).check()
    page.locator(".cell").first.focus()
    page.keyboard.press("Backspace")  # the only one that this filter shows
    expect(page.locator("[data-role=empty]")).to_be_focused()
    page.keyboard.press("n")
    expect(page.locator(".cell:focus")).to_have_count(1)
    for _ in range(4):
        page.keyboard.press("1")
        page.keyboard.press("n")
    saved(page)
    notices = page.locator(".notice-item")
    expect(notices.filter(has_text="aimed at are complete, and the count stops")).to_have_count(1)
    # The fourth is left out, and said; one key goes on.
    expect(
        notices.filter(has_text="The count stops at 3: 1 cell left out. G counts on")
    ).to_be_visible()
    assert decided(page) == 3
    expect(page.get_by_role("button", name="Count on")).to_be_visible()
    page.keyboard.press("Control+Enter")  # or signs without it
    sheet = page.get_by_role("dialog")
    expect(sheet).to_contain_text("3 of 4 cells as decided")
    expect(sheet).to_contain_text("1 further cell will not be counted")
    expect(sheet).to_contain_text("the count stopped at 3")
    expect(sheet.get_by_role("button", name="Sign")).to_be_enabled()
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    expect(page.get_by_role("button", name="Count on")).to_be_hidden()
    page.keyboard.press("1")
    saved(page)
    assert decided(page) == 4
    page.keyboard.press("t")
    expect(page.get_by_label("Total white cells")).to_be_focused()


def test_the_classes_of_a_case_are_shown_and_keyed(go: Callable[..., Page], bench: Bench) -> None:
    number = bench.case(2, classes=load_classes("stages"))
    page = opened(go(f"/cases/{number}"))
    page.locator(".cell").first.focus()
    page.keyboard.press("b")
    saved(page)
    expect(page.locator(".bin", has_text="Band")).to_contain_text("1")
    page.keyboard.press("?")
    row = page.get_by_role("row", name="b Band yes Neutrophil 764-1")
    expect(row).to_be_visible()
