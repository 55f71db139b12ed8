"""Take the documents' pictures of the pages: synthetic samples, read by the shipped models.

    python scripts/screenshot.py cell [FILE]
    python scripts/screenshot.py smear [FILE]

FILE is docs/screenshot.png and docs/screenshot-smear.png by default.
"""

from __future__ import annotations

import io
import shutil
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright
from waitress.server import create_server

from hemavision.samples import SAMPLE_NAMES
from hemavision.web import create_app

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
WIDTH_PX = 1120
DOCS = Path(__file__).parents[1] / "docs"
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


PICTURES: dict[str, tuple[Callable[[Page, str], bytes], Path]] = {
    "cell": (show_cell, DOCS / "screenshot.png"),
    "smear": (show_smear, DOCS / "screenshot-smear.png"),
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
    server = create_server(create_app(), host="127.0.0.1", port=0)
    threading.Thread(target=server.run, daemon=True).start()
    image = photograph(show, f"http://127.0.0.1:{server.effective_port}")
    server.close()
    height = round(image.height * WIDTH_PX / image.width)
    image = image.resize((WIDTH_PX, height), Image.Resampling.LANCZOS)
    # The steps of 8-bit colour's lowest bits are noise to the eye and half of the file.
    image.point(lambda value: min(255, (value + 2) & ~3)).save(destination, optimize=True)
    print(f"{destination}: {destination.stat().st_size // 1000} kB")


if __name__ == "__main__":
    main()
