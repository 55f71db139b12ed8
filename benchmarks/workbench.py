"""The workbench's gallery with 1,000 cells: frames while it scrolls, and how soon a key shows.

A real store, the shipped model, Chromium without a graphics card. Frames are timed from one
animation frame to the next while the gallery scrolls without a pause, and on an empty page of the
same browser, which is the least that this machine can do; rounds alternate, and each forms its own
ratio. A key's time is from its event to the end of the frame that shows the decision.

    python benchmarks/workbench.py --rounds 5
"""

from __future__ import annotations

import argparse
import logging
import shutil
import tempfile
import threading
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, sync_playwright
from waitress.server import create_server

from hemavision import Model, open_model
from hemavision.casework.reading import Eyes, read_image
from hemavision.samples import SAMPLE_NAMES, sample_png
from hemavision.store import Store, open_store
from hemavision.store.cases import create_case
from hemavision.store.images import add_image
from hemavision.store.records import ImageKind
from hemavision.web import create_app

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
CELLS = 1000
SCROLL_PX = 50

FRAMES = """async ([count, step]) => {
    const gallery = document.querySelector(".gallery-scroll");
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
    const times = [];
    let last = await frame();
    for (let turn = 0; turn < count; turn += 1) {
        if (gallery) {
            const end = gallery.scrollTop + gallery.clientHeight >= gallery.scrollHeight - step;
            gallery.scrollTop = end ? 0 : gallery.scrollTop + step;
        }
        const now = await frame();
        times.push(now - last);
        last = now;
    }
    return times;
}"""
KEYS = """async (count) => {
    const progress = document.querySelector("[data-role=progress-words]");
    const rest = () => new Promise((resolve) => setTimeout(resolve, 150));
    const times = [];
    for (let turn = 0; turn < count; turn += 1) {
        const [before, started] = [progress.textContent, performance.now()];
        document.activeElement.dispatchEvent(
            new KeyboardEvent("keydown", { key: String(1 + turn % 8), bubbles: true }));
        await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
        if (progress.textContent === before) throw new Error("nothing changed");
        times.push(performance.now() - started);
        await rest();
    }
    return times;
}"""


def fill(store: Store, model: Model) -> int:
    """Make a case of 1,000 single cells, drawn ones; return its number."""
    case = create_case(store, "A thousand", "synthetic", "local")
    drawn = [sample_png(name) for name in SAMPLE_NAMES]
    for index in range(CELLS):
        # Bytes after the end of a PNG change its digest and not its picture.
        content = drawn[index % len(drawn)] + str(index).encode()
        image = read_image(Eyes(model), f"{index}.png", content, ImageKind.CELL)
        add_image(store, case.id, image, "local")
    return case.id


def measure(page: Page, empty: Page, rounds: int) -> dict[str, list[np.ndarray]]:
    """Return milliseconds by what was timed, an array a round."""
    found: dict[str, list[np.ndarray]] = {"empty": [], "scrolling": [], "keys": []}
    for _ in range(rounds):
        empty.bring_to_front()
        found["empty"].append(np.array(empty.evaluate(FRAMES, [200, SCROLL_PX])))
        page.bring_to_front()
        found["scrolling"].append(np.array(page.evaluate(FRAMES, [200, SCROLL_PX])))
        page.locator(".cell").first.focus()
        found["keys"].append(np.array(page.evaluate(KEYS, 16)))
    return found


def main() -> None:
    """Print a line for each: medians and 95th percentiles, and the ratio to an empty page."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    logging.getLogger("waitress").setLevel(logging.CRITICAL)
    model = open_model()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        store = open_store(Path(folder) / "store.sqlite")
        case = fill(store, model)
        server = create_server(create_app(model, store=store), host="127.0.0.1", port=0)
        threading.Thread(target=server.run, daemon=True).start()
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=ARGUMENTS
        )
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        empty, page = context.new_page(), context.new_page()
        page.goto(f"http://127.0.0.1:{server.effective_port}/cases/{case}")
        page.wait_for_selector("body[data-phase=ready]")
        found = measure(page, empty, rounds)
        browser.close()
        server.close()
        store.close()
    for name, words in (("empty", "empty page"), ("scrolling", "1,000 cells")):
        times = np.concatenate(found[name])
        late = np.mean(times > 25) * 100  # a frame that came a whole one late
        print(
            f"{words:<14} {np.median(times):5.1f} ms a frame, 95% under "
            f"{np.quantile(times, 0.95):5.1f} ms, {1000 / times.mean():5.1f} frames/s, "
            f"{late:4.1f}% late"
        )
    pairs = zip(found["scrolling"], found["empty"], strict=True)
    ratios = sorted(float(ours.mean() / least.mean()) for ours, least in pairs)
    print(f"scrolling / empty page {np.median(ratios):.2f} [{ratios[0]:.2f}, {ratios[-1]:.2f}]")
    keys = np.concatenate(found["keys"])
    print(
        f"a key shows after {np.median(keys):.1f} ms, 95% under {np.quantile(keys, 0.95):.1f} ms "
        f"(must: 50 ms)"
    )


if __name__ == "__main__":
    main()
