"""Take the documents' pictures of the pages: synthetic samples, read by the shipped models.

    python scripts/screenshot.py cell [FILE]
    python scripts/screenshot.py smear [FILE]
    python scripts/screenshot.py workbench [FILE]
    python scripts/screenshot.py workbench-narrow [FILE]
    python scripts/screenshot.py agreement [FILE]
    python scripts/screenshot.py all

FILE is docs/screenshot.png, docs/screenshot-smear.png, docs/workbench.png,
docs/workbench-narrow.png and docs/agreement.png by default.
"""

from __future__ import annotations

import io
import math
import random
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import numpy as np
from drawings.cells import LOOKS, SAMPLE_NAMES, draw_look
from PIL import Image
from playwright.sync_api import FilePayload, Page, sync_playwright
from waitress.server import create_server

from hemavision import open_model
from hemavision.casework.recognition import Networks, read_image
from hemavision.store import Store, database, open_store
from hemavision.store.cases import create_case
from hemavision.store.cells import Filter, decide, list_cells
from hemavision.store.images import add_image
from hemavision.store.records import Change
from hemavision.store.records import Page as Rows
from hemavision.store.second_readings import ReadState, close_read, decide_blind, open_read
from hemavision.web import create_app
from hemavision.web.pages import PREFIX

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
WIDTH_PX = 1120
DOCS = Path(__file__).parents[1] / "docs"
#: Drawn cells of a case, by type, and the side of the picture around each.
DRAWN = {"neutrophil": 26, "lymphocyte": 14, "monocyte": 5, "eosinophil": 3}
CROP_PX = 400
#: Months of simulated reading: the model at work, and the share of its suggestions that is kept.
MONTHS = {
    "2026-04": ("unseen-cells", 0.8), "2026-05": ("unseen-cells", 0.84),
    "2026-06": ("unseen-cells", 0.82), "2026-08": ("unseen-cells", 0.86),
    "2026-09": ("eight-types", 0.93), "2026-10": ("eight-types", 0.95),
    "2026-11": ("eight-types", 0.94),
}  # fmt: skip
#: What a cell of a type is most easily taken for.
LIKE = {"eosinophil": "neutrophil", "neutrophil": "eosinophil", "monocyte": "reactive_lymphocyte",
        "lymphocyte": "reactive_lymphocyte", "immature_granulocyte": "neutrophil"}  # fmt: skip
SEED = 7
FADE_MS = 600  # legends and boxes fade in


def show_cell(page: Page, url: str, _: Store) -> bytes:
    """Return the whole Cell page with a sample's answer, as a PNG file."""
    page.goto(url)
    page.locator(f"[data-name='{SAMPLE_NAMES[-1]}.png']").click()
    page.wait_for_selector(".viewer[data-map=true][data-settled=true]")
    page.wait_for_timeout(FADE_MS)
    return page.screenshot(full_page=True)


def show_smear(page: Page, url: str, _: Store) -> bytes:
    """Return the Smear page with the synthetic field and a cell's card, as a PNG file."""
    page.set_viewport_size({"width": 1440, "height": 1080})
    page.goto(f"{url}/smear")
    page.locator(".sample").click()
    page.wait_for_selector(".field-viewer[data-boxes=true][data-settled=true]")
    page.locator(".field-viewer").focus()
    page.keyboard.press("n")
    page.wait_for_timeout(FADE_MS)
    return page.screenshot()


def show_workbench(page: Page, url: str, _: Store) -> bytes:
    """Return a case under review with a cell looked at closely, as a PNG file."""
    open_case(page, url)
    for key in ("5", *["Enter"] * 9, "ArrowDown", "i"):
        page.keyboard.press(key)
    page.wait_for_timeout(4 * FADE_MS)  # the heatmap and the reasons come from the server
    return page.screenshot()


def show_workbench_narrow(page: Page, url: str, _: Store) -> bytes:
    """Return the same on a telephone's screen."""
    page.set_viewport_size({"width": 390, "height": 844})
    open_case(page, url)
    for key in ("5", *["Enter"] * 4):
        page.keyboard.press(key)
    page.wait_for_timeout(2 * FADE_MS)
    return page.screenshot()


def show_agreement(page: Page, url: str, store: Store) -> bytes:
    """Return the page of the model against its readers, with two models' months on it."""
    review_months(store)
    page.goto(f"{url}/agreement")
    page.wait_for_selector("body[data-phase=ready]")
    page.locator("[data-part=slides-type]").select_option("lymphocyte")
    page.locator(".plot svg").wait_for()
    page.wait_for_timeout(FADE_MS)
    return page.screenshot(full_page=True)


def open_case(page: Page, url: str) -> None:
    """Bring drawn cells into a new case and open it."""
    page.goto(f"{url}/cases")
    page.locator("#picker").set_input_files(draw_cells())
    page.get_by_label("Name").fill("A drawn slide")
    page.get_by_label("Slide").fill("synthetic")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Open the case").click(timeout=120_000)
    page.wait_for_selector("body[data-phase=ready]")
    page.wait_for_timeout(4 * FADE_MS)
    page.locator(".cell").first.focus()
    page.wait_for_timeout(FADE_MS)


