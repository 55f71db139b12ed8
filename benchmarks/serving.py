"""The server as a person meets it: seconds to readiness, memory, and a request's whole time.

Starts ``hemavision serve`` several times, then posts a 320×240 JPEG for its answer with
overlay, one request after another over one connection. What a request does is done in this process,
too, in the same rounds, and timed part by part: decoding, locating, the pass, drawing the overlay,
encoding it. Reports against what the project asks of itself and asserts nothing.

    python benchmarks/serving.py --rounds 30

Needs the image sets (HEMAVISION_DATA) and the package psutil.
"""

from __future__ import annotations

import argparse
import base64
import http.client
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from hemavision.images.opening import open_image
from hemavision.reading.bundle import find_bundle
from hemavision.reading.engine import OnnxEngine, run_averaged
from hemavision.reading.explaining import encode_png, overlay
from hemavision.reading.preprocess import cut_input
from hemavision.reading.where import where_to_look
from hemavision.settings import data_folder

MUST_READY_S, MUST_RESIDENT_MB, MUST_REQUEST_MS = 1.0, 220.0, 10.0
#: Of a request, in its order; the pass is that of all views, with what is cut and made standard.
PARTS = ("decoding", "locating", "pass", "drawing", "encoding")
BOUNDARY = "hemavision-benchmark"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--starts", type=int, default=5)
    parser.add_argument("--model", default="eight-types")
    options = parser.parse_args()
    images = _images()
    ready = []
    for _ in range(options.starts):
        with _server(options.model) as (_, seconds, _):
            ready.append(seconds)
    with _server(options.model) as (address, _, process):
        start_memory = process.memory_info().rss / 1e6
        whole, parts = _measure(address, images, options)
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda image: _post_alone(address, image), images * 3))
        memory = process.memory_info().rss / 1e6
    bare = parts["pass"]
    ratios = [a / b for a, b in zip(whole, bare, strict=True)]
    print(f"cores {os.cpu_count()}, load {os.getloadavg()[0]:.1f}, {len(images)} images")
    print(f"ready after      {_spread(ready, 2)} s (must: under {MUST_READY_S} s)")
    print(
        f"resident         {start_memory:.0f} MB at the start, {memory:.0f} after all requests "
        f"(must: under {MUST_RESIDENT_MB:.0f})"
    )
    print(f"request, overlay {_spread(whole, 1)} ms (must: {MUST_REQUEST_MS})")
    for name, values in parts.items():
        print(f"{name:16} {_spread(values, 1)} ms")
    around = [sum(part[n] for part in parts.values()) for n in range(len(whole))]
    rest = [a - b for a, b in zip(whole, around, strict=True)]
    print(f"the rest         {_spread(rest, 1)} ms: HTTP, multipart, JSON, two processes")
    print(f"request / pass   {_spread(ratios, 2)}")


def _spread(values: list[float], digits: int) -> str:
    middle, low, high = statistics.median(values), min(values), max(values)
    return f"{middle:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def _images() -> list[Path]:
    folder = data_folder() / "kaggle_wbc" / "TEST"
    found = [kind for kind in sorted(folder.glob("*")) if kind.is_dir()]
    if not found:
        sys.exit(f"No images in {folder}; set HEMAVISION_DATA to the folder of the image sets.")
    return [path for kind in found for path in sorted(kind.glob("*.jpeg"))[:2]]


@contextmanager
def _server(model: str) -> Iterator[tuple[str, float, psutil.Process]]:
    """Run the command until it is ready; give its address, the seconds, the process."""
    command = [str(Path(sys.executable).with_name("hemavision")), "serve", "--model", model]
    started = time.perf_counter()
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert process.stdout
        address = process.stdout.readline().split()[-1]
        connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
        connection.request("GET", "/health/ready")
        status = connection.getresponse().status
        if status != http.HTTPStatus.OK:
            sys.exit(f"{address}/health/ready answered {status}")
        yield address, time.perf_counter() - started, psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(timeout=30)


def _body(path: Path) -> bytes:
    head = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="images"; '
        f'filename="{path.name}"\r\nContent-Type: image/jpeg\r\n\r\n'
    )
    return head.encode() + path.read_bytes() + f"\r\n--{BOUNDARY}--\r\n".encode()


def _post(connection: http.client.HTTPConnection, path: Path) -> None:
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    connection.request("POST", "/api/v1/classify?heatmaps=overlay", _body(path), headers)
    answer = json.loads(connection.getresponse().read())
    if "overlay" not in answer["results"][0]:
        sys.exit(f"No overlay in the answer to {path.name}: {str(answer)[:200]}")


def _post_alone(address: str, path: Path) -> None:
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
    _post(connection, path)
    connection.close()


def _measure(
    address: str, images: list[Path], options: argparse.Namespace
) -> tuple[list[float], dict[str, list[float]]]:
    """Return the mean milliseconds of a request in each round, and of each part of one alone."""
    engine = OnnxEngine(find_bundle(options.model))
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
    for path in images:  # warm-up
        _post(connection, path)
        _in_parts(engine, path, dict.fromkeys(PARTS, 0.0))
    whole: list[float] = []
    parts: dict[str, list[float]] = {name: [] for name in PARTS}
    for _ in range(options.rounds):
        asked, spent = 0.0, dict.fromkeys(PARTS, 0.0)
        for path in images:
            started = time.perf_counter()
            _post(connection, path)
            asked += time.perf_counter() - started
            _in_parts(engine, path, spent)
        whole.append(1000 * asked / len(images))
        for name, seconds in spent.items():
            parts[name].append(1000 * seconds / len(images))
    return whole, parts


def _in_parts(engine: OnnxEngine, path: Path, spent: dict[str, float]) -> None:
    """Do what a request does, and add the seconds of each part to ``spent``."""
    spec, moments = engine.manifest.preprocess, [time.perf_counter()]
    rgb = open_image(path.read_bytes()).rgb
    moments.append(time.perf_counter())
    box = where_to_look(rgb, spec)
    moments.append(time.perf_counter())
    output = run_averaged(engine, cut_input(rgb, box, spec)[None])
    moments.append(time.perf_counter())
    picture = overlay(rgb, output.heatmaps[0, output.probabilities[0].argmax()], box)
    moments.append(time.perf_counter())
    base64.b64encode(encode_png(picture))
    moments.append(time.perf_counter())
    for name, before, after in zip(PARTS, moments, moments[1:], strict=False):
        spent[name] += after - before


if __name__ == "__main__":
    main()
