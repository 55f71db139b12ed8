"""Jobs on a Ray cluster: in the long tier a real one of three nodes, else what its actors do."""

from __future__ import annotations

import random
import secrets
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from bccd_fields import picture, train_fields
from click.testing import Result
from fixtures_images import encoded, smear
from fixtures_whole_slides import mosaic, write_tiff
from PIL import Image
from real_parts import missing

from hemavision import Model
from hemavision.batch import cluster
from hemavision.batch.cluster import Networks, Order, PartActor
from hemavision.batch.plan import Plan, read_plan
from hemavision.reading.bundle import find_bundle
from hemavision.reading.finding.detector import find_detector

Invoke = Callable[..., Result]
#: Images a part; nodes with a core each; parts that are done before something dies.
PART, NODES, DONE = 4, 3, 4
#: Seconds for what takes forty on an idle machine.
LONG_S = 800.0


class InThisProcess:
    """What is used of Ray Data, without Ray: two actors, parts by lot, every third one twice."""

    ActorPoolStrategy = dict

    def from_items(self, rows: list[dict[str, Any]], *, override_num_blocks: int) -> InThisProcess:
        assert override_num_blocks == len(rows)
        self._rows = random.Random(1).sample(rows, len(rows))
        return self

    def map_batches(
        self, actor: type[PartActor], *, fn_constructor_args: tuple[Order], **options: Any
    ) -> InThisProcess:
        assert options["batch_size"] == 1
        self._actors = [actor(*fn_constructor_args) for _ in range(2)]
        return self

    def iter_rows(self) -> Iterator[dict[str, Any]]:
        for number, row in enumerate(self._rows):
            batch = {name: np.array([value]) for name, value in row.items()}
            for again in range(2 if number % 3 == 0 else 1):
                done = self._actors[(number + again) % 2](batch)
            yield {name: value for name, (value,) in done.items()}


@contextmanager
def in_this_process(address: str, actors: int | None, networks: Networks) -> Iterator[Any]:
    yield cluster.Cluster(InThisProcess(), 2, networks)


@pytest.fixture(scope="module")
def ray_cluster() -> Iterator[Any]:
    """A cluster of three nodes on this machine, each with a core and a small store."""
    with pytest.MonkeyPatch.context() as patch:
        # A token of its own: nothing is looked for, or left, in anybody's home.
        patch.setenv("RAY_AUTH_MODE", "token")
        patch.setenv("RAY_AUTH_TOKEN", secrets.token_hex(32))
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        try:
            from ray.cluster_utils import Cluster
        except ImportError as error:
            missing(f"Ray: pip install 'hemavision[cluster]' ({error})")
        head = {"num_cpus": 1, "object_store_memory": 100 * 2**20, "include_dashboard": False}
        nodes = Cluster(initialize_head=True, head_node_args=head)
        try:
            for _ in range(NODES - 1):
                nodes.add_node(num_cpus=1, object_store_memory=100 * 2**20)
            yield nodes
        finally:
            nodes.shutdown()


def draw_images(folder: Path, count: int) -> None:
    """Draw cells, each moved on a little, and three files that are none among them."""
    folder.mkdir()
    for number in range(count):
        moved = np.roll(smear(), (3 * number, 7 * number), axis=(0, 1))
        (folder / f"{number:03}.png").write_bytes(encoded(Image.fromarray(moved), "PNG"))
    for number, content in enumerate((b"", b"no picture", b"\x89PNG\r\n\x1a\n")):
        (folder / f"{number:03}-bad.png").write_bytes(content)


def contents(job: Path) -> dict[str, bytes]:
    """Everything in a job's folder but what names the process."""
    files = (path for path in job.rglob("*") if path.is_file() and path.name != "lock")
    return {str(path.relative_to(job)): path.read_bytes() for path in files}


def parts_of(job: Path) -> dict[str, int]:
    """Return the done parts and when each was written."""
    return {path.name: path.stat().st_mtime_ns for path in (job / "parts").glob("[0-9]*.parquet")}


def actors() -> list[psutil.Process]:
    """Return the processes of actors among those that this one started."""
    found = []
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            if "PartActor" in " ".join(process.cmdline()):
                found.append(process)
    return found


