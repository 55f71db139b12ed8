"""A job's parts done by the machines of a Ray cluster; nothing else here knows Ray.

Ray Data hands the parts that are not done, one at a time, to actors that opened the networks once.
Each writes its parts into the job's folder, which all machines share, as a job on one machine does.
An actor that dies is started anew, on another machine if need be, and its part is done again.
"""

from __future__ import annotations

import os
import re
import socket
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from hemavision import __version__
from hemavision.batch import remote
from hemavision.batch.items import Item
from hemavision.batch.job import PARTS, Job
from hemavision.batch.parts import Parts
from hemavision.batch.plan import Plan, items_of, lines_at, places_of_parts, read_plan
from hemavision.batch.readers import CellReader, FieldReader, Reader
from hemavision.batch.tables import form_of
from hemavision.batch.worker import Advance, Worker
from hemavision.errors import HemaVisionError, JobError, PlaceError
from hemavision.images.memory import LARGE_BYTES, give_back_what_is_large
from hemavision.reading.cell import open_model
from hemavision.reading.finding.detector import open_detector

#: Words for the Ray that runs on this machine, and for one of its own that ends with the job.
AUTO, LOCAL = "auto", "local"
_HOST_PORT = re.compile(r"(?P<host>[^/:\s]+|\[[0-9a-f:]+\]):(?P<port>\d{1,5})", re.IGNORECASE)
#: Seconds that a cluster may take to say a word.
ANSWER_S = 10.0
#: What gRPC, and so Ray, is greeted with: HTTP/2's preface with empty settings.
_GREETING = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))
#: Of a Ray of one's own; the least that it takes. Images do not go through it.
_STORE_BYTES = 80 * 2**20


@dataclass(frozen=True)
class Networks:
    """The bundles that a job reads with, as bytes: they go to the machines with the order.

    Attributes:
        model: that names cells.
        detector: that finds them.
    """

    model: bytes
    detector: bytes


@dataclass(frozen=True)
class Order:
    """What an actor is told once.

    Attributes:
        folder: the job's, absolute.
        plan: what is in it.
        networks: to read with.
    """

    folder: Path
    plan: Plan
    networks: Networks


class PartActor:
    """Does parts of a job, in a process of its own on some machine."""

    def __init__(self, order: Order) -> None:
        """Open the networks; what stands in the way is said with the first part."""
        self._order, self._refusal = order, ""
        try:
            self._parts, self._worker = _at_work(order)
        except (HemaVisionError, OSError) as error:
            self._refusal = _said_here(error)

    def __call__(self, batch: dict[str, Any]) -> dict[str, list[Any]]:
        """Do a part, unless it is done.

        Args:
            batch: of one row: the part's number, where it begins in the list of inputs, and a file
                of it that the machine which asks can see, if there is one.

        Returns:
            Of one row as well: the number, the lines about what failed, and what stood in the way.
        """
        number, place, seen = (batch[name][0] for name in ("part", "place", "seen"))
        lines, refusal = "", self._refusal
        try:
            if not refusal:
                lines = self._do(int(number), int(place), str(seen))
        except (HemaVisionError, OSError) as error:
            refusal = _said_here(error)
        return {"part": [number], "failed": [lines], "refusal": [refusal]}

    def _do(self, number: int, place: int, seen: str) -> str:
        if self._parts.path(number).exists():
            return self._parts.failures(number)
        if seen:
            _require(Path(seen))
        items = items_of(lines_at(self._order.folder, self._order.plan, place))
        return self._worker.do(number, items, lambda done, failed: None)


class Cluster:
    """A cluster that is connected to; does parts of jobs.

    Attributes:
        actors: how many there shall be at most.
    """

    def __init__(self, ray_data: Any, actors: int, networks: Networks) -> None:
        """Take Ray Data, how many actors there shall be at most, and what they read with."""
        self._data, self.actors, self._networks = ray_data, actors, networks

    def __call__(self, job: Job, wanted: Collection[int], advance: Advance) -> Iterator[str]:
        """Do parts there: a :class:`hemavision.batch.job.Runner`.

        Raises:
            PlaceError: the cluster or a place cannot be reached, or a machine cannot do its part.
        """
        if not wanted:
            return
        if job.plan.work["heatmaps"]:
            Path(job.plan.work["heatmaps"]).mkdir(parents=True, exist_ok=True)
        try:
            for row in self._rows(job, wanted):
                if row["refusal"]:
                    raise PlaceError(row["refusal"])
                lines = row["failed"]
                advance(job.plan.images_in([row["part"]]), lines.count("\n"))
                yield lines
        except HemaVisionError:
            raise
        except Exception as error:  # each layer of Ray has errors of its own
            raise PlaceError(f"The cluster gave up ({_last_line(error)}).") from error

    def _rows(self, job: Job, wanted: Collection[int]) -> Iterator[dict[str, Any]]:
        order = Order(job.folder.absolute(), job.plan, self._networks)
        places = enumerate(places_of_parts(job.folder, job.plan))
        rows = [
            {"part": number, "place": place, "seen": _seen(first)}
            for number, (place, first) in places
            if number in wanted
        ]
        pool = self._data.ActorPoolStrategy(
            size=min(self.actors, len(rows)), max_tasks_in_flight_per_actor=1
        )
        parts = self._data.from_items(rows, override_num_blocks=len(rows))
        done = parts.map_batches(
            PartActor, fn_constructor_args=(order,), batch_size=1, compute=pool, num_cpus=1
        )
        yield from done.iter_rows()


