"""The server as a person meets it: seconds to readiness, memory, and a request's whole time.

Starts ``hemavision serve`` several times, then posts a 320×240 JPEG for its answer with
overlay, one request after another over one connection, interleaved with bare forward passes
of the same crop in this process. Reports against what the project asks of itself and asserts
nothing. The ratio was asked of the first network; beside a faster one, what surrounds the pass
(decoding, locating, colouring, writing the overlay) weighs more.

    python benchmarks/serving.py --rounds 30

Needs the image sets (HEMAVISION_DATA) and the package psutil.
"""

from __future__ import annotations

import argparse
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
from hemavision.reading.engine import OnnxEngine
from hemavision.reading.finding import locate_cell
from hemavision.reading.preprocess import cut_input
from hemavision.settings import data_folder

MUST_READY_S, MUST_RESIDENT_MB, MUST_RATIO = 1.5, 300.0, 1.5
BOUNDARY = "hemavision-benchmark"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--starts", type=int, default=5)
    parser.add_argument("--model", default="unseen-cells")
    options = parser.parse_args()
    images = _images()
    ready = []
    for _ in range(options.starts):
        with _server(options.model) as (_, seconds, _):
            ready.append(seconds)
    with _server(options.model) as (address, _, process):
        whole, bare = _measure(address, images, options)
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda image: _post_alone(address, image), images * 3))
        memory = process.memory_info().rss / 1e6
    ratios = [a / b for a, b in zip(whole, bare, strict=True)]
    print(f"cores {os.cpu_count()}, load {os.getloadavg()[0]:.1f}, {len(images)} images")
    print(f"ready after      {_spread(ready, 2)} s (must: under {MUST_READY_S} s)")
    print(
        f"resident         {memory:.0f} MB after all requests (must: under {MUST_RESIDENT_MB:.0f})"
    )
    print(f"request, overlay {_spread(whole, 1)} ms")
    print(f"bare pass        {_spread(bare, 1)} ms")
    print(f"ratio            {_spread(ratios, 2)} (must: at most {MUST_RATIO})")


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
) -> tuple[list[float], list[float]]:
    """Return, for each round, the mean milliseconds of a request and of a bare pass."""
    engine = OnnxEngine(find_bundle(options.model))
    spec = engine.manifest.preprocess
    photos = [open_image(path).rgb for path in images]
    crops = [cut_input(rgb, locate_cell(rgb), spec)[None] for rgb in photos]
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
    for path, crop in zip(images, crops, strict=True):  # warm-up
        _post(connection, path)
        engine.run(crop)
    whole, bare = [], []
    for _ in range(options.rounds):
        seconds = [0.0, 0.0]
        for path, crop in zip(images, crops, strict=True):
            started = time.perf_counter()
            _post(connection, path)
            between = time.perf_counter()
            engine.run(crop)
            seconds[0] += between - started
            seconds[1] += time.perf_counter() - between
        whole.append(1000 * seconds[0] / len(images))
        bare.append(1000 * seconds[1] / len(images))
    return whole, bare


if __name__ == "__main__":
    main()