@pytest.mark.timeout(3 * LONG_S)
@pytest.mark.parametrize(
    ("dying", "count"),
    [
        (None, 10),
        pytest.param("a worker", 204, marks=pytest.mark.long),
        pytest.param("a node", 204, marks=pytest.mark.long),
        pytest.param("the command", 204, marks=pytest.mark.long),
        pytest.param("nothing", 0, marks=pytest.mark.long),
    ],
)
def test_whatever_dies_the_job_is_the_local_one(
    invoke: Invoke,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
    dying: str | None,
    count: int,
) -> None:
    """Byte for byte, whatever order its parts were done in, some of them twice."""
    images, whole, job = (tmp_path / name for name in ("images", "whole", "job"))
    if count:
        draw_images(images, count)
    else:
        data = request.getfixturevalue("data")
        fields = [picture(data, name) for name in train_fields(data)[:4]]
        write_tiff(images.with_suffix(".tif"), mosaic(fields, columns=2)[0])

    def arguments(folder: Path) -> list[str]:
        what = ["classify", str(images)] if count else ["detect", f"{images}.tif"]
        return [*what, "--job", str(folder), "--part", str(PART if count else 1)]

    assert invoke(*arguments(whole)).exit_code == bool(count)
    if dying is None:
        monkeypatch.setattr(cluster, "connected", in_this_process)
        monkeypatch.setenv("HEMAVISION_MAX_MEGAPIXELS", "100")  # an actor changes it
        result = invoke(*arguments(job), environment={"HEMAVISION_RAY_ADDRESS": "here"})
        assert (result.exit_code, result.stdout) == (1, f"{count} images: {job}/table.parquet\n"
            "For research use only. Not for use in diagnostic procedures.\n")  # fmt: skip
        assert f"3 of {count + 3} inputs failed" in result.stderr
    else:
        nodes = request.getfixturevalue("ray_cluster")
        before = on_a_cluster(nodes, arguments(job), job, dying)
        assert dying == "nothing" or DONE <= len(before) < len(parts_of(job))
        assert parts_of(job).items() >= before.items()
    assert contents(job) == contents(whole)


def on_a_cluster(nodes: Any, arguments: list[str], job: Path, dying: str) -> dict[str, int]:
    """Do a job, and let something die in the middle; return the parts that were done then."""
    command = [sys.executable, "-m", "hemavision", *arguments, "--cluster", nodes.address]

    def start() -> subprocess.Popen[str]:
        return subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )

    process = start()
    ends_s = time.monotonic() + LONG_S
    while len(done := parts_of(job)) < (0 if dying == "nothing" else DONE):
        assert process.poll() is None
        assert time.monotonic() < ends_s
        time.sleep(0.02)
    if dying == "a worker":
        victim, *others = actors()
        assert others
        victim.kill()
    elif dying == "a node":
        # Two cores are left, and three actors that want one each.
        nodes.remove_node(next(iter(nodes.worker_nodes)), allow_graceful=False)
    elif dying == "the command":
        process.kill()
        process.communicate()
        process = start()
    _, said = process.communicate(timeout=LONG_S)
    if dying == "a node":
        nodes.add_node(num_cpus=1, object_store_memory=100 * 2**20)
    assert process.returncode == (arguments[0] == "classify"), said
    assert "Traceback" not in said
    return done


@pytest.fixture
def order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, invoke: Invoke) -> Order:
    """The order of a job whose images no network reads."""
    monkeypatch.setenv("HEMAVISION_MAX_MEGAPIXELS", "100")
    draw_images(tmp_path / "images", 2)
    monkeypatch.setattr(Model, "predict_arrays", None)  # what would read them
    networks = Networks(
        *(p.read_bytes() for p in (find_bundle("eight-types"), find_detector("cells")))
    )
    job = tmp_path / "job"
    invoke("classify", tmp_path / "images", "--job", job, "--part", "1")
    plan = read_plan(job)
    assert plan is not None
    return Order(job, plan, networks)