@contextmanager
def connected(address: str, actors: int | None, networks: Networks) -> Iterator[Cluster]:
    """Give a cluster, and leave it in the end.

    Args:
        address: ``auto``, ``local``, or a cluster's ``HOST:PORT``.
        actors: at most; without a word one a processor core of the cluster.
        networks: that the actors read with.

    Raises:
        JobError: Ray is not installed, or the address is none.
        PlaceError: there is no cluster.
    """
    _greet(address)
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # nothing is told to anybody
    # What Ray says by the way stands in its own logs; what ends a job, in our words.
    for variable, level in (("RAY_DATA_LOG_LEVEL", "ERROR"), ("RAY_BACKEND_LOG_LEVEL", "fatal")):
        os.environ.setdefault(variable, level)
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise JobError(
            f"A job on a cluster needs the package ray ({error}): pip install "
            "'hemavision[cluster]'. Without --cluster this machine does it alone."
        ) from error
    own = {"include_dashboard": False, "object_store_memory": _STORE_BYTES}
    try:
        ray.init(
            address, log_to_driver=False, logging_level="error", **own if address == LOCAL else {}
        )
    except Exception as error:  # as above
        raise _unreachable(address, _last_line(error)) from error
    try:
        ray.data.DataContext.get_current().enable_progress_bars = False
        cores = int(ray.cluster_resources().get("CPU", 1))
        yield Cluster(ray.data, actors or max(cores, 1), networks)
    finally:
        ray.shutdown()


def _greet(address: str) -> None:
    """Refuse an address that nothing like Ray answers at: Ray itself would wait for it for good."""
    if address in (AUTO, LOCAL):
        return
    if address.startswith("ray://"):
        raise JobError(
            f"{address}: Ray Data does not run through Ray Client. Give the command on a machine "
            "of the cluster, with auto or HOST:PORT (of Ray's head, 6379 mostly)."
        )
    found = _HOST_PORT.fullmatch(address)
    if found is None:
        raise JobError(
            f"The cluster's address is {address!r}; it must be {AUTO}, {LOCAL} or HOST:PORT."
        )
    where = (found["host"].strip("[]"), int(found["port"]))
    try:
        with socket.create_connection(where, ANSWER_S) as connection:
            connection.settimeout(ANSWER_S)
            connection.sendall(_GREETING)
            with connection.makefile("rb") as stream:
                is_http2 = stream.read(9)[3:4] == b"\x04"  # settings, in return
    except (OSError, OverflowError) as error:
        raise _unreachable(address, _last_line(error)) from error
    if not is_http2:
        raise _unreachable(address, "what answers there is not Ray")


def _unreachable(address: str, why: str) -> PlaceError:
    way = {AUTO: "Start one on this machine (ray start), or give HOST:PORT or local."}.get(
        address,
        "Is it the port of Ray's head (6379 mostly), are Ray and Python of the same versions "
        "there, is this machine one of the cluster's (ray start --address), and is the token that "
        "Ray may want (RAY_AUTH_TOKEN) the cluster's?",
    )
    return PlaceError(f"No Ray cluster can be reached at {address} ({why.rstrip('.')}). {way}")


def _at_work(order: Order) -> tuple[Parts, Worker]:
    """Return what does parts here.

    Raises:
        JobError: this machine is not set up for the job.
    """
    work = order.plan.work
    if __version__ != work["hemavision"]:
        raise JobError(
            f"HemaVision is {__version__} here, the job was begun with {work['hemavision']}. "
            "Install the same on all machines."
        )
    give_back_what_is_large(LARGE_BYTES)
    os.environ["HEMAVISION_MAX_MEGAPIXELS"] = str(work["max_megapixels"])
    if work["started_in"]:
        _require(Path(work["started_in"]))
        os.chdir(work["started_in"])
    for folder in (order.folder, work["heatmaps"]):
        if folder:
            _require(Path(folder))
    if read_plan(order.folder) != order.plan:
        raise JobError(f"{order.folder} holds another job here. {_SHARED}")
    reader = _reader(work["command"], order.networks)
    form = form_of(work["to"], reader.schema)
    parts = Parts(order.folder / PARTS, work["to"], form, uuid4().hex)
    return parts, Worker(parts, reader, work["heatmaps"])


def _reader(command: str, networks: Networks) -> Reader:
    with tempfile.TemporaryDirectory(prefix="hemavision-") as folder:
        model, detector = Path(folder) / "model.onnx", Path(folder) / "detector.onnx"
        model.write_bytes(networks.model)
        detector.write_bytes(networks.detector)
        # One core an actor: as many actors as cores do more than one with all of them.
        opened, finder = open_model(model, threads=1), open_detector(detector, threads=1)
    if command == "classify":
        return CellReader(opened.found_by(finder))
    return FieldReader(opened, finder)


_SHARED = "The job's folder, its images and its heatmaps must be in one place for all machines."


def _require(path: Path) -> None:
    if not path.exists():
        raise JobError(f"{path} is not there. {_SHARED}")


def _seen(item: Item) -> str:
    """Return the file that an item is read from, where it is here; else nothing."""
    place = item.archive or item.slide or item.name
    return "" if item.error or remote.is_url(place) or not Path(place).exists() else place


def _said_here(error: Exception) -> str:
    return f"On {socket.gethostname()}: {error}"


def _last_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[-1].strip() if lines else type(error).__name__
