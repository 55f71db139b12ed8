"""Small image sets of the catalogue's kind, archives of them, and a server that gives them."""

from __future__ import annotations

import io
import re
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from fixtures_images import encoded, smear
from PIL import Image

from hemavision.datasets.catalogue import BCCD
from hemavision.datasets.image_set import ImageSet, Part, Rule, Source, Table
from hemavision.datasets.verify import digest

NAMES = ("BloodImage_00000.jpg", "BloodImage_00001.jpg", "BloodImage_00002.jpg")
RULES = (
    Rule(r"[^/]+/BCCD/((?:JPEGImages|Annotations)/[^/]+\.(?:jpg|xml))", r"\1"),
    Rule(r"[^/]+/(wbc_types\.csv)", r"\1"),
)


def members() -> dict[str, bytes]:
    """The members of a small archive in the form of BCCD's."""
    image = Image.fromarray(smear())
    content = {
        f"BCCD-master/BCCD/JPEGImages/{name}": encoded(image, "JPEG", quality=80 + number)
        for number, name in enumerate(NAMES)
    }
    lines = [f"{name},neutrophil" for name in NAMES]
    content["BCCD-master/wbc_types.csv"] = "\n".join(["image,wbc_types", *lines]).encode()
    content["BCCD-master/README.md"] = b"not taken"
    return content


def zipped(content: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    return stream.getvalue()


@pytest.fixture
def archive() -> bytes:
    return zipped(members())


@pytest.fixture
def small_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ImageSet:
    """A set of three images that stands in the catalogue as ``small``."""
    copy = tmp_path / "reference" / "JPEGImages"
    copy.mkdir(parents=True)
    for name, data in members().items():
        if name.endswith(".jpg"):
            (copy / Path(name).name).write_bytes(data)
    images = digest(copy.iterdir(), copy.parent)
    small = ImageSet(
        name="small",
        title="Small",
        what="three fields",
        licence="MIT",
        citation="nobody",
        homepage="http://localhost/",
        images=3,
        megabytes=1,
        tables=(Table("wbc_types.csv", "image", "JPEGImages", "wbc_types", ("neutrophil",)),),
        parts=(Part("JPEGImages/*.jpg", 3, images), Part("wbc_types.csv", 1)),
        source=Source("http://localhost/", "small.zip", RULES),
    )
    monkeypatch.setattr("hemavision.datasets.catalogue.CATALOGUE", (small, BCCD))
    monkeypatch.setattr("hemavision.datasets.download.arrange", lambda image_set, folder: None)
    monkeypatch.setattr("hemavision.datasets.download.CHUNK", 250)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("HEMAVISION_DATA", str(tmp_path / "data"))
    return small


@dataclass
class Host:
    """A file server on loopback that can be told to misbehave."""

    address: str = ""
    content: bytes = b""
    tag: str | None = '"v1"'
    status: int = 200
    #: Answers are cut after so many bytes, one answer an entry; then they are whole.
    cuts: list[int] = field(default_factory=list)
    #: The Range header of each request, None without one.
    ranges: list[str | None] = field(default_factory=list)


@pytest.fixture
def host(archive: bytes) -> Iterator[Host]:
    state = Host(content=archive)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = self.headers.get("Range")
            state.ranges.append(asked)
            same = self.headers.get("If-Range") == state.tag
            match = re.fullmatch(r"bytes=(\d+)-", asked or "") if same else None
            start = int(match[1]) if match else 0
            self.send_response(206 if match and state.status == 200 else state.status)
            body = state.content[start:]
            self.send_header("Content-Length", str(len(body)))
            if match:
                total = len(state.content)
                self.send_header("Content-Range", f"bytes {start}-{total - 1}/{total}")
            if state.tag:
                self.send_header("ETag", state.tag)
            self.end_headers()
            self.wfile.write(body[: state.cuts.pop(0)] if state.cuts else body)

        def log_message(self, *arguments: object) -> None:
            """Keep the test's output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.address = f"http://127.0.0.1:{server.server_address[1]}/small.zip"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield state
    server.shutdown()
    server.server_close()
    thread.join(timeout=10)
