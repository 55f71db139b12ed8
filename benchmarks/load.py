"""The server under load: requests a second and how long they take, with 1 to 64 at once.

Starts ``hemavision serve`` and lets locust (benchmarks/load_user.py) send images over loopback for
a few seconds a level: 320×240 JPEG files of single cells to ``classify``, 640×480 fields to
``smears``; what is refused (503) comes again when the answer says. Beside it stand, of the same
run, bare inference (the same images decoded, a thread a core, no HTTP) and the network alone with
four images a pass. While 64 are at once, this process asks for pages and health. Then half of the
most that was reached, at random moments; SIGTERM while requests are on their way; and gunicorn.

    python benchmarks/load.py                         # some five minutes on two cores
    python benchmarks/load.py --steady 20000          # besides: is the memory flat?
    python benchmarks/load.py --seconds 3 --levels 1,16

Needs the extra ``bench`` and the image sets (HEMAVISION_DATA). Asserts nothing.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import json
import os
import platform
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from scipy import stats

from hemavision.cli.serve import is_free
from hemavision.images.opening import open_image
from hemavision.reading.cell import Model, open_model
from hemavision.reading.engine import run_averaged
from hemavision.reading.field import read_smear
from hemavision.reading.finding.detector import open_detector
from hemavision.reading.preprocess import cut_input
from hemavision.reading.where import where_to_look
from hemavision.settings import data_folder
from hemavision.web.gate import cores

USER = Path(__file__).with_name("load_user.py")
PAGES = ("/", "/smear", "/static/js/main.js", "/health/live", "/health/ready")
TOLD = ("PATH", "RATE", "COUNT", "OUT", "IMAGES")
#: Not counted at the beginning of each level: everybody comes at the same moment.
SETTLING_S = 1.0
COMMANDS = {"serve": "hemavision serve"}
COMMANDS["gunicorn"] = "gunicorn --config python:hemavision.web.gunicorn"
BUSIEST, GUNICORN_LEVELS, TOGETHER, BLOCKS = 16, (1, 16, 64), 4, 20
#: What the project asks of itself.
MUST_RATE, MUST_PAGES_MS, MUST_TAIL = 180.0, 50.0, 3.0


def main() -> None:
    options = _options()
    cells, fields = _images()
    record: dict[str, Any] = {"facts": _facts(options), "bare": _bare(options, cells, fields)}
    with _server("serve", options.model) as server:
        for name, images in (("classify", cells), ("smears", fields)):
            load = Load(server.port, f"/api/v1/{name}", images)
            record[name] = [_level(load, n, options.seconds) for n in options.levels]
        load = Load(server.port, "/api/v1/classify", cells)
        record["pages"] = _pages_beside(load, options.seconds)
        record["half"] = _half(load, record["classify"], options.seconds)
        if options.steady:
            record["steady"] = _steady(load, options.steady, server.process)
        record["ending"] = _ending(server, cells)
    with _server("gunicorn", options.model) as server:
        load = Load(server.port, "/api/v1/classify", cells)
        levels = [n for n in GUNICORN_LEVELS if n in options.levels]
        record["gunicorn"] = [_level(load, n, options.seconds) for n in levels]
    _print(record)
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=9.0, help="a level, one of them uncounted")
    parser.add_argument("--levels", type=_numbers, default="1,2,4,8,16,32,64")
    parser.add_argument("--model", default="eight-types")
    parser.add_argument("--steady", type=int, default=0, help="requests for the memory's slope")
    parser.add_argument("--json", type=Path, help="also write the record here")
    return parser.parse_args()


def _numbers(text: str) -> list[int]:
    return [int(word) for word in text.split(",")]


def _images() -> tuple[list[Path], list[Path]]:
    """Return two cells of each type, and eight fields of the detector's test split."""
    data = data_folder()
    kinds = [kind for kind in sorted((data / "kaggle_wbc" / "TEST").glob("*")) if kind.is_dir()]
    cells = [path for kind in kinds for path in sorted(kind.glob("*.jpeg"))[:2]]
    split = data / "bccd" / "ImageSets" / "Main" / "test.txt"
    if not cells or not split.is_file():
        sys.exit(f"No images in {data}; set HEMAVISION_DATA to the folder of the image sets.")
    names = split.read_text(encoding="utf-8").split()[:8]
    return cells, [data / "bccd" / "JPEGImages" / f"{name}.jpg" for name in names]


