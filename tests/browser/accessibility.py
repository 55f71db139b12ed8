"""What every page must be for everyone: by axe, in width, and under a finger."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

from .pages import NARROW, WIDE, frames

#: Of what axe says, only what is wrong is gathered: the rest costs three times as much.
AXE: dict[str, Any] = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"],
    "resultTypes": ["violations"],
}
LEAST_PX = 24


def violations(page: Page, part: str | None = None, options: dict[str, Any] = AXE) -> list[str]:
    """Return what axe finds wrong with a page as it is now, or with a part of it, by its CSS."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    found: list[str] = page.evaluate(
        """async ([part, options]) => (await axe.run(part ?? document, options)).violations.flatMap(
            ({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 120)}`))""",
        [part, options],
    )
    return found


def pale(page: Page, part: str | None = None) -> list[str]:
    """Return which of its words a page shows too pale where the system's colours are light."""
    page.emulate_media(color_scheme="light")
    frames(page)
    found = violations(
        page, part, AXE | {"runOnly": {"type": "rule", "values": ["color-contrast"]}}
    )
    page.emulate_media(color_scheme="dark")
    return [f"light: {one}" for one in found]


def everywhere(page: Page, part: str | None = None, *, lit: bool = False) -> list[str]:
    """Return what axe finds wrong with a page narrow and wide; wide it is left.

    ``lit``: its colours are looked at where the system's are light, too.
    """
    found = []
    for size in (NARROW, WIDE):
        page.set_viewport_size(size)
        frames(page)
        found += violations(page, part)
    return found + (pale(page, part) if lit else [])


def overflow_px(page: Page) -> int:
    """Return by how much a page is wider than its window."""
    wider: int = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    return wider


def too_small(page: Page, css: str) -> list[str]:
    """Return what is visible of a selection, and smaller than a finger needs, with its size."""
    small: list[str] = page.evaluate(
        """([css, least]) => [...document.querySelectorAll(css)]
            .filter((e) => e.checkVisibility() && !e.matches(".skip"))
            .map((e) => [e.textContent.trim() || e.ariaLabel, e.getBoundingClientRect()])
            .filter(([, box]) => box.width < least || box.height < least)
            .map(([name, box]) => `${name} ${box.width}x${box.height}`)""",
        [css, LEAST_PX],
    )
    return small


def moving(page: Page) -> int:
    """Return how many animations run."""
    running: int = page.evaluate(
        "document.getAnimations().filter(({ playState }) => playState === 'running').length"
    )
    return running