def test_a_machine_that_is_not_set_up_says_so_and_does_nothing(
    order: Order, tmp_path: Path
) -> None:
    def refusal(order: Order, seen: str = "") -> str:
        batch = {"part": np.array([0]), "place": np.array([0]), "seen": np.array([seen])}
        return str(PartActor(order)(batch)["refusal"][0])

    before = contents(order.folder)
    on, shared = f"On {socket.gethostname()}: ", "must be in one place for all machines"
    for path in order.folder.glob("parts/*"):
        path.unlink()
    elsewhere = refusal(replace(order, folder=tmp_path / "elsewhere"))
    assert elsewhere.startswith(f"{on}{tmp_path / 'elsewhere'} is not there.")
    assert shared in elsewhere
    assert f"{tmp_path / 'gone.png'} is not there." in refusal(order, str(tmp_path / "gone.png"))
    other = replace(order, plan=replace(order.plan, images=7))
    assert "holds another job here" in refusal(other)
    older = Plan(order.plan.work | {"hemavision": "0.1"}, order.plan.images, "")
    assert "the job was begun with 0.1. Install the same on all machines." in refusal(
        replace(order, plan=older)
    )
    assert "bundle has 1 to" in refusal(replace(order, networks=Networks(b"", b"")))
    assert {**contents(order.folder)}.items() <= before.items()


def answering(content: bytes) -> tuple[socket.socket, str]:
    """Return a server that answers one caller with this, and its address."""
    server = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        connection, _ = server.accept()
        with connection:
            connection.sendall(content)
            while connection.recv(64):  # until the caller goes
                pass

    threading.Thread(target=answer, daemon=True).start()
    return server, f"127.0.0.1:{server.getsockname()[1]}"


def test_an_address_that_is_no_cluster_s_is_refused_before_anything_is_done(
    invoke: Invoke, fake_model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "ANSWER_S", 0.3)
    monkeypatch.setattr("hemavision.cli.jobs._networks", lambda reads: Networks(b"", b""))
    monkeypatch.setitem(sys.modules, "ray", None)
    job = tmp_path / "job"

    def refused(address: str, status: int, said: str) -> None:
        result = invoke("classify", tmp_path, "--job", job, "--cluster", address)
        assert (result.exit_code, job.exists()) == (status, False)
        assert address in result.stderr or address == "auto"
        assert said in " ".join(result.stderr.split())

    free = socket.create_server(("127.0.0.1", 0))
    closed = f"127.0.0.1:{free.getsockname()[1]}"
    free.close()
    silent, quiet = answering(b"")
    web, page = answering(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    refused("auto", 2, "pip install 'hemavision[cluster]'")
    refused("nonsense", 2, "it must be auto, local or HOST:PORT")
    refused("ray://127.0.0.1:10001", 2, "Ray Data does not run through Ray Client")
    refused(closed, 1, "Connection refused). Is it the port of Ray's head")
    refused(quiet, 1, "(timed out)")
    refused(page, 1, "what answers there is not Ray")
    for server in (silent, web):
        server.close()


def test_words_about_clusters_that_do_not_go_together(
    invoke: Invoke, fake_model: Model, tmp_path: Path
) -> None:
    for arguments, said in (
        (("--cluster", "auto"), "give --job FOLDER as well"),
        (("--job", tmp_path / "job", "--actors", 2), "give --cluster ADDRESS as well"),
    ):
        result = invoke("classify", tmp_path, *arguments)
        assert result.exit_code == 2
        assert said in result.stderr
    draw_images(tmp_path / "images", 1)
    arguments = ("classify", tmp_path / "images", "--job", tmp_path / "job", "--cluster", "none")
    result = invoke(*arguments, environment={"HEMAVISION_RAY_ADDRESS": "nonsense"})
    assert (result.exit_code, (tmp_path / "job" / "table.parquet").exists()) == (1, True)
    for bad in (tmp_path / "images").glob("*-bad.png"):
        bad.write_bytes(encoded(Image.fromarray(smear()), "PNG"))
    assert invoke(*arguments).exit_code == 1
    assert invoke(*arguments, "--retry-failed").exit_code == 0
