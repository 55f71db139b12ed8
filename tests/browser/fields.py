"""What the Smear page's tests share: real fields, the page, what the server says of a field."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import numpy as np
import requests
from PIL import Image
from playwright.sync_api import Page, expect

from .pages import frames

#: Of BCCD's test list: two white cells in each of the first two, platelets in all.
NAMES = tuple(f"BloodImage_{number:05}.jpg" for number in (31, 65, 68, 407, 296))


def field_paths(data: Path, count: int) -> list[Path]:
    """Return fields that no detector was trained on."""
    return [data / "bccd" / "JPEGImages" / name for name in NAMES[:count]]


def open_smear(page: Page) -> Page:
    """Go to the Smear page by the site's navigation."""
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Smear").click()
    expect(page.get_by_role("button", name="Choose fields")).to_be_visible()
    return page


def read(page: Page, *paths: Path) -> None:
    """Choose fields and wait until all of them are read and the first is drawn."""
    page.locator("#picker").set_input_files([str(path) for path in paths])
    words = "1 image read" if len(paths) == 1 else f"{len(paths)} of {len(paths)} read"
    expect(page.locator(".progress-words")).to_have_text(words)
    settle(page)


def settle(page: Page) -> None:
    """Wait until the field and its boxes are drawn and nothing moves."""
    page.wait_for_selector(".field-viewer[data-boxes=true][data-pictured=true][data-settled=true]")
    frames(page)


def shot(page: Page) -> np.ndarray:
    """Return what the field's canvas shows once nothing moves: H×W×3."""
    frames(page)
    address = page.locator(".field-viewer canvas").evaluate("canvas => canvas.toDataURL()")
    picture = base64.b64decode(address.partition(",")[2])
    return np.asarray(Image.open(io.BytesIO(picture)).convert("RGB")).astype(int)


def answer_of(url: str, path: Path) -> dict[str, Any]:
    """Return what the server finds in a field, without the page."""
    files = [("images", (path.name, path.read_bytes()))]
    response = requests.post(f"{url}/api/v1/smears", files=files, timeout=60)
    smear: dict[str, Any] = response.json()["results"][0]["smear"]
    return smear


def white_cells(smear: dict[str, Any]) -> list[dict[str, Any]]:
    return [cell for cell in smear["cells"] if cell["kind"] == "white_cell"]


def point_of(page: Page, smear: dict[str, Any], box: dict[str, int]) -> tuple[float, float]:
    """Return the middle of a box on the screen while the whole field is fitted."""
    stage = page.locator(".field-viewer").bounding_box()
    assert stage
    scale = min(stage["width"] / smear["width"], stage["height"] / smear["height"])
    left = stage["x"] + (stage["width"] - scale * smear["width"]) / 2
    top = stage["y"] + (stage["height"] - scale * smear["height"]) / 2
    x, y = (box["left"] + box["right"]) / 2, (box["top"] + box["bottom"]) / 2
    return left + scale * x, top + scale * y


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)
