"""``classify --job`` by 1, 2 and 4 actors of a Ray cluster beside the local runner, in one run.

The cluster is a real one on this machine: as many nodes as actors, a core each by its own word. In
a round each way does the same job from nothing, and the rounds repeat, so that whatever else the
machine does hits all of them. Told are images a second, from when as many parts are done as there
are actors to the last, and when the first part was there. Efficiency is that pace by what as many
local runners of one thread as there are actors, or cores where these are fewer, would do; ratios
are formed within a round and given with their range.

    python benchmarks/cluster.py --rounds 5 --images 512

Needs the extra ``cluster`` and the image sets (HEMAVISION_DATA).
"""

from __future__ import annotations

import argparse
import os
import platform
import secrets
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import NamedTuple

from hemavision import __version__
from hemavision.batch.cluster import Networks, connected
from hemavision.batch.job import Runner, open_job
from hemavision.batch.plan import Work
from hemavision.batch.readers import CellReader
from hemavision.reading.bundle import find_bundle
from hemavision.reading.cell import Model, open_model
from hemavision.reading.finding.detector import find_detector
from hemavision.settings import data_folder

ACTORS = (1, 2, 4)
PART_IMAGES = 16


class Took(NamedTuple):
    """What a job took: seconds to its first part, and images a second later."""

    first_s: float
    pace: float


def do(
    model: Model, places: list[str], folder: Path, runner: Runner | None = None, actors: int = 1
) -> Took:
    """Do a job from nothing."""
    reader, own = CellReader(model), model.reference
    work = Work("classify", ("-",), None, "parquet", PART_IMAGES, None, reader.schema.name, own,
                own, 100, __version__)  # fmt: skip
    started_s, written = time.perf_counter(), []

    def advance(done: int, failed: int) -> None:
        assert not failed
        written.append((time.perf_counter() - started_s, done))

    with open_job(folder, work, reader, places) as job:
        outcome = job.run(advance, runner)
    assert outcome.images == len(places)
    # The local runner tells a batch at a time, a cluster a part: count from when so much is done.
    begun = next(
        n for n in range(len(written)) if _images(written[: n + 1]) >= PART_IMAGES * actors
    )
    rest = len(places) - _images(written[: begun + 1])
    return Took(written[0][0], rest / (written[-1][0] - written[begun][0]))


def _images(written: list[tuple[float, int]]) -> int:
    return sum(images for _, images in written)


def on_a_cluster(address: str, actors: int) -> Callable[[Model, list[str], Path], Took]:
    """Return the way that has so many actors."""
    networks = Networks(
        *(p.read_bytes() for p in (find_bundle("eight-types"), find_detector("cells")))
    )

    def way(model: Model, places: list[str], folder: Path) -> Took:
        with connected(address, actors, networks) as runner:
            return do(model, places, folder, runner, actors)

    return way


def start_cluster(stack: ExitStack) -> str:
    """Start a cluster of as many nodes as the most actors; return its address."""
    os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    # Ray's workers step back before whatever else runs; here all ways shall compete alike.
    os.environ |= {"RAY_worker_niceness": "0"}
    from ray.cluster_utils import Cluster

    node = {"num_cpus": 1, "object_store_memory": 100 * 2**20}
    cluster = Cluster(initialize_head=True, head_node_args=node | {"include_dashboard": False})
    stack.callback(cluster.shutdown)
    for _ in range(max(ACTORS) - 1):
        cluster.add_node(**node)
    return str(cluster.address)


def main() -> None:
    """Time every way on the same images."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--images", type=int, default=512)
    arguments = parser.parse_args()
    files = sorted((data_folder() / "kaggle_wbc" / "TEST").rglob("*.jpeg"))[: arguments.images]
    places = [str(path.resolve()) for path in files]
    one, all_cores = open_model(threads=1), open_model()
    with ExitStack() as stack:
        here = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        address = start_cluster(stack)
        ways = {"local, one thread": do, "local, a thread a core": do}
        ways |= {f"cluster, actors: {n}": on_a_cluster(address, n) for n in ACTORS}
        took: dict[str, list[Took]] = {name: [] for name in ways}
        for number in range(arguments.rounds):
            for name, way in ways.items():
                model = all_cores if "a core" in name else one
                took[name].append(way(model, places, here / f"{number} {name}"))
    print(
        f"{len(files)} images in parts of {PART_IMAGES}, {arguments.rounds} rounds; "
        f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python "
        f"{platform.python_version()}, onnxruntime {version('onnxruntime')}, Ray {version('ray')}"
    )
    for name, values in took.items():
        print(told(name, values, took["local, one thread"]))


def told(name: str, values: list[Took], one_thread: list[Took]) -> str:
    """Return a line about a way."""
    actors = int(name.rsplit(maxsplit=1)[-1]) if "actors" in name else 1
    at_once = min(actors, os.cpu_count() or 1)
    shares = [a.pace / b.pace / at_once for a, b in zip(values, one_thread, strict=True)]
    said = "efficiency" if "actors" in name else "of one thread's pace"
    return (
        f"{name}: {median(took.pace for took in values):.1f} images a second, first part after "
        f"{median(took.first_s for took in values):.1f} s; {said} {median(shares):.2f} "
        f"[{min(shares):.2f}, {max(shares):.2f}]"
    )


if __name__ == "__main__":
    main()