def _facts(options: argparse.Namespace) -> dict[str, Any]:
    names = ("onnxruntime", "waitress", "gunicorn", "locust")
    return {
        "cores": cores(),
        "load_before": round(os.getloadavg()[0], 2),
        "system": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        "libraries": ", ".join(f"{name} {version(name)}" for name in names),
        "model": options.model,
        "seconds": options.seconds - SETTLING_S,
    }


# What the networks alone allow


def _bare(
    options: argparse.Namespace, cells: list[Path], fields: list[Path]
) -> dict[str, dict[str, float]]:
    """Return images a second without HTTP, and how many times that four a pass give."""
    model, finder = open_model(options.model), open_detector()
    pictures, smears = ([open_image(p).rgb for p in paths] for paths in (cells, fields))
    ways: dict[str, tuple[int, Callable[[int], object]]] = {
        "classify": (1, lambda n: list(model.predict_arrays([pictures[n % len(pictures)]]))),
        "smears": (1, lambda n: read_smear(model, finder, smears[n % len(smears)])),
        "one a pass": (1, _passes(model, pictures, 1)),
        "four a pass": (TOGETHER, _passes(model, pictures, TOGETHER)),
    }
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(3):
        for name, (each, way) in ways.items():
            rates[name].append(each * _rate(way, options.seconds / 3))
    together = np.divide(rates["four a pass"], rates["one a pass"])
    return {name: float(np.median(rates[name])) for name in ("classify", "smears")} | {
        "together": [float(f(together)) for f in (np.median, np.min, np.max)]
    }


def _passes(model: Model, pictures: list[np.ndarray], count: int) -> Callable[[int], object]:
    """Return what gives so many crops, cut already, to the network at once."""
    spec = model.manifest.preprocess
    crops = np.stack([cut_input(rgb, where_to_look(rgb, spec), spec) for rgb in pictures[:count]])
    return lambda _: run_averaged(model._engine, crops)


def _rate(way: Callable[[int], object], seconds: float) -> float:
    """Return the calls a second of a thread a core."""
    until, numbers = time.perf_counter() + seconds, itertools.count()

    def work(_: int) -> int:
        done = 0
        while time.perf_counter() < until:
            way(next(numbers))
            done += 1
        return done

    started = time.perf_counter()
    with ThreadPoolExecutor(cores()) as pool:
        return sum(pool.map(work, range(cores()))) / (time.perf_counter() - started)


# The servers


