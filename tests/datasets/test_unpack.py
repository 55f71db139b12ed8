from __future__ import annotations

import io
import random
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest
from fixtures_archives import BAD_ENTRIES, with_bad_entries

from hemavision.datasets.image_set import Rule
from hemavision.datasets.unpack import unpack
from hemavision.errors import DataError
from hemavision.images import archives

RULES = (Rule(r"set/(.+)", r"\1"),)
#: Member names that lead somewhere else on one system or another.
ESCAPES = (
    "../evil.txt",
    "set/../../evil.txt",
    "/evil.txt",
    "set/a/../../../evil.txt",
    "..\\evil.txt",
    "set\\..\\..\\evil.txt",
    "C:/evil.txt",
    "C:evil.txt",
)


def write_zip(path: Path, names: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in names.items():
            info = zipfile.ZipInfo("placeholder")
            info.filename = name  # as it is: ZipInfo would tidy some of these up
            archive.writestr(info, content)
    return path


def write_tar(path: Path, members: list[tarfile.TarInfo], content: bytes = b"x") -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for member in members:
            if member.isreg():
                member.size = len(content)
            archive.addfile(member, io.BytesIO(content) if member.isreg() else None)
    return path


def files(folder: Path) -> set[str]:
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "work" / "out"
    folder.mkdir(parents=True)
    return folder


def test_rules_choose_and_place(tmp_path: Path, out: Path) -> None:
    archive = write_zip(tmp_path / "a.zip", {"set/a/1.txt": b"1", "other/2.txt": b"2"})
    assert unpack(archive, out, RULES) == 1
    assert files(out) == {"a/1.txt"}
    tar = write_tar(tmp_path / "a.tgz", [tarfile.TarInfo("set/b/3.txt"), tarfile.TarInfo("4.txt")])
    assert unpack(tar, out, RULES) == 1
    assert (out / "b" / "3.txt").read_bytes() == b"x"


@pytest.mark.parametrize("name", ESCAPES)
@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_a_path_that_leads_out_refuses_the_archive(
    tmp_path: Path, out: Path, name: str, kind: str
) -> None:
    if kind == "zip":
        archive = write_zip(tmp_path / "a.zip", {"set/good.txt": b"1", name: b"2"})
    else:
        members = [tarfile.TarInfo("set/good.txt"), tarfile.TarInfo(name)]
        archive = write_tar(tmp_path / "a.tar.gz", members)
    before = files(tmp_path)
    with pytest.raises(DataError, match="leads out of the archive"):
        unpack(archive, out, RULES)
    assert files(tmp_path) == before


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE]
)
def test_links_and_devices_are_refused(tmp_path: Path, out: Path, kind: bytes) -> None:
    member = tarfile.TarInfo("set/link")
    member.type, member.linkname = kind, "/etc"
    archive = write_tar(tmp_path / "a.tar", [member, tarfile.TarInfo("set/link/evil.txt")])
    with pytest.raises(DataError, match="link or device"):
        unpack(archive, out, RULES)
    assert files(out) == set()


def test_a_link_in_a_zip_is_refused(tmp_path: Path, out: Path) -> None:
    link = zipfile.ZipInfo("set/link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(link, "/etc")
    with pytest.raises(DataError, match="link or device"):
        unpack(tmp_path / "a.zip", out, RULES)


def test_too_much_is_refused_before_anything_is_written(
    tmp_path: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "MOST_BYTES", 1000)
    archive = write_zip(tmp_path / "a.zip", {"set/a": bytes(600), "set/b": bytes(600)})
    with pytest.raises(DataError, match="refused"):
        unpack(archive, out, RULES)
    assert files(out) == set()


def test_a_member_that_is_larger_than_announced(tmp_path: Path, out: Path) -> None:
    archive = write_zip(tmp_path / "a.zip", {"set/a": bytes(100_000)})
    content = archive.read_bytes()
    size = (100_000).to_bytes(4, "little")
    archive.write_bytes(content.replace(size, (10).to_bytes(4, "little")))
    with pytest.raises(DataError, match="damaged"):
        unpack(archive, out, RULES)


def test_damage_is_said(tmp_path: Path, out: Path) -> None:
    archive = write_zip(tmp_path / "a.zip", {"set/a": b"content of some length" * 50})
    content = bytearray(archive.read_bytes())
    content[60] ^= 0xFF
    archive.write_bytes(content)
    with pytest.raises(DataError, match="damaged"):
        unpack(archive, out, RULES)
    cut = write_tar(tmp_path / "b.tar.gz", [tarfile.TarInfo("set/a")], bytes(100_000))
    cut.write_bytes(cut.read_bytes()[:-40])
    with pytest.raises(DataError):
        unpack(cut, out, RULES)


def test_another_archive_is_said(tmp_path: Path, out: Path) -> None:
    archive = write_zip(tmp_path / "a.zip", {"holiday/photo.jpg": b"1"})
    with pytest.raises(DataError, match="holds nothing of this set"):
        unpack(archive, out, RULES)
    archive.write_bytes(b"<html>")
    with pytest.raises(DataError, match="neither a ZIP nor a tar"):
        unpack(archive, out, RULES)


def test_every_bad_file_is_named_and_the_rest_unpacked(tmp_path: Path, out: Path) -> None:
    archive = tmp_path / "a.zip"
    entries = {"good.png": b"good", **dict.fromkeys(BAD_ENTRIES, bytes(range(256)))}
    called = {name: f"set/{name}" for name in entries}
    archive.write_bytes(with_bad_entries(entries, called))
    with pytest.raises(DataError, match=f"{len(BAD_ENTRIES)} of {len(entries)} files") as raised:
        unpack(archive, out, RULES)
    named = [name for name in BAD_ENTRIES if f"set/{name}: " in str(raised.value)]
    assert named == list(BAD_ENTRIES)[:5]
    assert f"and {len(BAD_ENTRIES) - 5} more" in str(raised.value)
    assert files(out) == {"good.png"}


def test_a_tar_archive_s_damage_is_said(tmp_path: Path, out: Path) -> None:
    for suffix in ("gz", "bz2", "xz"):
        archive = tmp_path / f"a.tar.{suffix}"
        with tarfile.open(archive, f"w:{suffix}") as stream:
            for name in ("set/a", "set/b"):
                member = tarfile.TarInfo(name)
                member.size = 1_000_000  # bzip2 packs 900,000 at a time
                stream.addfile(member, io.BytesIO(random.Random(name).randbytes(member.size)))
        content = bytearray(archive.read_bytes())
        half = len(content) // 2
        for damaged in (content[:half], content[:half] + bytes(20) + content[half + 20 :]):
            archive.write_bytes(damaged)
            with pytest.raises(DataError, match="damaged"):
                unpack(archive, out, RULES)
