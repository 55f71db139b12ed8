from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from functools import partial
from importlib.util import find_spec
from itertools import count
from pathlib import Path

import fsspec
import pytest
from fixtures_archives import BAD_ENTRIES, with_bad_entries
from fsspec.implementations.memory import MemoryFile
from real_parts import missing

from hemavision.batch import remote
from hemavision.batch.items import Item
from hemavision.batch.opening import Opener
from hemavision.batch.sources import find_items
from hemavision.errors import ImageError, JobError, PlaceError
from hemavision.images.opening import Photo

from .conftest import small_png, tarred, zipped

PICTURES = {"a/1.png": small_png(1), "a/2.png": small_png(2), "b.png": small_png(3)}
#: Beside them, and nobody's business.
OTHERS = {"a/labels.csv": b"path,label", "a/._1.png": b"fork", ".hidden/x.png": b"x"}


def write(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def names(*places: object, skip: tuple[Path, ...] = ()) -> list[str]:
    return [item.name for item in find_items(map(str, places), skip)]


def opened(*places: object) -> dict[str, Photo | str]:
    """Open all that places give; what cannot be read has its error."""
    with Opener() as opener:
        batches = list(opener.open_in_batches(find_items(map(str, places))))
    return {item.name: photo for batch in batches for item, photo in batch}


def brightness(found: dict[str, Photo | str]) -> list[int]:
    return [int(photo.rgb[0, 0, 0]) for photo in found.values() if isinstance(photo, Photo)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path / "smears", PICTURES | OTHERS)


def test_folders_and_patterns(folder: Path) -> None:
    # What lies in a folder itself stands before what lies deeper.
    everything = [str(folder / name) for name in ("b.png", "a/1.png", "a/2.png")]
    assert names(folder) == everything
    assert names(folder / "*") == [*everything[1:], everything[0]]
    assert names(folder / "**") == [*everything[1:], everything[0]]
    assert names(folder / "a" / "[12].png") == everything[1:]
    assert names(folder, skip=(folder / "a",)) == everything[:1]
    # A name with a bracket is no pattern where there is such a file.
    odd = folder / "[1].png"
    odd.write_bytes(small_png(9))
    assert names(odd) == [str(odd)]


@pytest.mark.parametrize("suffix", [".zip", ".tar", ".tar.gz", ".TGZ"])
def test_archives(tmp_path: Path, suffix: str) -> None:
    archive = tmp_path / f"smears{suffix}"
    if suffix == ".zip":
        archive.write_bytes(zipped(PICTURES | OTHERS))
    else:
        archive.write_bytes(tarred(PICTURES | OTHERS, "w" if suffix == ".tar" else "w:gz"))
    found = opened(archive)
    assert list(found) == [f"{archive}/{name}" for name in (*PICTURES, ".hidden/x.png")]
    assert brightness(found) == [37, 74, 111]
    assert names(tmp_path / "*") == list(found)
    assert names(f"file://{archive}") == [name.replace("/", "file:///", 1) for name in found]
    assert brightness(opened(f"file://{archive}")) == [37, 74, 111]


def test_each_bad_entry_of_an_archive_fails_alone(tmp_path: Path) -> None:
    entries = dict.fromkeys(BAD_ENTRIES, PICTURES["b.png"] * 50) | PICTURES
    archive = tmp_path / "bad.zip"
    archive.write_bytes(with_bad_entries(entries))
    found = opened(archive)
    assert brightness(found) == [37, 74, 111]
    for name, (_, said) in BAD_ENTRIES.items():
        assert said in str(found[f"{archive}/{name}"])


def test_what_cannot_be_listed_fails_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "bad.zip").write_bytes(zipped(PICTURES)[:-30])
    (tmp_path / "none.tar").write_bytes(b"no archive")
    (tmp_path / "slide.svs").write_bytes(b"x")
    found = opened(*(tmp_path / n for n in ("gone.jpg", "empty", "bad.zip", "none.tar", "gone.zip",
                                            "*.gif", "slide.svs", "")))  # fmt: skip
    said = {Path(name).name: str(error) for name, error in found.items()}
    assert said.pop("slide.svs").startswith("whole-slide files are not read.")
    assert said.pop("bad.zip").startswith("this is no ZIP or tar archive.")
    assert said == {
        "gone.jpg": "there is no such file.",
        "empty": "there is no image in it.",
        "none.tar": "this is no ZIP or tar archive.",
        "gone.zip": "there is no such file.",
        "*.gif": "there is no image in it.",
    }