class Server:
    """A server's process and its port on loopback."""

    def __init__(self, kind: str, model: str) -> None:
        self.port = next(port for port in itertools.count(5700) if is_free("127.0.0.1", port))
        command = COMMANDS[kind].split()
        with tempfile.TemporaryDirectory() as nobody:
            home = {"XDG_DATA_HOME": nobody, "HEMAVISION_PORT": str(self.port)}
            self.process = psutil.Popen(
                [sys.executable, "-m", *command],
                env=os.environ | home | {"HEMAVISION_MODEL": model},
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
            until = time.monotonic() + 60
            while is_free("127.0.0.1", self.port):
                if self.process.poll() is not None or time.monotonic() > until:
                    sys.exit(f"{' '.join(command)} does not answer on port {self.port}.")
                time.sleep(0.1)
            get(self.connect(), "/health/ready")

    def connect(self) -> http.client.HTTPConnection:
        """Return a connection."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)


def get(connection: http.client.HTTPConnection, path: str) -> int:
    """Ask for a page, read it and return its status."""
    connection.request("GET", path)
    response = connection.getresponse()
    response.read()
    return response.status


@contextmanager
def _server(kind: str, model: str) -> Iterator[Server]:
    server = Server(kind, model)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.process.terminate()
        server.process.wait(timeout=60)


# The load


class Load:
    """Users that send images to one address of a server."""

    def __init__(self, port: int, path: str, images: list[Path]) -> None:
        self.port, self.path, self.images = port, path, images

    def run(
        self, users: int, seconds: float, rate: float = 0.0, count: int = 0
    ) -> list[tuple[float, int, float]]:
        """Return (second, status, milliseconds) of all answers."""
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "answers.json"
            words = (self.path, rate, count, out, json.dumps(list(map(str, self.images))))
            told = {f"LOAD_{k}": str(v) for k, v in zip(TOLD, words, strict=True)}
            command = [sys.executable, "-m", "locust", "--locustfile", str(USER), "--headless",
                       "--host", f"http://127.0.0.1:{self.port}", "--users", str(users),
                       "--spawn-rate", str(users), "--run-time", f"{round(seconds)}s",
                       "--stop-timeout", "60", "--only-summary", "--loglevel", "ERROR"]  # fmt: skip
            # Without a terminal, whose keys locust would read.
            quiet = {"stdin": subprocess.DEVNULL, "capture_output": True, "text": True}
            done = subprocess.run(command, env=os.environ | told, check=False, **quiet)
            if not out.is_file():
                sys.exit(f"locust wrote nothing down: {done.stdout[-500:]}{done.stderr[-2000:]}")
            return [tuple(answer) for answer in json.loads(out.read_text(encoding="utf-8"))]


def _level(load: Load, users: int, seconds: float, rate: float = 0.0) -> dict[str, float]:
    """Return what came of so many users: rate, percentiles, how many were refused."""
    answers = load.run(users, seconds, rate)
    first = answers[0][0] - answers[0][2] / 1000
    begin, end = first + SETTLING_S, first + round(seconds)
    good = [ms for at, status, ms in answers if begin <= at < end and status == 200]
    if not good:
        sys.exit(f"{users} users at {load.path}: no answer in {seconds} s.")
    p50, p95, p99 = (float(np.percentile(good, share)) for share in (50, 95, 99))
    others = [status for _, status, _ in answers if status != 200]
    if set(others) - {503}:
        sys.exit(f"{users} users at {load.path}: answered {sorted(set(others))}.")
    print(f"{load.path}, {users} at once: {len(good)} answers", file=sys.stderr, flush=True)
    return {"at_once": users, "rate": len(good) / (end - begin), "p50": p50, "p95": p95, "p99": p99,
            "answers": len(good), "refused": len(others)}  # fmt: skip


def _pages_beside(load: Load, seconds: float) -> dict[str, Any]:
    """Return the percentiles of pages and health alone, and while the queue is full."""
    alone = _ask_pages(load.port, seconds / 3)
    with ThreadPoolExecutor(1) as beside:
        level = beside.submit(_level, load, 64, seconds)
        time.sleep(seconds - 0.7 * (seconds - SETTLING_S))  # locust starts, and everybody comes
        busy = _ask_pages(load.port, 0.6 * (seconds - SETTLING_S))
        return {"alone": alone, "busy": busy, "level": level.result()}


def _ask_pages(port: int, seconds: float) -> dict[str, dict[str, float]]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    times: dict[str, list[float]] = {page: [] for page in PAGES}
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        for page in PAGES:
            started = time.perf_counter()
            if get(connection, page) != 200:
                sys.exit(f"{page} was not answered.")
            times[page].append(1000 * (time.perf_counter() - started))
            time.sleep(0.01)
    connection.close()
    return {page: {"p50": float(np.percentile(ms, 50)), "p99": float(np.percentile(ms, 99))}
            for page, ms in times.items()}  # fmt: skip


def _half(load: Load, levels: list[dict[str, float]], seconds: float) -> dict[str, float]:
    """Return what came of half the most that was reached, at random moments, by many users."""
    most = max(level["rate"] for level in levels)
    found = _level(load, BUSIEST, 2 * seconds, most / 2 / BUSIEST)
    return found | {"asked": most / 2, "tail": found["p99"] / levels[0]["p50"]}


def _steady(load: Load, count: int, process: psutil.Process) -> dict[str, Any]:
    """Return the slope of the resident memory over many requests, in kB a thousand of them."""
    seen: list[tuple[float, float]] = []
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.2):
            seen.append((time.monotonic(), process.memory_info().rss / 1e3))

    with ThreadPoolExecutor(1) as beside:
        beside.submit(watch)
        answers = load.run(BUSIEST, 3600, count=count)
        done.set()
    ends = sorted(at for at, *_ in answers)
    # The first quarter fills caches and threads; blocks, because neighbours are alike.
    kept = np.array(seen)[len(seen) // 4 :]
    if len(kept) < BLOCKS:
        sys.exit(f"{count} requests are too few for a slope; give --steady 1000 or more.")
    kept[:, 0] = np.searchsorted(ends, kept[:, 0]) / 1000
    x, y = np.array([block.mean(axis=0) for block in np.array_split(kept, BLOCKS)]).T
    fit = stats.linregress(x, y)
    reach = float(stats.t.ppf(0.975, BLOCKS - 2) * fit.stderr)
    interval = [float(fit.slope + side * reach) for side in (0, -1, 1)]
    return {"requests": len(answers), "kb_per_1000": interval, "last_mb": float(y[-1]) / 1e3}


def _ending(server: Server, images: list[Path]) -> dict[str, float]:
    """Return how many of the requests that were on their way were answered after SIGTERM."""
    boundary = "hemavision-benchmark"
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="images"; filename="a"\r\n\r\n'
    body = head.encode() + images[0].read_bytes() + f"\r\n--{boundary}--\r\n".encode()
    sent = threading.Barrier(BUSIEST + 1)

    def send(_: int) -> int:
        connection = server.connect()
        kind = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        connection.request("POST", "/api/v1/classify", body, kind)
        sent.wait()
        return connection.getresponse().status

    with ThreadPoolExecutor(BUSIEST) as pool:
        answers = [pool.submit(send, n) for n in range(BUSIEST)]
        sent.wait()
        started = time.perf_counter()
        server.process.terminate()
        good = sum(answer.result() == 200 for answer in answers)
    status = server.process.wait(timeout=60)
    return {"sent": BUSIEST, "answered": good, "seconds": time.perf_counter() - started,
            "exit_status": status}  # fmt: skip


# What is said of it


def _print(record: dict[str, Any]) -> None:
    for name, value in record["facts"].items():
        print(f"{name:12} {value}")
    middle, low, high = record["bare"]["together"]
    print(f"four images a pass instead of one: {middle:.2f} [{low:.2f}, {high:.2f}] of the rate")
    heads = ("at once", "a second", "of bare", "p50", "p95", "p99 ms", "503")
    for name in ("classify", "smears", "gunicorn"):
        bare = record["bare"].get(name, record["bare"]["classify"])
        print(f"\n{name}; bare inference {bare:.1f} images/s")
        print("".join(f"{head:>10}" for head in heads))
        for row in record[name]:
            shares = f"{row['rate']:10.1f}{row['rate'] / bare:10.2f}"
            times = "".join(f"{row[p]:10.0f}" for p in ("p50", "p95", "p99"))
            print(f"{row['at_once']:10}{shares}{times}{row['refused']:10}")
    print()
    _print_musts(record)


def _print_musts(record: dict[str, Any]) -> None:
    rate = next((row["rate"] for row in record["classify"] if row["at_once"] == BUSIEST), 0.0)
    half, ending, pages = record["half"], record["ending"], record["pages"]
    busy, alone = (max(p["p99"] for p in pages[when].values()) for when in ("busy", "alone"))
    print(f"classify at {BUSIEST} at once: {rate:.0f} a second (must: {MUST_RATE:.0f})")
    print(
        f"the slowest page's p99: {busy:.0f} ms while {pages['level']['refused']} requests were "
        f"refused, {alone:.0f} ms alone (must: under {MUST_PAGES_MS:.0f})"
    )
    print(
        f"half load, {half['asked']:.0f} a second: p99 {half['p99']:.0f} ms, {half['tail']:.1f} "
        f"times a single request's median (must: at most {MUST_TAIL:.0f})"
    )
    if "steady" in record:
        steady = record["steady"]
        slope, low, high = steady["kb_per_1000"]
        print(
            f"memory over {steady['requests']} requests: {slope:.0f} kB a thousand [{low:.0f}, "
            f"{high:.0f}] (must: includes 0), {steady['last_mb']:.0f} MB at the end"
        )
    print(
        f"SIGTERM: {ending['answered']} of {ending['sent']} requests on their way answered, ended "
        f"after {ending['seconds']:.1f} s with status {ending['exit_status']}"
    )


if __name__ == "__main__":
    main()
