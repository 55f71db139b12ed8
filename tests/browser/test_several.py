"""Several images, bad ones among them, and a server that goes away."""

from __future__ import annotations

import re
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, Request, expect

from .pages import choose, intercept, settle


def test_many_files_are_read_one_by_one(page: Page, smears: list[Path], tmp_path: Path) -> None:
    paths = [tmp_path / f"{number:02}.jpeg" for number in range(18)]
    for number, path in enumerate(paths):
        path.write_bytes(smears[number % len(smears)].read_bytes())
    running, most = set(), 0

    def started(request: Request) -> None:
        nonlocal most
        if request.url.endswith("/classify"):
            running.add(request)
            most = max(most, len(running))

    def finished(request: Request) -> None:
        running.discard(request)

    page.on("request", started)
    page.on("requestfinished", finished)
    choose(page, *paths)
    expect(page.locator(".progress-words")).to_have_text("18 of 18 read")
    thumbs = page.get_by_role("option").all_inner_texts()
    assert [text.split()[0] for text in thumbs] == [path.name for path in paths]
    assert all(re.search(r"\d%$", text) for text in thumbs)
    for part in (".thumb-words", ".thumb-figure"):
        cut = "parts => parts.filter((part) => part.scrollWidth > part.clientWidth).length"
        assert page.locator(part).evaluate_all(cut) == 0, part
    assert 1 <= most <= 2
    bar = page.get_by_role("progressbar", name="Images read")
    assert bar.evaluate("bar => [bar.value, bar.max]") == [18, 18]


def test_bad_files_never_harm_good_ones(page: Page, smears: list[Path], tmp_path: Path) -> None:
    text = tmp_path / "notes.jpg"
    text.write_text("This is no picture.")
    cut = tmp_path / "cut.jpeg"
    cut.write_bytes(smears[1].read_bytes()[:700])
    empty = tmp_path / "empty.png"
    empty.touch()
    choose(page, smears[0], text, cut, smears[2], empty)
    expect(page.locator(".progress-words")).to_have_text("2 of 5 read, 3 could not be read")
    answer = page.get_by_role("region", name="Answer")
    for path, words in ((text, "text"), (cut, r"\w+"), (empty, "empty|0 bytes")):
        thumb = page.get_by_role("option").filter(has_text=path.name)
        assert thumb.get_attribute("data-status") == "failed"
        assert len(thumb.locator(".thumb-words").inner_text()) > 8
        thumb.click()
        expect(answer).to_contain_text(re.compile(words))
        expect(answer.get_by_role("button", name="Try again")).to_be_visible()
    page.get_by_role("option").filter(has_text=smears[2].name).click()
    settle(page)
    expect(answer.get_by_role("heading", level=2)).not_to_be_empty()


def test_a_file_over_the_limit_is_told_without_sending_it(page: Page, tmp_path: Path) -> None:
    path = tmp_path / "huge.bmp"
    Image.new("RGB", (3600, 2600), "white").save(path)
    assert path.stat().st_size > 25 * 2**20
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    choose(page, path)
    expect(page.get_by_role("region", name="Answer")).to_contain_text("takes up to 25 MB")
    assert not [url for url in asked if url.endswith("/classify")]


def test_a_lost_server_is_told_and_can_be_tried_again(page: Page, smears: list[Path]) -> None:
    intercept(page, "**/api/v1/classify", lambda route: route.abort("connectionrefused"))
    choose(page, smears[0])
    answer = page.get_by_role("region", name="Answer")
    expect(answer).to_contain_text("The server cannot be reached")
    page.unroute("**/api/v1/classify")
    answer.get_by_role("button", name="Try again").click()
    settle(page)
    expect(answer.get_by_role("button", name="Try again")).to_be_hidden()


def test_a_server_error_without_words_still_gets_some(page: Page, smears: list[Path]) -> None:
    intercept(
        page, "**/api/v1/classify", lambda route: route.fulfill(status=502, body="<h1>Bad</h1>")
    )
    choose(page, smears[0])
    expect(page.get_by_role("region", name="Answer")).to_contain_text("The server answered 502")


def test_adding_later_and_clearing(page: Page, smears: list[Path]) -> None:
    choose(page, smears[0])
    settle(page)
    choose(page, smears[1])
    expect(page.get_by_role("option")).to_have_count(2)
    assert page.get_by_role("option").first.get_attribute("aria-selected") == "true"
    page.get_by_role("button", name="Clear", exact=True).click()
    choose_button = page.get_by_role("button", name="Choose images")
    expect(choose_button).to_be_focused()
