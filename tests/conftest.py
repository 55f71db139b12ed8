"""Fixtures that every room's tests share, and which tests keep to one worker."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path

# A worker a core, so a thread a worker; each library asks its own variable when it is imported.
for variable in (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
):
    os.environ.setdefault(variable, "1")

# Nothing here is to find, or to change, what belongs to the person who runs the tests.
HOME = tempfile.TemporaryDirectory(prefix="hemavision-home-")
os.environ["XDG_DATA_HOME"] = HOME.name

import hypothesis
import pytest
from real_parts import missing

from hemavision import Model, open_model
from hemavision.datasets import protocols, splits
from hemavision.reading import onnx_session
from hemavision.reading.engine import engine
from hemavision.reading.finding import detector
from hemavision.settings import data_folder

# How fast the machine is says nothing of what a property holds for.
hypothesis.settings.register_profile(
    "any-machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("any-machine")
pytest_plugins = [
    "cpu_time",
    "fixtures_images",
    "fixtures_report",
    "fixtures_servers",
    "fixtures_store",
    "fixtures_cases",
]

#: Rooms whose tests build networks: what a framework compiles and caches serves them all.
FRAMEWORKS = {"evaluation", "graph", "keras_files", "models", "training"}

#: Rooms that reach a database through the store alone, which is tried on both in a room of its own:
#: here SQLite is a test's fast twin, but for these, which go all the way through PostgreSQL too.
THROUGH_THE_STORE = {"casework", "web"}
ON_BOTH = {
    "test_the_whole_way",
    "test_nobody_sees_anything",
    "test_a_signed_report_is_the_same_a_year_later",
}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep tests that share something costly to one worker; say which PostgreSQL ones are long."""
    root = Path(__file__).parent
    for item in items:
        room, *_ = item.path.relative_to(root).parts
        if room in THROUGH_THE_STORE and _is_on_postgresql(item):
            item.add_marker(pytest.mark.long)
        group = "frameworks" if room in FRAMEWORKS else str(item.path.relative_to(root))
        group = "browser" if room == "browser" else group
        item.add_marker(pytest.mark.xdist_group(group))


def _is_on_postgresql(item: pytest.Item) -> bool:
    assert isinstance(item, pytest.Function)
    params = item.callspec.params if hasattr(item, "callspec") else {}
    return params.get("location") == "postgresql" and item.originalname not in ON_BOTH


@pytest.fixture(scope="session", autouse=True)
def networks_opened_once() -> Iterator[None]:
    """Open a network once while its file stays what it is: it answers all tests alike.

    ONNX Runtime, too, takes one thread where one a core would be the default.
    """
    real = onnx_session.open_network

    @lru_cache(maxsize=8)
    def opened(path: Path, _written: int, _size: int, threads: int) -> onnx_session.Network:
        return real(path, threads)

    def open_network(path: Path, threads: int) -> onnx_session.Network:
        if not Path(path).is_file():
            return real(path, threads)
        found = Path(path).stat()
        return opened(Path(path), found.st_mtime_ns, found.st_size, threads or 1)

    with pytest.MonkeyPatch.context() as patch:
        for module in (engine, detector):
            patch.setattr(module, "open_network", open_network)
        yield


@pytest.fixture(scope="session", autouse=True)
def tables_read_once() -> Iterator[None]:
    """Read the image sets' tables once for all protocols; the samples in them are frozen."""
    readers = {
        name: cache(reader)
        for module in (protocols, splits)
        for name, reader in vars(module).items()
        if name.startswith("read_")
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, reader in readers.items():
            for module in (protocols, splits):
                patch.setattr(module, name, reader, raising=False)
        yield


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of the image sets."""
    folder = data_folder().resolve()
    if not (folder / "kaggle_wbc").is_dir():
        missing(f"image sets at {folder} (set HEMAVISION_DATA)")
    return folder


@pytest.fixture(scope="session")
def model() -> Model:
    """The shipped default model."""
    return open_model()


@pytest.fixture(scope="session")
def cases(data: Path) -> Path:
    """The folder of small inputs that stand for whole kinds, beside the image sets."""
    folder = data.parent / "cases"
    if not folder.is_dir():
        missing(f"small inputs at {folder}")
    return folder
