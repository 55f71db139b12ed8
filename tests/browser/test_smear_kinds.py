"""Fields of other kinds: out of focus, drawn, in a format that the browser cannot show."""

from __future__ import annotations

from pathlib import Path

import pytest
from drawings.smear import WHITE_CELLS
from PIL import Image, ImageFilter
from playwright.sync_api import Page, expect

from .fields import answer_of, field_paths, read, settle, shot


@pytest.fixture
def field(data: Path) -> Path:
    return field_paths(data, 1)[0]


def test_a_warning_is_shown_in_the_server_s_words(
    smear: Page, url: str, field: Path, tmp_path: Path
) -> None:
    blurred = tmp_path / "blurred.png"
    Image.open(field).filter(ImageFilter.GaussianBlur(9)).save(blurred)
    warnings = answer_of(url, blurred)["warnings"]
    assert warnings
    read(smear, blurred)
    shown = smear.get_by_role("list", name="Warnings").get_by_role("listitem")
    expect(shown).to_have_text([warning["message"] for warning in warnings])
    for warning in warnings:
        expect(smear.locator("[data-part=announcer]")).to_contain_text(warning["message"])


def test_the_synthetic_field_says_that_it_is_one(smear: Page) -> None:
    smear.get_by_role("button", name="Whole field Synthetic").click()
    settle(smear)
    counts = smear.get_by_role("region", name="Counts")
    expect(counts.get_by_text("Synthetic drawing")).to_be_visible()
    expect(
        counts.get_by_role("listitem").filter(has_text="white cells").locator("strong")
    ).to_have_text(str(len(WHITE_CELLS)))
    expect(counts).to_contain_text("cut by the border")


def test_a_tiff_that_the_browser_cannot_show(
    smear: Page, url: str, field: Path, tmp_path: Path
) -> None:
    path = tmp_path / "scan.tif"
    Image.open(field).save(path)
    read(smear, path)
    assert shot(smear).std() > 25
    count = (
        smear.get_by_role("region", name="Counts")
        .get_by_role("listitem")
        .filter(has_text="red cells")
    )
    expect(count.locator("strong")).to_have_text(str(answer_of(url, field)["counts"]["red_cell"]))
