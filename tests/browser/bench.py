"""A workbench to test: a server with a store of its own, and cases that take no time to make."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from fakes import FakeEngine
from fixtures_slide import Slide
from PIL import Image, ImageDraw
from playwright.sync_api import Browser, BrowserContext, Page, expect

from hemavision import Model
from hemavision.casework.recognition import Networks, digest, read_image
from hemavision.reading.where import moved
from hemavision.records.cells import EIGHT_TYPES
from hemavision.records.classes import ClassList
from hemavision.records.results import ModelReference
from hemavision.store import Store, open_store
from hemavision.store.cases import create_case
from hemavision.store.images import add_image
from hemavision.store.records import ImageKind, NewCell, NewImage
from hemavision.web import create_app

from .pages import PATIENCE_MS, WINDOW
from .serving import listening
from .stage import put_in

SIDE_PX = 96
COLUMNS, ROWS = 5, 4
FAKE = ModelReference("fake", "0" * 64)


@dataclass
class Bench:
    """A server and the store behind it."""

    url: str
    store: Store

    def case(
        self,
        cells: int,
        name: str = "A case",
        novelty: float = 0.5,
        model: ModelReference = FAKE,
        classes: ClassList | None = None,
    ) -> int:
        """Make a case of drawn cells of all types, an image each; return its number."""
        case = create_case(self.store, name, "S-1", "ann", classes)
        for index in range(cells):
            image = read_image(_eyes(novelty, model), f"cell-{index}.png", drawn(index))
            assert add_image(self.store, case.id, image, "ann")
        return case.id

    def fields(self, fields: int, name: str = "Fields") -> int:
        """Make a case of drawn fields with twenty cells each; return its number."""
        case = create_case(self.store, name, "S-1", "ann")
        for index in range(fields):
            assert add_image(self.store, case.id, drawn_field(index), "ann")
        return case.id


def _eyes(novelty: float = 0.5, model: ModelReference = FAKE) -> Networks:
    return Networks(Model(FakeEngine(EIGHT_TYPES, novelty=novelty), model))


def drawn_field(number: int) -> NewImage:
    """Return a field of drawn cells as a case keeps it; the same cells lie in all of them."""
    field = _field()
    content = field.content + str(number).encode()
    return replace(field, name=f"field-{number}.png", content=content, sha256=digest(content))


@cache
def _field() -> NewImage:
    field = Image.new("RGB", (COLUMNS * SIDE_PX, ROWS * SIDE_PX))
    cells = []
    for index in range(COLUMNS * ROWS):
        left, top = index % COLUMNS * SIDE_PX, index // COLUMNS * SIDE_PX
        content = drawn(index)
        field.paste(Image.open(io.BytesIO(content)), (left, top))
        (cell,) = read_image(_eyes(), "cell.png", content).cells
        box = moved(cell.box, left, top)
        prediction = replace(cell.prediction, box=moved(cell.prediction.box, left, top))
        cells.append(NewCell(box, prediction, content))
    buffer = io.BytesIO()
    field.save(buffer, "PNG")
    content = buffer.getvalue()
    return NewImage(
        name="field.png",
        content=content,
        sha256=digest(content),
        kind=ImageKind.FIELD,
        width=field.width,
        height=field.height,
        notes=(),
        cells=tuple(cells),
        others=(),
        model=FAKE,
    )


def drawn(index: int) -> bytes:
    """Return a drawn cell as a PNG file; its brightness decides what the fake engine calls it."""
    shade = 16 + 32 * (index % len(EIGHT_TYPES))
    image = Image.new("RGB", (SIDE_PX, SIDE_PX), (shade, shade, shade))
    place = 24 + index % 7, 22 + index % 11
    box = (*place, place[0] + 44, place[1] + 44)
    ImageDraw.Draw(image).ellipse(box, fill=(shade, max(0, shade - 14), min(255, shade + 14)))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return (
        buffer.getvalue() + str(index).encode()
    )  # after its end: another digest, no other picture


@contextmanager
def serving(model: Model, folder: Path) -> Iterator[Bench]:
    """Serve a new store."""
    store = open_store(folder / "store.sqlite")
    app = create_app(model, store=store)
    with listening(app, threads=8) as url:
        yield Bench(url, store)
    store.close()


@contextmanager
def windows(
    browser: Browser, bench: Bench, camera_over: Slide | None = None
) -> Iterator[Callable[..., Page]]:
    """Give a function that opens a page of the workbench in a context of its own."""
    contexts: list[BrowserContext] = []

    def open_(path: str, **options: object) -> Page:
        context = browser.new_context(**(WINDOW | {"base_url": bench.url} | options))
        contexts.append(context)
        if camera_over is not None:
            put_in(context, camera_over)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.goto(path)
        return page

    yield open_
    for context in contexts:
        context.close()


def opened(page: Page) -> Page:
    """Wait until a case is there and its differential is counted."""
    expect(page.locator("body[data-phase=ready]")).to_be_visible()
    expect(page.locator("[data-role=total]")).not_to_have_text("–")
    return page


def saved(page: Page) -> None:
    """Wait until the server has everything."""
    expect(page.locator("[data-role=saved]")).to_have_text("Saved")


def decided(page: Page) -> int:
    """Return how many cells the page says are decided."""
    return int(
        page.locator("[data-role=progress-words]").inner_text().split(" ")[0].replace(",", "")
    )


def focused(page: Page) -> str:
    """Return what the cell with the focus is called."""
    return page.evaluate("document.activeElement.getAttribute('aria-label') ?? ''")