def review_months(store: Store) -> None:
    """Review drawn cells as a case a month; readers are simulated, by chance and the seed.

    The store is told each month's date in place of today's.
    """
    rng = random.Random(SEED)
    files = draw_cells()
    for month, (model, kept) in MONTHS.items():
        networks = Networks(open_model(model))
        images = [read_image(networks, file["name"], file["buffer"]) for file in files]
        with patch.object(database, "now", lambda at=month: f"{at}-15T12:00:00.000000+00:00"):
            case = create_case(store, f"Drawn slide {month}", "synthetic", "ann").id
            for image in images:
                add_image(store, case, image, "ann")
            cells, _ = list_cells(store, case, Filter(), Rows(1000))
            said = {cell.id: cell.suggestion.cell_type for cell in cells}
            decide(store, case, simulate(rng, said, kept), "ann")
            read = open_read(store, case, "bob").id
            decide_blind(store, read, simulate(rng, said, kept - 0.06), "bob")
            close_read(store, read, ReadState.FINISHED, "bob")


def simulate(rng: random.Random, said: dict[int, str], kept: float) -> list[Change]:
    """Return decisions that keep a share of what was said and else name a type like it."""
    return [
        Change(cell, 0, kind if rng.random() < kept else LIKE.get(kind, "unidentified"))
        for cell, kind in said.items()
    ]


def draw_cells() -> list[FilePayload]:
    """Return single cells, each drawn in its own way, in about the proportions of blood."""
    rng = np.random.default_rng(SEED)
    files: list[FilePayload] = []
    for name, count in DRAWN.items():
        for index in range(count):
            turn = rng.uniform(0, 2 * math.pi)
            cos, sin = math.cos(turn), math.sin(turn)
            look = LOOKS[name]
            lobes = tuple((x * cos - y * sin, x * sin + y * cos, size) for x, y, size in look.lobes)
            seed, radius = int(rng.integers(2**31)), look.radius * rng.uniform(0.9, 1.08)
            rgb = draw_look(replace(look, seed=seed, radius=radius, lobes=lobes))
            x, y = (int(at) for at in look.centre)
            crop = rgb[y - CROP_PX // 2 : y + CROP_PX // 2, x - CROP_PX // 2 : x + CROP_PX // 2]
            buffer = io.BytesIO()
            Image.fromarray(crop).save(buffer, "PNG")
            file: FilePayload = {
                "name": f"{PREFIX}{name}-{index}.png",
                "mimeType": "image/png",
                "buffer": buffer.getvalue(),
            }
            files.append(file)
    return files


PICTURES: dict[str, tuple[Callable[[Page, str, Store], bytes], Path]] = {
    "cell": (show_cell, DOCS / "screenshot.png"),
    "smear": (show_smear, DOCS / "screenshot-smear.png"),
    "workbench": (show_workbench, DOCS / "workbench.png"),
    "workbench-narrow": (show_workbench_narrow, DOCS / "workbench-narrow.png"),
    "agreement": (show_agreement, DOCS / "agreement.png"),
}


def photograph(show: Callable[[Page], bytes]) -> Image.Image:
    """Return the picture of a page, 1440 pixels wide."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium-headless-shell") or shutil.which("chromium"),
            args=ARGUMENTS,
        )
        page = browser.new_page(
            viewport={"width": 1440, "height": 900}, reduced_motion="reduce", color_scheme="dark"
        )
        picture = show(page)
        browser.close()
    return Image.open(io.BytesIO(picture)).convert("RGB")


def main() -> None:
    """Take the named picture, or all of them."""
    if len(sys.argv) < 2 or sys.argv[1] not in (*PICTURES, "all"):
        sys.exit(f"Name a page: {', '.join(PICTURES)}; or all.")
    for show, destination in [PICTURES[n] for n in PICTURES if sys.argv[1] in (n, "all")]:
        take(show, Path(sys.argv[2]) if len(sys.argv) > 2 else destination)


def take(show: Callable[[Page, str, Store], bytes], destination: Path) -> None:
    """Serve the app, photograph it, and write the picture small enough for a repository."""
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(Path(folder) / "store.sqlite")
        server = create_server(create_app(store=store), host="127.0.0.1", port=0)
        threading.Thread(target=server.run, daemon=True).start()
        url = f"http://127.0.0.1:{server.effective_port}"
        image = photograph(lambda page: show(page, url, store))
        server.close()
        store.close()
    if image.width > WIDTH_PX:
        height = round(image.height * WIDTH_PX / image.width)
        image = image.resize((WIDTH_PX, height), Image.Resampling.LANCZOS)
    # The steps of 8-bit colour's lowest bits are noise to the eye and half of the file.
    image.point(lambda value: min(255, (value + 2) & ~3)).save(destination, optimize=True)
    print(f"{destination}: {destination.stat().st_size // 1000} kB")


if __name__ == "__main__":
    main()
