"""Take README's picture of the page: a synthetic sample, read by the shipped model.

    python scripts/screenshot.py [SAMPLE] [FILE]

SAMPLE is one of hemavision.samples.SAMPLE_NAMES, FILE is docs/screenshot.png by default.
"""

from __future__ import annotations

import io
import shutil
import sys
import threading
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright
from waitress.server import create_server

from hemavision.samples import SAMPLE_NAMES
from hemavision.web import create_app

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
WIDTH_PX = 1120
DESTINATION = Path(__file__).parents[1] / "docs" / "screenshot.png"


def photograph(url: str, sample: str) -> bytes:
    """Return the whole page, 1440 pixels wide, with the sample's answer, as a PNG file."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=ARGUMENTS
        )
        page = browser.new_page(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
        page.goto(url)
        page.locator(f"[data-name='{sample}.png']").click()
        page.wait_for_selector(".viewer[data-map=true][data-settled=true]")
        page.wait_for_timeout(600)  # the legend fades in
        picture = page.screenshot(full_page=True)
        browser.close()
    return picture


def main() -> None:
    """Serve the app, photograph it, and write the picture small enough for a repository."""
    sample = sys.argv[1] if len(sys.argv) > 1 else SAMPLE_NAMES[-1]
    destination = Path(sys.argv[2]) if len(sys.argv) > 2 else DESTINATION
    server = create_server(create_app(), host="127.0.0.1", port=0)
    threading.Thread(target=server.run, daemon=True).start()
    picture = photograph(f"http://127.0.0.1:{server.effective_port}/", sample)
    server.close()
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    height = round(image.height * WIDTH_PX / image.width)
    image = image.resize((WIDTH_PX, height), Image.Resampling.LANCZOS)
    # The steps of 8-bit colour's lowest bit are noise to the eye and half of the file.
    image.point(lambda value: min(255, (value + 2) & ~3)).save(destination, optimize=True)
    print(f"{destination}: {destination.stat().st_size // 1000} kB")


if __name__ == "__main__":
    main()
