"""The report's page in a real browser, on screen and on paper."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from dataclasses import replace

import pypdf
import pytest
from playwright.sync_api import Browser, Page

from hemavision.records.results import NOTICE
from hemavision.report import ReportInput, write_report

from .accessibility import everywhere, overflow_px
from .pages import WIDE

Shown = tuple[Page, list[str]]


@pytest.fixture(scope="module")
def opened(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[ReportInput], Shown]]:
    """Open a report's page, once; everything that it asks for or complains about is kept."""
    context = browser.new_context(viewport=WIDE)
    shown: dict[int, tuple[ReportInput, Shown]] = {}

    def open_(given: ReportInput) -> Shown:
        if id(given) not in shown:
            shown[id(given)] = given, anew(given)
        page, asked = shown[id(given)][1]
        page.set_viewport_size(WIDE)
        return page, asked

    def anew(given: ReportInput) -> Shown:
        path = tmp_path_factory.mktemp("report") / "report.html"
        path.write_bytes(write_report(given, "html").content)
        page = context.new_page()
        seen: list[str] = []
        page.on("console", lambda message: seen.append(message.text))
        page.on("pageerror", lambda error: seen.append(str(error)))
        page.on("request", lambda request: seen.append(request.url[:60]))
        page.goto(path.as_uri())
        return page, [url for url in seen if not url.startswith(("data:", path.as_uri()[:60]))]

    yield open_
    context.close()


def printed(page: Page) -> pypdf.PdfReader:
    return pypdf.PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True)))


def test_a_usual_case_prints_on_one_a4_page(
    opened: Callable[[ReportInput], Shown], usual_case: ReportInput
) -> None:
    page, asked = opened(usual_case)
    assert asked == []
    pages = printed(page).pages
    assert len(pages) == 1
    assert [round(float(n)) for n in pages[0].mediabox[2:]] == [595, 842]
    text = pages[0].extract_text()
    for words in (NOTICE, "Case 2026-1187", "A. Müller", "possibly low", "10.4 – 20.7", "1 / 1"):
        assert words in text, words


def test_a_long_case_keeps_its_notice_on_every_page(
    opened: Callable[[ReportInput], Shown], usual_case: ReportInput
) -> None:
    page, _ = opened(replace(usual_case, cells=usual_case.cells * 6))
    pages = printed(page).pages
    assert len(pages) > 1
    assert all(NOTICE in page_.extract_text() for page_ in pages)


def test_pictures_are_there_and_have_words(
    opened: Callable[[ReportInput], Shown], usual_case: ReportInput
) -> None:
    page, _ = opened(usual_case)
    widths = page.locator("img").evaluate_all("all => all.map(i => i.naturalWidth)")
    assert len(widths) == 16
    assert min(widths) > 100
    assert page.locator("img:not([alt])").count() == 0
    assert "#1" in page.locator("img").first.get_attribute("alt")


def test_nothing_sticks_out(
    opened: Callable[[ReportInput], Shown], usual_case: ReportInput
) -> None:
    page, _ = opened(replace(usual_case, case_name="Averylongnamewithoutanyspaces" * 6))
    for width in (1440, 800, 390):
        page.set_viewport_size({"width": width, "height": 900})
        assert overflow_px(page) <= 0
        sheet = page.locator("main").bounding_box()
        assert sheet
        for left, right in page.locator("main *:visible").evaluate_all(
            "all => all.map(e => e.getBoundingClientRect()).map(r => [r.left, r.right])"
        ):
            assert left >= sheet["x"] - 1
            assert right <= sheet["x"] + sheet["width"] + 1


def test_axe_finds_nothing(opened: Callable[[ReportInput], Shown], usual_case: ReportInput) -> None:
    page, _ = opened(usual_case)
    assert everywhere(page) == []


def test_bars_stand_where_the_figures_say(
    opened: Callable[[ReportInput], Shown], usual_case: ReportInput
) -> None:
    page, _ = opened(usual_case)
    row = page.locator("tbody tr").filter(has_text="Lymphocyte")
    svg = row.locator("svg").bounding_box()
    share = row.locator("rect.share").bounding_box()
    # 15% of a scale that ends at 90%.
    assert page.locator("th.bar").inner_text().split() == ["0", "90%"]
    assert share["width"] / svg["width"] == pytest.approx(15 / 90, abs=0.01)
    # The box of a line holds its ends' strokes too, so the line's own numbers are read.
    low, high = re.match(
        r"M(\d+) 8H(\d+)M", row.locator("path.interval").get_attribute("d")
    ).groups()
    assert int(low) == round(1000 * 10.355 / 90)
    assert int(high) == round(1000 * 20.718 / 90)
    assert "open" in row.get_attribute("class")
