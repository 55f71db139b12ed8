"""The Cell page beside its answer: copied, printed, cleared by mistake; a field dropped there."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from drawings.smear import smear_png
from playwright.sync_api import Browser, Page, expect

from hemavision.records.results import NOTICE
from hemavision.store.cases import Search, list_cases
from hemavision.store.cells import Filter, list_cells
from hemavision.store.records import Page as Rows

from .accessibility import violations
from .bench import Bench
from .pages import WINDOW, choose


def test_an_answer_is_copied_in_words(browser: Browser, url: str, smears: list[Path]) -> None:
    context = browser.new_context(**WINDOW, permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto(url)
    choose(page, smears[0])
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    words = page.evaluate("navigator.clipboard.readText()")
    name = page.locator("[data-role=cell-type]").inner_text()
    assert words.startswith(f"{smears[0].name}: {name}, ")
    assert words.endswith(NOTICE)
    assert re.search(r"Model eight-types, SHA-256 [0-9a-f]{64}\.", words)
    # On paper it is one sheet, and what cannot be pressed there is gone.
    sheet = page.pdf(format="A4")
    assert len(re.findall(rb"/Type */Page[^s]", sheet)) == 1
    page.emulate_media(media="print")
    expect(page.locator(".downloads")).to_be_hidden()
    expect(page.locator("[data-role=cell-type]")).to_be_visible()
    context.close()


def test_what_is_wrong_is_kept_with_the_right_word(
    go: Callable[..., Page], bench: Bench, smears: list[Path]
) -> None:
    page = go("/")
    choose(page, smears[0])
    page.get_by_role("button", name="This is wrong").click()
    dialog = page.get_by_role("dialog", name="What is it?")
    expect(dialog.get_by_label("Name of the new case")).to_have_value("Corrections")
    dialog.get_by_role("button", name="Keep it").click()
    expect(dialog).to_be_visible()  # nobody has said yet what it is
    assert violations(page, "dialog[open]") == []
    dialog.get_by_label("The cell is").select_option("blast")
    dialog.get_by_role("button", name="Keep it").click()
    kept = page.get_by_role("status")
    expect(kept.filter(has_text="Kept as blast in Corrections")).to_be_visible()
    choose(page, smears[1])
    page.get_by_role("option").nth(1).click()
    page.get_by_role("button", name="Send to a case").click()
    dialog = page.get_by_role("dialog", name="Send to a case")
    dialog.locator("select[name=case]").select_option(label="Corrections")
    dialog.get_by_role("button", name="Keep it").click()
    expect(kept.filter(has_text="Kept in Corrections")).to_be_visible()
    (case,), _ = list_cases(bench.store, Search("Corrections"), Rows())
    cells, _ = list_cells(bench.store, case.id, Filter(), Rows())
    assert sorted(str(cell.decided_type) for cell in cells) == ["None", "blast"]
    page.get_by_role("link", name="Open the case").click()
    expect(page.locator("[data-role=progress-words]")).to_have_text("1 of 2 decided")


def test_what_was_cleared_by_mistake_comes_back(page: Page, smears: list[Path]) -> None:
    choose(page, *smears[:2])
    page.get_by_role("option").nth(1).click()
    named = page.locator("[data-role=file-name]")
    expect(named).to_have_text(smears[1].name)
    page.get_by_role("button", name="Clear", exact=True).click()
    back = page.get_by_role("button", name="Bring back 2 images")
    back.click()
    expect(page.locator(".progress-words")).to_have_text("2 of 2 read")
    expect(named).to_have_text(smears[0].name)
    expect(page.locator("[data-part=viewer][data-map=true]")).to_be_visible()


def test_a_field_leads_to_the_smear_page(page: Page, smears: list[Path], tmp_path: Path) -> None:
    hint = page.locator("[data-part=field-hint]")
    choose(page, smears[0])
    expect(hint).to_be_hidden()
    field = tmp_path / "whole-field.png"
    field.write_bytes(smear_png())
    choose(page, field)
    page.get_by_role("option").last.click()
    expect(hint).to_contain_text("one of its cells was named")
    hint.get_by_role("button").click()
    page.wait_for_url("**/smear")
    expect(page.get_by_role("option")).to_contain_text("whole-field.png")
    expect(page.locator("[data-part=counts]")).to_be_visible()
    page.go_back()
