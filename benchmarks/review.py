"""A case from its images to the signature, as a technologist reads it, in a real browser.

Starts ``hemavision serve`` with an empty store and reads, for each set below, a hundred white cells
by keyboard alone: nothing is decided that was not on the screen, what the model got wrong is put
right by the set's own label, every critical type is acknowledged, and in the end each cell has its
label. Counts the keys from the opened case to the signature, and what a cold page of the case asks
for: requests, bytes as they come over the wire (headers and compressed bodies), and seconds until
the first key acts and until all pictures in sight are there. On a busy machine the seconds are also
divided by how much slower than an ordinary one its browser was at that moment.

- ``pbc``: single cells of PBC's test part, by the shipped model, which learned from its train part.
- ``bccd``: BCCD's fields, by the shipped model, which learned from some of them.
- ``lisc`` and ``bcisc``: single cells of a laboratory that the model (``lab-out-…``) never saw.

    python benchmarks/review.py --json docs/results/review.json

Needs the image sets (HEMAVISION_DATA), playwright and Chromium, and for the last two a clone.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from hemavision.datasets.samples import Sample, read_bccd_cells, read_bcisc, read_lisc, read_pbc
from hemavision.records.results import Box
from hemavision.settings import data_folder

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
WINDOW = {"viewport": {"width": 1440, "height": 900}, "reduced_motion": "reduce"}
CELLS, SEED = 100, 7
MUST_REQUESTS, MUST_KB, MUST_READY_S = 40, 300, 1.0
PATIENCE_MS = 120_000
UNFAMILIAR = "unfamiliar"
#: What a million roots take in the browser of a machine that is not slow.
MILLION_MS = 12.0
NAMES = {"requests": "requests", "kilobytes": "kB over the wire", "cpu_ms": "ms of processor time",
         "slowness": "machine slower by",
         "pictures_s": "s until all in sight", "ready_s": "s until the first key"}  # fmt: skip
#: A cell that lies nearer to the border may be taken for one that it cuts.
BORDER_PX = 4
#: More presses than this are no reading.
MOST_ACTIONS = 400


@dataclass(frozen=True)
class Reading:
    """Whose cells are read by which model, and how many actions it may take.

    Attributes:
        name: of the set.
        model: of ``hemavision serve``.
        must: most actions; None where nothing was asked.
    """

    name: str
    model: str
    must: int | None = None

    def samples(self) -> list[Sample]:
        """Return a hundred cells by the seed: single ones, or those of whole fields."""
        root = data_folder() / self.name
        read = {"pbc": lambda: read_pbc(root, "test"), "bccd": lambda: read_bccd_cells(root),
                "lisc": lambda: read_lisc(root), "bcisc": lambda: read_bcisc(root)}  # fmt: skip
        found = read[self.name]()
        if self.name != "bccd":
            return random.Random(SEED).sample(found, CELLS)
        # What the border cuts is in no count.
        cut = {sample.path for sample in found if is_cut(sample.box)}
        fields = sorted({sample.path for sample in found} - cut)
        chosen = set(random.Random(SEED).sample(fields, CELLS))
        return [sample for sample in found if sample.path in chosen]


def is_cut(box: Box | None) -> bool:
    """Say whether the border of a BCCD field may cut a cell."""
    return box is None or min(box.left, box.top, 640 - box.right, 480 - box.bottom) < BORDER_PX


READINGS = (
    Reading("pbc", "eight-types", 20),
    Reading("bccd", "eight-types"),
    Reading("lisc", "lab-out-lisc", 60),
    Reading("bcisc", "lab-out-bcisc", 60),
)

#: What a reader sees: the ring, the keys, and each picture on the screen with what lies where.
LOOK = """() => {
    const gallery = document.querySelector(".gallery-scroll");
    const view = gallery.getBoundingClientRect();
    const tiles = [...gallery.querySelectorAll(".cell")].map((tile) => {
        const { top, bottom, left } = tile.querySelector(".cell-picture").getBoundingClientRect();
        return {
            id: Number(tile.dataset.cell), bin: tile.closest(".cell-section").dataset.drop,
            index: Number(tile.getAttribute("aria-posinset")), top, left,
            seen: tile.dataset.seen === "true", decided: tile.dataset.decided === "true",
            inSight: top >= view.top && bottom <= view.bottom, ring: tile.matches(":focus"),
        };
    });
    const buttons = [...document.querySelectorAll("[data-role=types] button[data-type]")];
    const keys = buttons.map((one) => [one.dataset.type, one.querySelector("kbd")?.textContent]);
    return { tiles, keys: Object.fromEntries(keys) };
}"""
#: What a sheet of doubtful cells shows, in its order, or the one large cell, looked at or not.
LARGE = """() => {
    const sheet = [...document.querySelectorAll("[data-role=sheet]:not([hidden]) .cell")];
    if (document.body.dataset.queue !== "true") return [];
    const places = sheet.map((tile) => ({
        id: Number(tile.dataset.cell), top: tile.getBoundingClientRect().top,
        ring: tile.dataset.ring === "true", seen: tile.dataset.seen === "true",
    }));
    const large = document.querySelector("[data-part=inspector] [data-role=picture]");
    return sheet.length ? places : [{ id: Number(large.dataset.cell), top: 0, ring: true,
        seen: large.complete && large.naturalWidth > 0 }];
}"""
#: Seconds, since the address was asked for, until the first key would act and until all pictures
#: in sight are there; and milliseconds for a million roots just then, the least of five.
READY = """async () => {
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
    while (!document.querySelector("body[data-phase=ready] .cell:focus")) await frame();
    const ready = performance.now();
    const end = document.querySelector(".gallery-scroll").getBoundingClientRect().bottom;
    const isBare = (tile) => tile.getBoundingClientRect().top < end
        && !tile.querySelector("img").naturalWidth;
    while ([...document.querySelectorAll(".cell")].some(isBare)) await frame();
    const shown = performance.now();
    const roots = [1, 2, 3, 4, 5].map(() => {
        const started = performance.now();
        let sum = 0;
        for (let root = 0; root < 1e6; root += 1) sum += Math.sqrt(root) % 7;
        return sum && performance.now() - started;
    });
    return [ready / 1000, shown / 1000, Math.min(...roots)];
}"""


@dataclass
class Load:
    """What a page of a case asked for, and after how many seconds it was there.

    Attributes:
        requests: that went over the wire.
        kilobytes: of their answers, as they came.
        ready_s: until the first key would act.
        pictures_s: until all pictures in sight are there.
        slowness: how many times slower than an ordinary machine this one was just then, at least 1.
        cpu_ms: processor time of the page's main thread: scripts, styles and layout.
    """

    requests: int
    kilobytes: float
    ready_s: float
    pictures_s: float
    slowness: float
    cpu_ms: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--loads", type=int, default=5, help="cold loads of each case's page")
    parser.add_argument("--only", choices=[reading.name for reading in READINGS])
    parser.add_argument("--json", type=Path, help="also write the record here")
    options = parser.parse_args()
    record = []
    print(f"cores {os.cpu_count()}, load {os.getloadavg()[0]:.1f}, {CELLS} cells each, seed {SEED}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium-headless-shell") or shutil.which("chromium"),
            args=ARGUMENTS,
        )
        for reading in READINGS:
            if options.only in (None, reading.name):
                with serving(reading.model) as address:
                    found = review(browser, address, reading, options.loads)
                record.append(found)
                report(found)
        browser.close()
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


@contextmanager
def serving(model: str) -> Iterator[str]:
    """Run the command with an empty store; give its address."""
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            [sys.executable, "-m", "hemavision", "serve", "--model", model],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=os.environ | {"XDG_DATA_HOME": folder},
        )
        try:
            assert process.stdout
            yield process.stdout.readline().split()[-1]
        finally:
            process.terminate()
            process.wait(timeout=30)


def review(browser: Browser, address: str, reading: Reading, loads: int) -> dict[str, Any]:
    """Bring a set's cells in, open the case, read and sign it; return the record of it."""
    samples = reading.samples()
    context = browser.new_context(**WINDOW, base_url=address)
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    started = time.perf_counter()
    case = bring_in(page, sorted({sample.path for sample in samples}))
    brought = time.perf_counter() - started
    opened = [load(browser, f"{address}{case}") for _ in range(loads)]
    labels = {sample.path.name: sample.cell_type for sample in samples}
    reader = Reader(page, truth(page, case, labels))
    started = time.perf_counter()
    page.goto(case)
    page.wait_for_selector("body[data-phase=ready]")
    reader.read()
    reader.sign()
    seconds = time.perf_counter() - started
    check(page, case, reader)
    context.close()
    facts = {"set": reading.name, "model": reading.model, "must": reading.must}
    times = {"import_s": round(brought, 1), "review_s": round(seconds, 1)}
    weights = {"cold": [asdict(cold) for cold, _ in opened], "warm": [asdict(w) for _, w in opened]}
    return facts | reader.record() | times | weights


