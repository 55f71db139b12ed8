"""Downloads from a real server on loopback: whole, broken off, changed, wrong and hostile."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from hemavision.cli import main
from hemavision.datasets.download import cache_folder
from hemavision.datasets.image_set import ImageSet

if TYPE_CHECKING:
    from .conftest import Host


def download(host: Host, *arguments: str) -> Result:
    return CliRunner().invoke(
        main, ["data", "download", "small", "--url", host.address, *arguments]
    )


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def root(small_set: ImageSet, tmp_path: Path) -> Path:
    return tmp_path / "data"


def test_a_download_is_unpacked_and_checked(host: Host, root: Path) -> None:
    result = download(host)
    assert result.exit_code == 0, result.stderr
    assert f"archive's SHA-256 {sha256(host.content)}" in result.stdout
    assert "small: sound, 3 images" in result.stdout
    kept = {p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file()}
    images = {f"small/JPEGImages/BloodImage_0000{number}.jpg" for number in range(3)}
    assert kept == images | {"small/wbc_types.csv"}


def test_a_known_checksum_is_held(host: Host, root: Path) -> None:
    assert download(host, "--sha256", sha256(host.content).upper()).exit_code == 0


def test_a_wrong_checksum_keeps_nothing(host: Host, root: Path) -> None:
    result = download(host, "--sha256", "0" * 64)
    assert result.exit_code == 1
    assert "wrong checksum, nothing kept" in result.stderr
    assert sha256(host.content) in result.stderr
    assert not (root / "small").exists()
    assert not [path for path in cache_folder().rglob("*") if path.is_file()]


def test_a_checksum_must_look_like_one(host: Host, root: Path) -> None:
    result = download(host, "--sha256", "abc")
    assert result.exit_code == 1
    assert "64 hexadecimal digits" in result.stderr
    assert host.ranges == []


def test_a_broken_connection_is_resumed(host: Host, root: Path) -> None:
    host.cuts = [1000, 500]
    assert download(host).exit_code == 0
    assert host.ranges == [None, "bytes=1000-", "bytes=1500-"]


def test_the_next_call_goes_on_where_the_last_stopped(host: Host, root: Path) -> None:
    host.cuts = [1000, 500, 250]
    result = download(host)
    assert result.exit_code == 1
    assert "run the command again" in result.stderr
    assert not (root / "small").exists()
    again = download(host)
    assert again.exit_code == 0, again.stderr
    assert host.ranges[-1] == "bytes=1750-"


def test_an_archive_that_changed_meanwhile_comes_whole(host: Host, root: Path) -> None:
    host.cuts = [1000, 0, 0]
    assert download(host).exit_code == 1
    host.tag = '"v2"'
    assert download(host).exit_code == 0
    assert host.ranges[-1] == "bytes=1000-"


@pytest.mark.parametrize("tag", [None, 'W/"weak"'])
def test_without_a_version_it_starts_again(host: Host, root: Path, tag: str | None) -> None:
    host.tag = tag
    host.cuts = [1000]
    assert download(host).exit_code == 0
    assert host.ranges == [None, None]


@pytest.mark.parametrize("status", [404, 403, 500])
def test_a_refusal_is_said(host: Host, root: Path, status: int) -> None:
    host.status = status
    result = download(host)
    assert result.exit_code == 1
    assert str(status) in result.stderr
    assert host.address in result.stderr
    host.status = 200
    assert download(host).exit_code == 0


def test_nobody_there(root: Path) -> None:
    arguments = ["data", "download", "small", "--url", "http://127.0.0.1:9/small.zip"]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 1
    assert "could not be downloaded" in result.stderr
    assert "Traceback" not in result.output


def test_a_login_page_is_recognised_and_not_kept(host: Host, root: Path) -> None:
    archive, host.content = host.content, b"<!doctype html><title>Please log in</title>"
    result = download(host)
    assert result.exit_code == 1
    assert "neither a ZIP nor a tar archive" in result.stderr
    host.content = archive
    assert download(host).exit_code == 0


def test_what_is_there_is_not_touched(host: Host, root: Path) -> None:
    (root / "small").mkdir(parents=True)
    (root / "small" / "mine.txt").write_text("keep")
    result = download(host)
    assert result.exit_code == 1
    assert "is there already" in result.stderr
    assert (root / "small" / "mine.txt").read_text() == "keep"
    assert host.ranges == []


def test_an_archive_fetched_in_a_browser(host: Host, root: Path, tmp_path: Path) -> None:
    archive = tmp_path / "fetched.zip"
    archive.write_bytes(host.content)
    run = CliRunner().invoke
    base = ["data", "download", "small", "--from"]
    wrong = run(main, [*base, str(archive), "--sha256", "0" * 64])
    assert wrong.exit_code == 1
    assert "is expected" in wrong.stderr
    assert run(main, [*base, str(tmp_path / "none.zip")]).exit_code == 1
    assert run(main, [*base, str(archive)]).exit_code == 0
    assert archive.is_file()
    assert host.ranges == []


def test_content_is_checked_even_without_a_checksum(host: Host, root: Path, archive: bytes) -> None:
    from .conftest import members, zipped

    content = members()
    first = "BCCD-master/BCCD/JPEGImages/BloodImage_00000.jpg"
    content[first] = content[first.replace("00000", "00001")]
    host.content = zipped(content)
    result = download(host)
    assert result.exit_code == 1
    assert "names or contents differ" in result.stderr


def test_options_for_one_set_need_one_name(root: Path) -> None:
    for arguments in (["--sha256", "0" * 64], ["small", "bccd", "--url", "http://localhost/"]):
        assert CliRunner().invoke(main, ["data", "download", *arguments]).exit_code == 2
    assert CliRunner().invoke(main, ["data", "download", "no-such-set"]).exit_code == 2
