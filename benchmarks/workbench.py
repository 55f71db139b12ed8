"""The workbench with 1,000 cells: what its server takes, and what its gallery does in a browser.

The server: a case of 1,000 cells in drawn fields, 8,000 decisions in its log, a reader who has
logged in. Timed are one cell's decision and the gallery's first 100 thumbnails, one after another,
from the request to the whole answer, within one process; and how long the processor worked on it,
which other work on the machine disturbs less.

The browser: 1,000 single cells, a real store, the shipped model, Chromium without a graphics card.
Frames are timed from one animation frame to the next while the gallery scrolls without a pause, and
on an empty page of the same browser, which is the least that this machine can do; rounds alternate,
and each forms its own ratio. A key's time is from its event to the end of the frame that shows the
decision.

    python benchmarks/workbench.py --rounds 5
"""

from __future__ import annotations

import argparse
import io
import logging
import math
import os
import shutil
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from flask.testing import FlaskClient
from PIL import Image
from playwright.sync_api import Page, sync_playwright
from waitress.server import create_server

from hemavision import Model, open_model
from hemavision.casework.recognition import Networks, digest, read_image
from hemavision.reading.finding.detector import open_detector
from hemavision.records.cells import EIGHT_TYPES
from hemavision.store import Store, open_store, records
from hemavision.store.cases import create_case
from hemavision.store.cells import Filter, decide, list_cells
from hemavision.store.images import add_image
from hemavision.store.readers import Role, add_reader
from hemavision.store.records import Change, ImageKind
from hemavision.web import create_app
from hemavision.web.pages import CELL_SAMPLES, SMEAR, sample_png

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
CELLS, DECISIONS = 1000, 8000
#: Decisions that are timed in a round.
DECIDED = 20
READER, PASSWORD = "ann", "correct horse battery"
#: Of a page of the gallery.
THUMBNAILS = 100
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


def fill_fields(store: Store, model: Model) -> int:
    """Make a case of 1,000 cells in fields, decided on eight times over; return its number."""
    case = create_case(store, "A thousand in fields", "synthetic", READER)
    buffer = io.BytesIO()
    Image.open(io.BytesIO(sample_png(SMEAR))).save(buffer, "JPEG", quality=90)
    networks = Networks(model, open_detector())
    field = read_image(networks, "field.jpg", buffer.getvalue(), ImageKind.FIELD)
    for index in range(math.ceil(CELLS / len(field.cells))):
        # Bytes after the end of a JPEG change its digest and not its picture.
        content = field.content + str(index).encode()
        own = replace(field, name=f"{index}.jpg", content=content, sha256=digest(content))
        add_image(store, case.id, own, READER)
    for turn in range(DECISIONS // CELLS):
        cells, _ = list_cells(store, case.id, Filter(), records.Page(CELLS))
        kind = EIGHT_TYPES[turn % len(EIGHT_TYPES)]
        decide(store, case.id, [Change(c.id, c.revision, kind) for c in cells], READER)
    return case.id


def time_server(store: Store, model: Model, rounds: int) -> tuple[np.ndarray, np.ndarray]:
    """Return milliseconds of single decisions, and of 100 thumbnails one after another.

    Each is timed twice, N×2: on the clock, and of the processor.
    """
    add_reader(store, READER, Role.ADMIN, PASSWORD, READER)
    case = f"/api/v1/cases/{fill_fields(store, model)}"
    client = create_app(model, store=store).test_client()
    login = client.post("/api/v1/session", json={"name": READER, "password": PASSWORD}).json
    decisions, pages = [], []
    for _ in range(rounds + 1):
        cells = client.get(f"{case}/cells?limit={THUMBNAILS}").json["cells"]
        addresses = [f"{case}/cells/{cell['id']}/thumbnail" for cell in cells]
        pages.append(np.sum([timed(client, "GET", address) for address in addresses], axis=0))
        for cell in cells[:DECIDED]:
            other = EIGHT_TYPES[EIGHT_TYPES.index(cell["decided_type"]) - 1]
            change = {"id": cell["id"], "revision": cell["revision"], "cell_type": other}
            decisions.append(
                timed(
                    client,
                    "PATCH",
                    f"{case}/cells",
                    json={"changes": [change]},
                    headers={"X-CSRF-Token": login["csrf"]},
                )
            )
    return np.array(decisions[DECIDED:]), np.array(pages[1:])  # the first round warms up


def timed(client: FlaskClient, method: str, address: str, **request: object) -> tuple[float, float]:
    """Return a request's milliseconds until its answer is there: on the clock, the processor's."""
    started, worked = time.perf_counter(), time.process_time()
    answer = client.open(address, method=method, **request)
    answer.get_data()
    taken = time.perf_counter() - started, time.process_time() - worked
    if answer.status_code != 200:
        raise RuntimeError(f"{method} {address}: {answer.status}")
    return taken[0] * 1000, taken[1] * 1000


def fill(store: Store, model: Model) -> int:
    """Make a case of 1,000 single cells, drawn ones; return its number."""
    case = create_case(store, "A thousand", "synthetic", "local")
    drawn = [sample_png(name) for name in CELL_SAMPLES]
    for index in range(CELLS):
        # Bytes after the end of a PNG change its digest and not its picture.
        content = drawn[index % len(drawn)] + str(index).encode()
        image = read_image(Networks(model), f"{index}.png", content, ImageKind.CELL)
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
    parser.add_argument("--part", choices=("server", "browser"), help="both if it is left out")
    options = parser.parse_args()
    logging.getLogger("waitress").setLevel(logging.CRITICAL)
    model = open_model()
    print(f"cores {os.cpu_count()}, load {os.getloadavg()[0]:.1f}")
    for part, show in (("server", show_server), ("browser", show_browser)):
        if options.part in (None, part):
            with tempfile.TemporaryDirectory() as folder:
                store = open_store(Path(folder) / "store.sqlite")
                show(store, model, options.rounds)
                store.close()


def show_server(store: Store, model: Model, rounds: int) -> None:
    """Print what a decision and a page of thumbnails take."""
    times = zip(("a decision", f"{THUMBNAILS} thumbnails"), (10, 300), strict=True)
    for (words, must), found in zip(times, time_server(store, model, rounds), strict=True):
        taken, worked = found.T
        print(
            f"{words:<14} {np.median(taken):5.1f} ms, 95% under {np.quantile(taken, 0.95):5.1f} ms "
            f"(must: {must} ms); {np.median(worked):.1f} ms of the processor"
        )


def show_browser(store: Store, model: Model, rounds: int) -> None:
    """Print what frames and keys take, and the ratio to an empty page."""
    with sync_playwright() as playwright:
        case = fill(store, model)
        server = create_server(create_app(model, store=store), host="127.0.0.1", port=0)
        threading.Thread(target=server.run, daemon=True).start()
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium") or shutil.which("chromium-headless-shell"),
            args=ARGUMENTS,
        )
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        empty, page = context.new_page(), context.new_page()
        page.goto(f"http://127.0.0.1:{server.effective_port}/cases/{case}")
        page.wait_for_selector("body[data-phase=ready]")
        found = measure(page, empty, rounds)
        browser.close()
        server.close()
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