def bring_in(page: Page, paths: list[Path]) -> str:
    """Make a case of image files, as a person does; return its page's path."""
    page.goto("/cases")
    page.locator("#picker").set_input_files([str(path) for path in paths])
    page.get_by_label("Name").fill("A hundred cells")
    page.keyboard.press("Enter")
    link = page.get_by_role("link", name="Open the case")
    link.wait_for()
    return str(link.get_attribute("href"))


def load(browser: Browser, address: str) -> tuple[Load, Load]:
    """Open a page in a browser that has nothing of it yet, and once more."""
    context = browser.new_context(**WINDOW)
    page = context.new_page()
    found = weigh(page, address), weigh(page, address)
    context.close()
    return found


def weigh(page: Page, address: str) -> Load:
    """Open a page and count what it asks of the server until all its pictures are there."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    kept: set[str] = set()
    size: dict[str, float] = {}

    def came_in(event: dict[str, Any]) -> None:
        size[event["requestId"]] = event["encodedDataLength"]  # 0 of data: and blob: addresses

    session.on("Network.requestServedFromCache", lambda event: kept.add(event["requestId"]))
    session.on("Network.loadingFinished", came_in)
    page.goto(address)
    ready, pictures, roots_ms = page.evaluate(READY)
    page.wait_for_load_state("networkidle")
    metrics = session.send("Performance.getMetrics")["metrics"]
    (busy,) = [one["value"] for one in metrics if one["name"] == "TaskDuration"]
    session.detach()
    came = [length for number, length in size.items() if length and number not in kept]
    times = round(ready, 2), round(pictures, 2), round(max(1.0, roots_ms / MILLION_MS), 1)
    return Load(len(came), round(sum(came) / 1000, 1), *times, round(1000 * busy))


def truth(page: Page, case: str, labels: dict[str, str]) -> dict[int, dict[str, str]]:
    """Return of each cell the label, and what the model says: its type and its status."""
    images = ask(page, f"{case}/images")["images"]
    names = {image["id"]: labels[image["name"]] for image in images}
    return {
        cell["id"]: {
            "label": names[cell["image_id"]],
            "suggested": cell["suggestion"]["cell_type"],
            "status": cell["suggestion"]["status"],
        }
        for cell in ask(page, f"{case}/cells?limit=1000")["cells"]
    }


def ask(page: Page, path: str) -> dict[str, Any]:
    answer: dict[str, Any] = page.request.get(f"/api/v1{path}").json()
    return answer


class Reader:
    """A technologist: looks at what shows, goes to what is wrong, and presses keys."""

    def __init__(self, page: Page, truth: dict[int, dict[str, str]]) -> None:
        self.page, self.truth = page, truth
        self.counts: Counter[str] = Counter()
        self.wrong = sum(cell["suggested"] != cell["label"] for cell in truth.values())
        self.statuses = Counter(sorted(cell["status"] for cell in truth.values()))

    @property
    def actions(self) -> int:
        return self.counts.total()

    def record(self) -> dict[str, Any]:
        """Return what was read and how; by keyboard alone: no click is made."""
        what = {"cells": len(self.truth), "statuses": self.statuses, "wrong": self.wrong}
        return what | {"actions": self.actions, "by": self.counts, "clicks": 0}

    def press(self, key: str, what: str) -> None:
        self.counts[what] += 1
        if self.actions > MOST_ACTIONS:
            sys.exit(f"{MOST_ACTIONS} keys and not signed yet: {self.counts}")
        self.page.keyboard.press(key)

    def look(self) -> tuple[list[dict[str, Any]], dict[str, str]]:
        """Return the tiles and the keys, once everything on the screen has been looked at."""
        until = time.monotonic() + PATIENCE_MS / 1000
        while time.monotonic() < until:
            found = self.page.evaluate(LOOK)
            if all(tile["seen"] for tile in found["tiles"] if tile["inSight"]):
                return found["tiles"], found["keys"]
            self.page.wait_for_timeout(50)
        sys.exit("A picture on the screen never came.")

    def look_large(self) -> list[dict[str, Any]]:
        """Return the cells of the queue that show, once each was looked at; none at its end."""
        until = time.monotonic() + PATIENCE_MS / 1000
        while time.monotonic() < until:
            found: list[dict[str, Any]] = self.page.evaluate(LARGE)
            if all(tile["seen"] for tile in found):
                return found
            self.page.wait_for_timeout(50)
        sys.exit("A large picture never came.")

    def read_doubtful(self, keys: dict[str, str]) -> None:
        """Decide on what the model doubts: on a sheet the wrong ones first, then the rest."""
        self.press("d", "to the doubted cells")
        while tiles := self.look_large():
            ring = next(tile for tile in tiles if tile["ring"])
            wrong = [tile for tile in tiles if self.label(tile) != self.offered(tile)]
            if self.page.locator("[data-act=act-count-on]:visible").count():
                self.press("g", "counting on")
            elif ring in wrong:
                what = "an unfamiliar cell" if self.offered(ring) == UNFAMILIAR else "a wrong cell"
                self.press(keys[self.label(ring)], what)
            elif wrong:
                self.press(towards(tiles, ring, wrong), "moving")
            else:
                what = "a doubted cell" if len(tiles) == 1 else "a sheet of doubted cells"
                self.press("Enter", what)

    def read(self) -> None:
        """Decide on every cell: what is doubted on sheets, large, what is sure a screen at once."""
        if not all(self.is_sure({"id": number}) for number in self.truth):
            self.read_doubtful(self.look()[1])
        while True:
            tiles, keys = self.look()
            left = [tile for tile in tiles if not tile["decided"]]
            if not left:
                return
            if self.page.locator("[data-act=act-count-on]:visible").count():
                self.press("g", "counting on")  # past the hundredth, to the last
                continue
            ring = next(tile for tile in tiles if tile["ring"])
            sure = [tile for tile in left if tile["seen"] and self.is_sure(tile)]
            wrong = [tile for tile in sure if self.label(tile) != tile["bin"]]
            if wrong:
                self.correct(ring, min(wrong, key=lambda tile: distance(ring, tile)), keys)
            elif sure:
                self.press("c", "all that is sure")
            else:
                self.press("n", "moving")

    def is_sure(self, tile: dict[str, Any]) -> bool:
        return self.truth[tile["id"]]["status"] == "confident"

    def offered(self, tile: dict[str, Any]) -> str:
        """Return what Enter would call a cell; it calls an unfamiliar one nothing."""
        known = self.truth[tile["id"]]
        return known["status"] if known["status"] == UNFAMILIAR else known["suggested"]

    def label(self, tile: dict[str, Any]) -> str:
        return self.truth[tile["id"]]["label"]

    def correct(self, ring: dict[str, Any], tile: dict[str, Any], keys: dict[str, str]) -> None:
        """Go one step towards a cell, or, once there, say what it is."""
        if ring["id"] == tile["id"]:
            self.press(keys[self.label(tile)], "a wrong cell")
        elif abs(tile["index"] - ring["index"]) <= distance(ring, tile):
            forward = tile["index"] > ring["index"]
            self.press("ArrowRight" if forward else "ArrowLeft", "moving")
        else:
            self.press("ArrowDown" if tile["top"] > ring["top"] else "ArrowUp", "moving")

    def sign(self) -> None:
        """Sign the case; every critical type is acknowledged by name."""
        self.page.get_by_text("Saved", exact=True).wait_for()
        self.press("Control+Enter", "signing")
        self.page.wait_for_selector("dialog[data-part=sign][open]")
        focused = "document.activeElement.matches('dialog[data-part=sign] input:not(:checked)')"
        while self.page.evaluate(focused):
            self.press("Space", "acknowledging")
        self.press("Enter", "signing")
        self.page.wait_for_selector("[data-part=sign]:not([open])", state="attached")


def towards(tiles: list[dict[str, Any]], ring: dict[str, Any], wrong: list[dict[str, Any]]) -> str:
    """Return the first of the fewest keys that lead on a sheet from the ring to a wrong cell."""
    columns = sum(tile["top"] == tiles[0]["top"] for tile in tiles)
    here, last = tiles.index(ring), len(tiles) - 1
    ends = {tiles.index(tile) for tile in wrong}
    ways, seen = [(here, "")], {here}
    for place, first in ways:
        row_down = place // columns < last // columns
        keys = {
            "ArrowRight": min(place + 1, last),
            "ArrowLeft": max(place - 1, 0),
            "ArrowDown": min(place + columns, last) if row_down else place,
            "ArrowUp": place - columns if place >= columns else place,
            "End": last,
            "Home": 0,
        }
        for key, there in keys.items():
            if there in ends:
                return first or key
            if there not in seen:
                seen.add(there)
                ways.append((there, first or key))
    raise AssertionError("Every place of a sheet can be reached.")


def distance(ring: dict[str, Any], tile: dict[str, Any]) -> int:
    """Return how many arrow keys lead from one cell to another of its bin."""
    along = abs(tile["index"] - ring["index"])
    if tile["top"] == ring["top"]:
        return int(along)
    row_px = min(abs(tile["top"] - ring["top"]), 138)
    rows = round(abs(tile["top"] - ring["top"]) / row_px)
    return int(min(along, rows + abs(tile["left"] - ring["left"]) // 100))


def check(page: Page, case: str, reader: Reader) -> None:
    """Make sure that the case is signed, and every cell by its label."""
    if ask(page, case)["case"]["state"] != "signed":
        sys.exit(f"{case} is not signed.")
    cells = ask(page, f"{case}/cells?limit=1000")["cells"]
    wrong = [c["id"] for c in cells if c["decided_type"] != reader.truth[c["id"]]["label"]]
    if wrong:
        sys.exit(f"{case} is signed with wrong cells: {wrong}")


def report(found: dict[str, Any]) -> None:
    """Print what a set's reading took, beside what it may take."""
    statuses = ", ".join(f"{count} {status}" for status, count in found["statuses"].items())
    print(f"\n{found['set']} by {found['model']}: {found['cells']} cells ({statuses}), ", end="")
    print(f"{found['wrong']} named wrong; brought in within {found['import_s']} s")
    must = f" (must: at most {found['must']})" if found["must"] else ""
    by = ", ".join(f"{count} {what}" for what, count in found["by"].items())
    print(f"  {found['actions']} keys{must}, 0 clicks, {found['review_s']} scripted s: {by}")
    musts = {"requests": MUST_REQUESTS, "kilobytes": MUST_KB, "ready_s": MUST_READY_S}
    for name, words in NAMES.items():
        wanted = f" (must: at most {musts[name]})" if name in musts else ""
        times = [spread([one[name] for one in found[way]]) for way in ("cold", "warm")]
        print(f"  {words:<24} cold {times[0]}{wanted}, warm {times[1]}")
    idle = [one["ready_s"] / one["slowness"] for one in found["cold"]]
    print(f"  {'the same, by slowness':<24} cold {spread(idle)} (must: at most {MUST_READY_S})")


def spread(values: list[float]) -> str:
    return f"{statistics.median(values):.4g} [{min(values):.4g}, {max(values):.4g}]"


if __name__ == "__main__":
    main()
