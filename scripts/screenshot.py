"""Take the documents' pictures of the pages: synthetic samples, read by the shipped models.

    python scripts/screenshot.py cell [FILE]
    python scripts/screenshot.py smear [FILE]
    python scripts/screenshot.py workbench [FILE]
    python scripts/screenshot.py workbench-narrow [FILE]

FILE is docs/screenshot.png, docs/screenshot-smear.png, docs/workbench.png and
docs/workbench-narrow.png by default.
"""

from __future__ import annotations

import io
import math
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import FilePayload, Page, sync_playwright
from waitress.server import create_server

from hemavision.samples import LOOKS, PREFIX, SAMPLE_NAMES, draw_look
from hemavision.store import open_store
from hemavision.web import create_app

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
WIDTH_PX = 1120
DOCS = Path(__file__).parents[1] / "docs"
#: Drawn cells of a case, by type, and the side of the picture around each.
DRAWN = {"neutrophil": 26, "lymphocyte": 14, "monocyte": 5, "eosinophil": 3}
CROP_PX = 400
SEED = 7
FADE_MS = 600  # legends and boxes fade in


def show_cell(page: Page, url: str) -> bytes:
    """Return the whole Cell page with a sample's answer, as a PNG file."""
    page.goto(url)
    page.locator(f"[data-name='{SAMPLE_NAMES[-1]}.png']").click()
    page.wait_for_selector(".viewer[data-map=true][data-settled=true]")
    page.wait_for_timeout(FADE_MS)
    return page.screenshot(full_page=True)


def show_smear(page: Page, url: str) -> bytes:
    """Return the Smear page with the synthetic field and a cell's card, as a PNG file."""
    page.set_viewport_size({"width": 1440, "height": 1080})
    page.goto(f"{url}/smear")
    page.locator(".sample").click()
    page.wait_for_selector(".field-viewer[data-boxes=true][data-settled=true]")
    page.locator(".field-viewer").focus()
    page.keyboard.press("n")
    page.wait_for_timeout(FADE_MS)
    return page.screenshot()


def show_workbench(page: Page, url: str) -> bytes:
    """Return a case under review with a cell looked at closely, as a PNG file."""
    open_case(page, url)
    for key in ("5", *["Enter"] * 9, "ArrowDown", "i"):
        page.keyboard.press(key)
    page.wait_for_timeout(4 * FADE_MS)  # the heatmap and the reasons come from the server
    return page.screenshot()


def show_workbench_narrow(page: Page, url: str) -> bytes:
    """Return the same on a telephone's screen."""
    page.set_viewport_size({"width": 390, "height": 844})
    open_case(page, url)
    for key in ("5", *["Enter"] * 4):
        page.keyboard.press(key)
    page.wait_for_timeout(2 * FADE_MS)
    return page.screenshot()


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


PICTURES: dict[str, tuple[Callable[[Page, str], bytes], Path]] = {
    "cell": (show_cell, DOCS / "screenshot.png"),
    "smear": (show_smear, DOCS / "screenshot-smear.png"),
    "workbench": (show_workbench, DOCS / "workbench.png"),
    "workbench-narrow": (show_workbench_narrow, DOCS / "workbench-narrow.png"),
}


def photograph(show: Callable[[Page, str], bytes], url: str) -> Image.Image:
    """Return the picture of a page, 1440 pixels wide."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=ARGUMENTS
        )
        page = browser.new_page(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
        picture = show(page, url)
        browser.close()
    return Image.open(io.BytesIO(picture)).convert("RGB")


def main() -> None:
    """Serve the app, photograph it, and write the picture small enough for a repository."""
    if len(sys.argv) < 2 or sys.argv[1] not in PICTURES:
        sys.exit(f"Name a page: {', '.join(PICTURES)}.")
    show, destination = PICTURES[sys.argv[1]]
    if len(sys.argv) > 2:
        destination = Path(sys.argv[2])
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(Path(folder) / "store.sqlite")
        server = create_server(create_app(store=store), host="127.0.0.1", port=0)
        threading.Thread(target=server.run, daemon=True).start()
        image = photograph(show, f"http://127.0.0.1:{server.effective_port}")
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
