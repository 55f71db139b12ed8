"""Images into a case in a real browser: folders and archives dropped, a pause, an interruption."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from .accessibility import violations
from .bench import drawn, opened
from .pages import frames, intercept, wait_until

#: More than two loads of the page's.
FILES = 20
A_LOAD = 8


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A slide's folder: images in it and in a folder inside, notes, and a file that is no image."""
    folder = tmp_path / "Slide 17"
    (folder / "more").mkdir(parents=True)
    for index in range(FILES):
        place = folder if index % 2 else folder / "more"
        (place / f"cell-{index}.png").write_bytes(drawn(index))
    (folder / "broken.jpg").write_text("no picture")
    (folder / "notes.txt").write_text("for nobody")
    return folder


def drop(page: Page, path: Path) -> None:
    """Drop a file or a folder of this machine onto the page, as its desktop would."""
    session = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(path)], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        session.send("Input.dispatchDragEvent", {"type": kind, "x": 400, "y": 300, "data": data})


class Gate:
    """Holds each upload until it is let through, and counts the files in them."""

    def __init__(self, page: Page) -> None:
        self.held: list[Route] = []
        self.files: list[int] = []
        intercept(page, "**/api/v1/cases/*/images", self._take)
        self.page = page

    def _take(self, route: Route) -> None:
        if route.request.method != "POST":
            route.continue_()
            return
        self.files.append((route.request.post_data_buffer or b"").count(b'name="images"'))
        self.held.append(route)

    def let_through(self) -> None:
        """Wait for an upload, and let it go on to the server."""
        wait_until(self.page, lambda: bool(self.held))
        self.held.pop(0).continue_()


def words(page: Page) -> str:
    return page.locator("[data-role=import-words]").inner_text()


def create(page: Page) -> None:
    page.get_by_role("button", name="Create and bring them in").click()


def done(page: Page) -> None:
    expect(page.locator("[data-role=importer-title]")).to_have_text("Images brought in")


def let_all_through(page: Page, gate: Gate) -> None:
    title = page.locator("[data-role=importer-title]")

    def brought_in() -> bool:
        if gate.held:
            gate.let_through()
        return title.inner_text() == "Images brought in"

    wait_until(page, brought_in)


def test_a_dropped_folder(go: Callable[..., Page], folder: Path) -> None:
    page = go("/cases")
    drop(page, folder)
    expect(page.locator("[data-role=chosen]")).to_contain_text(f"{FILES + 1} files")
    create(page)
    done(page)
    assert f"{FILES} images added, {FILES} cells · 1 could not be read" in words(page)
    expect(page.locator("[data-role=import-list]")).to_contain_text("broken.jpg")


def test_a_chosen_folder_names_the_case(go: Callable[..., Page], folder: Path) -> None:
    page = go("/cases")
    page.locator("#folder-picker").set_input_files(folder)
    create(page)
    done(page)
    expect(page.get_by_role("link", name="Slide 17").first).to_be_visible()
    assert f"{FILES} images added" in words(page)


def test_a_dropped_archive(go: Callable[..., Page], folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "slide.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*.png")):
            archive.write(file, file.relative_to(folder))
    page = go("/cases")
    drop(page, path)
    expect(page.locator("[data-role=chosen]")).to_contain_text("1 file")
    create(page)
    done(page)
    assert f"{FILES} images added" in words(page)
    expect(page.get_by_role("link", name="slide", exact=True).first).to_be_visible()


def test_a_file_that_is_too_large_fails_alone(go: Callable[..., Page], folder: Path) -> None:
    with (folder / "huge.tif").open("wb") as file:
        file.truncate(40 * 2**20)
    page = go("/cases")
    gate = Gate(page)
    page.locator("#folder-picker").set_input_files(folder)
    create(page)
    let_all_through(page, gate)
    assert f"{FILES} images added, {FILES} cells · 2 could not be read" in words(page)
    assert sum(gate.files) == FILES + 1, "it was not even sent"
    page.locator("[data-role=import-details] summary").click()
    expect(page.locator("[data-role=import-list]")).to_contain_text(
        "huge.tif: larger than the 25 MiB"
    )
    assert violations(page) == []


def test_a_pause_stops_after_the_load_on_its_way(go: Callable[..., Page], folder: Path) -> None:
    page = go("/cases")
    gate = Gate(page)
    page.locator("#folder-picker").set_input_files(folder)
    create(page)
    gate.let_through()
    expect(page.locator("[data-role=import-words]")).to_contain_text(f"{A_LOAD} of")
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("[data-role=importer-title]")).to_have_text("Paused")
    expect(page.get_by_role("button", name="Go on")).to_be_focused()
    gate.let_through()
    expect(page.locator("[data-role=import-words]")).to_contain_text(f"{2 * A_LOAD} of")
    frames(page)
    assert gate.files == [A_LOAD, A_LOAD]
    page.get_by_role("button", name="Go on").click()
    gate.let_through()
    done(page)
    assert sum(gate.files) == FILES + 1
    assert f"{FILES} images added" in words(page)


def test_what_was_cut_off_goes_on_without_sending_it_again(
    go: Callable[..., Page], folder: Path
) -> None:
    page = go("/cases")
    gate = Gate(page)
    page.once("dialog", lambda dialog: dialog.accept())
    page.locator("#folder-picker").set_input_files(folder)
    page.get_by_label("Name").fill("Cut off")
    create(page)
    gate.let_through()
    expect(page.locator("[data-role=import-words]")).to_contain_text(f"{A_LOAD} of")
    page.reload()
    page.get_by_role("link", name="Cut off").first.click()
    opened(page)
    there = page.locator(".cell").count()
    assert 0 < there <= A_LOAD
    sent = Gate(page)
    page.locator("#folder-picker").set_input_files(folder)
    let_all_through(page, sent)
    assert sum(sent.files) == FILES + 1 - there
    assert f"{FILES - there} images added" in words(page)
    assert f"{there} already here" in words(page)
    expect(page.locator(".cell")).to_have_count(FILES)