def test_an_archive_that_changed_is_not_mixed_up(tmp_path: Path) -> None:
    archive = tmp_path / "smears.zip"
    archive.write_bytes(zipped(PICTURES))
    items = list(find_items([str(archive)]))
    archive.write_bytes(zipped(dict(reversed(PICTURES.items()))))
    with Opener() as opener:
        (batch,) = opener.open_in_batches(items)
    said = [photo if isinstance(photo, str) else "" for _, photo in batch]
    assert said == ["the archive is not the one that the job was begun with.", "", said[0]]


def test_an_item_is_a_line() -> None:
    for item in (Item("a\udcff\n.jpg"), Item("z.zip/a", "z.zip", 0), Item("x", error="gone.")):
        assert item.to_line().count("\n") == 1
        assert Item.from_line(item.to_line()) == item


# URLs


@pytest.fixture
def memory() -> Iterator[str]:
    system = fsspec.filesystem("memory")
    for name, content in (PICTURES | OTHERS).items():
        system.pipe_file(f"/smears/{name}", content)
    yield "memory://smears"
    system.rm("/smears", recursive=True)


@pytest.fixture
def http_is_read() -> None:
    if find_spec("aiohttp") is None:
        missing("aiohttp, which reads http://")


@pytest.fixture
def web(folder: Path, http_is_read: None) -> Iterator[str]:
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None: ...

    handler = partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("kind", ["file", "memory", "web"])
def test_urls(kind: str, request: pytest.FixtureRequest, folder: Path) -> None:
    place = f"file://{folder}" if kind == "file" else request.getfixturevalue(kind)
    found = opened(place)
    root = "memory:///smears" if kind == "memory" else place
    assert list(found) == [f"{root}/{name}" for name in ("b.png", "a/1.png", "a/2.png")]
    assert brightness(found) == [111, 37, 74]
    assert brightness(opened(f"{place}/b.png")) == [111]
    assert str(opened(f"{place}/gone.png")[f"{place}/gone.png"]) == "there is no such file."
    if kind != "web":
        assert brightness(opened(f"{place}/a/*.png")) == [37, 74]


def test_a_url_that_nothing_here_reads() -> None:
    with pytest.raises(JobError, match="nothing here reads such URLs"):
        names("nosuchplace://bucket/x")
    with pytest.raises(JobError, match="Give the archive's own URL"):
        names("zip://x.png::memory://y.zip")
    # Nothing here installs what reads these.
    with pytest.raises(JobError, match=r"\(.*gcsfs.*pip install 'hemavision\[cloud\]'"):
        names("gs://bucket/x")


@pytest.mark.usefixtures("http_is_read")
def test_a_server_that_is_not_there_ends_the_job(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hemavision.batch.remote.WAITS_S", (0.0,))
    with pytest.raises(PlaceError, match=r"http://127.0.0.1:1/x.png cannot be reached"):
        opened("http://127.0.0.1:1/x.png")


def test_an_archive_whose_connection_breaks_is_not_damaged(
    memory: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bad entries fail; a stream that breaks ends the job, and is read when it is there again."""
    monkeypatch.setattr("hemavision.batch.remote.WAITS_S", ())
    entries = dict.fromkeys(BAD_ENTRIES, PICTURES["b.png"] * 50) | PICTURES
    place = f"{memory}/bad.zip"
    system = fsspec.filesystem("memory")
    system.pipe_file("/smears/bad.zip", with_bad_entries(entries))
    assert brightness(opened(place)) == [37, 74, 111]
    real, reads = MemoryFile.read, count()

    def read(self: MemoryFile, *arguments: object) -> bytes:
        if next(reads) >= 20:
            raise ConnectionResetError("connection reset by peer")
        content: bytes = real(self, *arguments)
        return content

    monkeypatch.setattr(MemoryFile, "read", read)
    for broken in (0, 1, 5, 12):
        reads = count(20 - broken)
        with pytest.raises(PlaceError, match=r"bad.zip cannot be reached \(connection reset"):
            opened(place)


@pytest.mark.parametrize(
    ("code", "raised"), [("AccessDenied", ImageError), ("ExpiredToken", PlaceError)]
)
def test_a_key_that_expires_at_night_is_no_image_s_fault(
    code: str, raised: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "WAITS_S", ())

    class Said(Exception):
        response = {"Error": {"Code": code}}  # noqa: RUF012

    def get() -> None:
        raise PermissionError(code) from Said()

    with pytest.raises(raised):
        remote.reached("s3://smears/x.png", get)
