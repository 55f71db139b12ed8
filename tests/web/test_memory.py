"""``hemavision serve`` stays under 300 MB resident, whatever it was sent."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import requests
from PIL import Image

LIMIT_MB = 300
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="measured on Linux")


@pytest.fixture
def process() -> Iterator[tuple[str, psutil.Process]]:
    """The real command's address and process."""
    command = [str(Path(sys.executable).with_name("hemavision")), "serve"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as started:
        try:
            assert started.stdout
            yield started.stdout.readline().split()[-1], psutil.Process(started.pid)
        finally:
            started.terminate()


@pytest.mark.parametrize(
    ("times", "size"), [(1, (3000, 2000)), pytest.param(3, (6000, 4000), marks=pytest.mark.long)]
)
def test_memory_after_many_images_and_a_large_one(
    process: tuple[str, psutil.Process], cells: list[Path], times: int, size: tuple[int, int]
) -> None:
    address, server = process
    stream = io.BytesIO()
    Image.open(cells[0]).resize(size).save(stream, "JPEG")
    every = [("images", (cell.name, cell.read_bytes())) for cell in cells * times]
    for files in (every, [("images", ("large.jpg", stream.getvalue()))], every[:1]):
        response = requests.post(
            f"{address}/api/v1/classify", files=files, data={"heatmaps": "all"}, timeout=120
        )
        assert all("overlay" in item for item in response.json()["results"])
    for path in ("/api/v1/models", "/docs", "/api/v1/openapi.json", "/"):
        assert requests.get(address + path, timeout=60).status_code == 200
    resident_mb = server.memory_info().rss / 1e6
    print(f"{resident_mb:.0f} MB")
    assert resident_mb < LIMIT_MB
