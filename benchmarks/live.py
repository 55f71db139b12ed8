"""Camera frames through the real server: fields a second, latency, and what a field costs.

Starts ``hemavision serve`` and posts BCCD's test fields (640×480, JPEG as the page makes them) to
``/api/v1/live``, one at a time and two at a time, in turns with the detector alone in this
process, so that a busy machine slows both. Processor time is counted too: it says what two cores
that are free would do, however busy they are now.

    python benchmarks/live.py --rounds 5
    python benchmarks/live.py --page     # and the page in Chromium, with a camera of its own

Needs the image sets (HEMAVISION_DATA) and the package psutil; ``--page`` also playwright and
Chromium.
"""

from __future__ import annotations

import argparse
import http.client
import io
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import psutil
from PIL import Image

from hemavision.images.opening import open_image
from hemavision.reading.finding.detector import open_detector
from hemavision.settings import data_folder

MUST_FIELDS_A_SECOND, MUST_LATENCY_MS, CORES = 10.0, 250.0, 2
QUALITY = 90  # of the JPEG, as in static/js/live/reader.js
FIELDS = 24
PAGE_S = 30

#: What the server says of each field: milliseconds by part.
Parts = list[dict[str, float]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--page", action="store_true", help="Measure the page in Chromium, too.")
    options = parser.parse_args()
    frames = _frames()
    print(f"{len(frames)} fields of 640×480, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    with _server() as (address, process):
        _measure(address, process, frames, options.rounds)
        if options.page:
            _measure_page(address, process)
    print(f"load at the end {os.getloadavg()[0]:.1f}")


def _frames() -> list[bytes]:
    folder = data_folder() / "bccd"
    listed = folder / "ImageSets" / "Main" / "test.txt"
    if not listed.is_file():
        sys.exit(f"No {listed}; set HEMAVISION_DATA to the folder of the image sets.")
    names = listed.read_text(encoding="utf-8").split()[:FIELDS]
    return [_jpeg(open_image(folder / "JPEGImages" / f"{name}.jpg").rgb) for name in names]


def _jpeg(rgb: np.ndarray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(rgb).save(stream, "JPEG", quality=QUALITY)
    return stream.getvalue()


@contextmanager
def _server() -> Iterator[tuple[str, psutil.Process]]:
    command = [sys.executable, "-m", "hemavision", "serve"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert process.stdout
        yield process.stdout.readline().split()[-1], psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(timeout=30)


def _measure(address: str, process: psutil.Process, frames: list[bytes], rounds: int) -> None:
    detector = open_detector()
    fields = [open_image(frame).rgb for frame in frames]
    asking = {at_once: _asker(address, at_once) for at_once in (1, 2)}
    for field in fields[:3]:  # warm-up
        detector.find(field)
    asking[2](frames[:4])
    rates: dict[str, list[float]] = {"detector alone": [], "1 at once": [], "2 at once": []}
    costs: list[float] = []
    parts: Parts = []
    for _ in range(rounds):
        started = time.perf_counter()
        for field in fields:
            detector.find(field)
        rates["detector alone"].append(len(fields) / (time.perf_counter() - started))
        for at_once, ask in asking.items():
            before, started = _seconds(process), time.perf_counter()
            parts += ask(frames)
            rates[f"{at_once} at once"].append(len(frames) / (time.perf_counter() - started))
            costs.append(1000 * (_seconds(process) - before) / len(frames))
    _report(rates, costs, parts)


def _asker(address: str, at_once: int) -> Callable[[list[bytes]], Parts]:
    """Return a function that posts frames, so many at once, each over a connection it keeps."""
    host = urlsplit(address).netloc
    connections = [http.client.HTTPConnection(host, timeout=60) for _ in range(at_once)]

    def ask(frames: list[bytes]) -> Parts:
        shares = [frames[first::at_once] for first in range(at_once)]
        with ThreadPoolExecutor(at_once) as pool:
            answers = list(pool.map(_post_all, connections, shares))
        return [part for share in answers for part in share]

    return ask


def _post_all(connection: http.client.HTTPConnection, frames: list[bytes]) -> Parts:
    parts = []
    for frame in frames:
        connection.request("POST", "/api/v1/live", frame, {"Content-Type": "image/jpeg"})
        answer = json.loads(connection.getresponse().read())
        if "cells" not in answer:
            sys.exit(f"The server answered {answer}")
        parts.append(answer["milliseconds"])
    return parts


def _seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _seconds_of_all(server: psutil.Process) -> float:
    """Return the processor time of the server and of the browser, whose parent this is."""
    browser = [p for p in psutil.Process().children(recursive=True) if p.pid != server.pid]
    return _seconds(server) + sum(_seconds(process) for process in browser)


def _report(rates: dict[str, list[float]], costs: list[float], parts: Parts) -> None:
    alone = rates["detector alone"]
    for name, values in rates.items():
        ratio = [value / other for value, other in zip(values, alone, strict=True)]
        beside = "" if values is alone else f", {_spread(ratio, 2)} of the detector alone"
        print(f"{name:15} {_spread(values, 1)} fields a second{beside}")
    for name in parts[0]:
        print(f"{name:15} {_spread([part[name] for part in parts], 1)} ms on the server's clock")
    cost = statistics.median(costs)
    print(
        f"processor time  {_spread(costs, 1)} ms a field: {CORES} free cores can do "
        f"{1000 * CORES / cost:.1f} fields a second (must: {MUST_FIELDS_A_SECOND:.0f})"
    )


def _spread(values: list[float], digits: int) -> str:
    middle, low, high = statistics.median(values), min(values), max(values)
    return f"{middle:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def _measure_page(address: str, server: psutil.Process) -> None:
    """Print what the page itself shows while its camera pans over real fields."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    from fixtures_slide import make_slide, serpentine, write_clip
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        clip = Path(folder) / "pan.mjpeg"
        slide = make_slide(data_folder(), columns=3, rows=2)
        write_clip(slide, serpentine(slide, 6), clip)
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium",
            args=[
                "--no-sandbox", "--disable-gpu", "--use-fake-ui-for-media-stream",
                "--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={clip}",
            ],
        )  # fmt: skip
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(f"{address}/live")
        page.wait_for_timeout(5000)  # until it has settled
        before, started = _seconds_of_all(server), time.perf_counter()
        shown: dict[str, list[float]] = {"rate": [], "latency": [], "server": []}
        for _ in range(PAGE_S):
            page.wait_for_timeout(1000)
            for name, values in shown.items():
                text = page.locator(f"[data-role={name}]").inner_text()
                if re.fullmatch(r"[\d.]+", text):
                    values.append(float(text))
        spent, elapsed = _seconds_of_all(server) - before, time.perf_counter() - started
        browser.close()
    cost = 1000 * spent / (elapsed * statistics.mean(shown["rate"]))
    print(f"page            {_spread(shown['rate'], 1)} fields a second")
    print(
        f"page            {cost:.1f} ms of processor time a field, browser and server together: "
        f"{CORES} free cores can do {1000 * CORES / cost:.1f} fields a second"
    )
    print(
        f"page            {_spread(shown['latency'], 0)} ms from lens to screen "
        f"(must: {MUST_LATENCY_MS:.0f}), {_spread(shown['server'], 0)} ms of it on the server"
    )


if __name__ == "__main__":
    main()
