"""What many cells and many readers cost: bytes a cell, times at a size, decisions a second.

A case of single cells (PBC's test part) and one of fields (BCCD's) go into a store with the shipped
model, are decided and signed. Then the database copies them, row by row but for their numbers and
digests, until it holds so many cells; at each size it is asked what pages ask. Last, real servers
stand beside each other on that store, and readers decide one cell after the other, each over HTTP
with a login of their own: without a pause, and as many as there shall be with a pause.

    python benchmarks/scale.py postgresql://… --images file:///… --json docs/results/scale.json

The database must be new, and its user its owner and a superuser, who may copy rows without checks.
Needs the image sets (HEMAVISION_DATA) and the package psutil. Asserts nothing.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import platform
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from sqlalchemy import Connection, Table, create_engine, text

from hemavision.casework.importing import Import, Source, import_images
from hemavision.casework.recognition import Networks
from hemavision.casework.references import References
from hemavision.cli.serve import is_free
from hemavision.datasets.samples import read_bccd_cells, read_pbc
from hemavision.reading.cell import Model, open_model
from hemavision.reading.finding.detector import open_detector
from hemavision.settings import data_folder
from hemavision.store import Store, open_store, schema
from hemavision.store.agreement import model_against_readers
from hemavision.store.cases import Search, create_case, find_case, list_cases, sign_case
from hemavision.store.cells import Filter, count_types, decide, list_cells
from hemavision.store.database import find_url
from hemavision.store.logins import add_token
from hemavision.store.readers import Role, add_reader
from hemavision.store.records import Change, Page
from hemavision.store.verification import verify

KINDS, CELLS = ("cell", "field"), 100
#: Tables with a case's rows, and which of their columns are numbers that a copy counts on.
NUMBERS: dict[Table, tuple[str, ...]] = {
    schema.contents: (),
    schema.cases: ("id",),
    schema.versions: ("case_id",),
    schema.images: ("id", "case_id"),
    schema.cells: ("id", "case_id", "image_id"),
    schema.cutouts: ("cell_id",),
    schema.thumbnails: ("cell_id",),
    schema.embeddings: ("cell_id",),
    schema.log: ("id", "case_id", "cell_id", "batch"),
}
#: Columns with a digest of their own in each copy; those of models stay.
DIGESTS = ("sha256", "image_sha256", "hash")
#: What a copy adds to a number; more than there are rows of any kind.
STEP = 1000
ASKED, SELDOM, PASSWORD, KIND = 25, 3, "correct horse battery", ("neutrophil", "monocyte")


def main() -> None:
    options = _options()
    os.environ |= {"HEMAVISION_STORE": options.store, "HEMAVISION_IMAGES": options.images}
    store, model = open_store(options.store), open_model()
    record: dict[str, Any] = {"facts": _facts(options), "made": _make(store, model)}
    record["verified"] = _verified(store)
    engine = create_engine(find_url(options.store))
    record["sizes"], made = [], 1
    for cells in options.cells:
        copies = max(cells // (len(KINDS) * CELLS), made)
        with engine.begin() as connection:
            _copy(connection, made, copies)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
            record["sizes"].append(_size(connection) | {"asked": _ask(store, model, copies)})
        made = copies
        print(json.dumps(record["sizes"][-1]), file=sys.stderr, flush=True)
    record["store_alone"] = _store_alone(store, options.seconds)
    tokens = [_reader(store, number) for number in range(max(options.readers))]
    record["servers"] = [
        _serve_and_decide(store, servers, tokens[:readers], pause_s, options.seconds)
        for servers in (1, 2)
        for readers, pause_s in [(options.readers[0], 0.0), (options.readers[1], options.pause)]
    ]
    _print(record)
    if options.json:
        options.json.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("store", help="URL of a new PostgreSQL database")
    parser.add_argument("--images", required=True, help="as HEMAVISION_IMAGES")
    parser.add_argument("--cells", type=_numbers, default="20000,200000")
    parser.add_argument("--readers", type=_numbers, default="8,100", help="without a pause, with")
    parser.add_argument("--pause", type=float, default=4.0, help="seconds between two decisions")
    parser.add_argument("--seconds", type=float, default=20.0, help="for each way to decide")
    parser.add_argument("--json", type=Path, help="also write the record here")
    return parser.parse_args()


def _numbers(words: str) -> list[int]:
    return [int(word) for word in words.split(",")]


def _facts(options: argparse.Namespace) -> dict[str, Any]:
    with create_engine(find_url(options.store)).connect() as connection:
        version = str(connection.execute(text("SHOW server_version")).scalar())
    return {
        "cores": os.cpu_count(),
        "load_before": round(os.getloadavg()[0], 2),
        "system": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        "postgresql": version.partition(" ")[0],
        "images": options.images.partition(":")[0],
        "seconds": options.seconds,
        "pause_s": options.pause,
    }


# Two cases, and copies of them


def _make(store: Store, model: Model) -> dict[str, Any]:
    """Make a case of each kind; return what each brought, and how fast."""
    return {kind: _case(store, Networks(model, open_detector()), kind) for kind in KINDS}


def _case(store: Store, networks: Networks, kind: str) -> dict[str, float]:
    case = create_case(store, f"Case of {kind}s", "S-1", "ann")
    into, started, files, sizes = Import(store, case.id, networks, "ann"), time.perf_counter(), 0, 0
    for path in _paths(kind):
        source = Source(path.name, path.read_bytes)
        if [one.error for one in import_images(into, [source])] == [None]:
            files, sizes = files + 1, sizes + path.stat().st_size
        if find_case(store, case.id).counts.cells >= CELLS:
            break
    took_s = time.perf_counter() - started
    found, total = list_cells(store, case.id, Filter(), Page(1000))
    for cell in found:
        decide(store, case.id, [Change(cell.id, 0, cell.suggestion.cell_type)], "ann")
    sign_case(store, case.id, find_case(store, case.id).revision, "ann")
    return {"cells": total, "files": files, "bucket_kb": sizes / total / 1e3,
            "imported_a_second": files / took_s}  # fmt: skip


def _paths(kind: str) -> list[Path]:
    data = data_folder()
    cells = kind == "cell"
    samples = read_pbc(data / "pbc", "test") if cells else read_bccd_cells(data / "bccd")
    paths = sorted({sample.path for sample in samples})
    random.Random(0).shuffle(paths)
    return paths


def _verified(store: Store) -> dict[str, float]:
    """Return how many rows of the log a second are proved, with and without the image files."""
    rates = {}
    for name, deep in (("deep", True), ("log", False)):
        started = time.perf_counter()
        found = verify(store, deep=deep)
        rates[name] = found.entries / (time.perf_counter() - started)
    return rates


def _copy(connection: Connection, first: int, copies: int) -> None:
    """Copy all rows of the two cases, as copies number ``first`` to ``copies`` - 1."""
    connection.execute(text("SET LOCAL session_replication_role = replica"))
    for table, numbers in NUMBERS.items():
        names = [column.name for column in table.columns]
        values = ", ".join(_copied(name, numbers) for name in names)
        own = f"{numbers[0]} < {STEP}" if numbers else "sha256 IN (SELECT sha256 FROM images WHERE "
        own += "" if numbers else f"id < {STEP})"
        columns = ", ".join(f'"{name}"' for name in names)
        connection.execute(
            text(
                f"INSERT INTO {table.name} ({columns}) SELECT {values} FROM {table.name}, "
                f"generate_series({first}, {copies - 1}) AS copy WHERE {own}"
            )
        )
    for name in ("cases", "images", "cells"):
        connection.execute(text(f"SELECT setval('{name}_id_seq', {STEP * (copies + 1)})"))
    connection.execute(text(f"UPDATE chain SET length = {STEP * (copies + 1)}"))


def _copied(name: str, numbers: Sequence[str]) -> str:
    if name in numbers:
        return f'"{name}" + {STEP} * copy'
    if name in DIGESTS:
        return f'md5("{name}" || copy) || md5(copy || "{name}")'
    return f"\"{name}\" || ' ' || copy" if name in ("name", "words") else f'"{name}"'


# What it takes at a size


def _size(connection: Connection) -> dict[str, Any]:
    """Return how many cells there are, and the bytes of each that a table takes, indexes too."""
    cells = int(connection.execute(text("SELECT count(*) FROM cells")).scalar_one())
    found = {
        table.name: connection.execute(
            text(f"SELECT pg_total_relation_size('{table.name}')")
        ).scalar_one()
        for table in NUMBERS
    }
    return {"cells": cells, "bytes_a_cell": {name: size / cells for name, size in found.items()}}


def _ask(store: Store, model: Model, copies: int) -> dict[str, float]:
    """Return the milliseconds of what pages ask, of cases here and there: the least of many."""
    chance, kept = random.Random(0), References()

    def some() -> int:
        return 1 + chance.randrange(2) + STEP * chance.randrange(copies)

    def similar(kept: References) -> None:
        case = some()
        (cell,), _ = list_cells(store, case, Filter(), Page(1))
        kept.similar(store, model, (case, cell.id), "ann")

    asked: dict[str, Callable[[], object]] = {
        "list of cases": lambda: list_cases(store, Search(), Page(50)),
        "search for a case": lambda: list_cases(store, Search("cells 7"), Page(50)),
        "a case": lambda: find_case(store, some()),
        "its first 100 cells": lambda: list_cells(store, some(), Filter(), Page(100)),
        "its counts": lambda: count_types(store, some()),
        "similar cells": lambda: similar(kept),
    }
    rarely = {
        "similar cells, after a signature": lambda: similar(References()),
        "agreement of all": lambda: model_against_readers(store),
    }
    return {name: _milliseconds(act, ASKED) for name, act in asked.items()} | {
        name: _milliseconds(act, SELDOM) for name, act in rarely.items()
    }


def _milliseconds(act: Callable[[], object], times: int) -> float:
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        act()
        taken.append(1000 * (time.perf_counter() - started))
    return min(taken)  # whatever else the machine did


# Readers that decide


def _open(store: Store, number: int) -> dict[int, int]:
    """Open one of the copied cases again, past the log; return its cells and their revisions."""
    case = 1 + STEP * (number + 1)
    with store.noting() as connection:
        connection.execute(text(f"UPDATE cases SET state = 'in_review' WHERE id = {case}"))
    found, _ = list_cells(store, case, Filter(), Page(1000))
    return {cell.id: cell.revision for cell in found}


def _store_alone(store: Store, seconds: float) -> dict[str, float]:
    """Return the decisions a second of eight threads that share nothing but the log."""

    def work(number: int) -> list[float]:
        cells, times = _open(store, number), []
        for turn in _until(seconds):
            cell = list(cells)[turn % len(cells)]
            change = Change(cell, cells[cell], KIND[turn % len(KIND)])
            started = time.perf_counter()
            (after,) = decide(store, 1 + STEP * (number + 1), [change], "ann").cells
            times.append(time.perf_counter() - started)
            cells[cell] = after.revision
        return times

    with ThreadPoolExecutor(8) as pool:
        times = [one for found in pool.map(work, range(8)) for one in found]
    return _rates(times, seconds)


def _reader(store: Store, number: int) -> str:
    name = f"reader-{number}"
    add_reader(store, name, Role.READER if number else Role.ADMIN, PASSWORD, "local")
    return add_token(store, name, "load", name)[1]


def _serve_and_decide(
    store: Store, servers: int, tokens: Sequence[str], pause_s: float, seconds: float
) -> dict[str, float]:
    """Let readers decide at so many servers, a reader at one; return how that went."""
    with ExitStack() as stack:
        running = [stack.enter_context(_server()) for _ in range(servers)]
        cells = [_open(store, number) for number in range(len(tokens))]

        def work(number: int) -> list[float]:
            port = running[number % servers][0]
            return list(_decisions(port, tokens[number], number, cells[number], pause_s, seconds))

        with ThreadPoolExecutor(len(tokens)) as pool:
            times = [one for found in pool.map(work, range(len(tokens))) for one in found]
        asked = [_ask_for_similar(port, tokens[0], cells[0]) for port, _ in running]
        memory = max(process.memory_info().rss / 1e6 for _, process in running)
    return {"servers": servers, "readers": len(tokens), "pause_s": pause_s, "memory_mb": memory,
            "similar_ms": max(asked), **_rates(times, seconds)}  # fmt: skip


def _decisions(
    port: int, token: str, number: int, cells: dict[int, int], pause_s: float, seconds: float
) -> Iterator[float]:
    """Decide one cell after the other over HTTP; give the seconds that each took."""
    case, order = 1 + STEP * (number + 1), list(cells)
    time.sleep(pause_s * random.random())
    for turn in _until(seconds):
        cell = order[turn % len(order)]
        kind = KIND[(cells[cell] + number) % len(KIND)]
        change = {"id": cell, "revision": cells[cell], "cell_type": kind}
        started = time.perf_counter()
        found = _request(port, token, "PATCH", f"/cases/{case}/cells", {"changes": [change]})
        yield time.perf_counter() - started
        cells[cell] = found["cells"][0]["revision"]
        time.sleep(pause_s)


def _ask_for_similar(port: int, token: str, cells: dict[int, int]) -> float:
    """Return the milliseconds of the first look-up, which reads what is compared with."""
    started = time.perf_counter()
    _request(port, token, "GET", f"/cases/{1 + STEP}/cells/{min(cells)}/similar")
    return 1000 * (time.perf_counter() - started)


def _request(port: int, token: str, method: str, path: str, body: object = None) -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    connection.request(method, f"/api/v1{path}", json.dumps(body) if body else None, headers)
    response = connection.getresponse()
    content = response.read()
    connection.close()
    if response.status != http.HTTPStatus.OK:
        sys.exit(f"{method} {path}: {response.status} {content[:500]!r}")
    return json.loads(content)


@contextmanager
def _server() -> Iterator[tuple[int, psutil.Process]]:
    port = next(port for port in count(5700) if is_free("127.0.0.1", port))
    command = [sys.executable, "-m", "hemavision", "serve", "--port", str(port)]
    process = psutil.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        if not process.stdout.readline():
            sys.exit(f"{' '.join(command)} ended.")
        yield port, process
    finally:
        process.terminate()
        process.communicate(timeout=60)


def _until(seconds: float) -> Iterator[int]:
    end = time.perf_counter() + seconds
    for turn in count():
        if time.perf_counter() >= end:
            return
        yield turn


def _rates(times: Sequence[float], seconds: float) -> dict[str, float]:
    p50, p95, p99 = (1000 * float(np.percentile(times, share)) for share in (50, 95, 99))
    return {"rate": len(times) / seconds, "p50": p50, "p95": p95, "p99": p99}


# What is said of it


def _print(record: dict[str, Any]) -> None:
    for name, value in record["facts"].items():
        print(f"{name:12} {value}")
    for kind, made in record["made"].items():
        print(
            f"{kind}: {made['cells']} cells in {made['files']} files, {made['bucket_kb']:.1f} kB a "
            f"cell in the bucket, {made['imported_a_second']:.1f} files a second brought in"
        )
    proved = record["verified"]
    print(f"proved: {proved['log']:.0f} rows of the log a second, {proved['deep']:.0f} with files")
    for size in record["sizes"]:
        parts = sorted(size["bytes_a_cell"].items(), key=lambda part: -part[1])
        print(
            f"\n{size['cells']} cells, {sum(b for _, b in parts):.0f} bytes a cell in PostgreSQL:"
        )
        print("  " + ", ".join(f"{name} {bytes_:.0f}" for name, bytes_ in parts))
        print("  " + ", ".join(f"{name} {ms:.1f} ms" for name, ms in size["asked"].items()))
    alone = record["store_alone"]
    print(f"\nthe store alone, 8 threads: {alone['rate']:.0f} decisions a second")
    for row in record["servers"]:
        print(
            f"{row['servers']} servers, {row['readers']} readers, {row['pause_s']:g} s of rest: "
            f"{row['rate']:.1f} decisions a second, p50 {row['p50']:.0f}, p95 {row['p95']:.0f}, "
            f"p99 {row['p99']:.0f} ms; similar cells at first {row['similar_ms']:.0f} ms, then "
            f"{row['memory_mb']:.0f} MB"
        )


if __name__ == "__main__":
    main()
