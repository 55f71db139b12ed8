"""BCISC, LISC and draaslan's fields: out of archives in their hosts' form, and damaged."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from click.testing import CliRunner, Result
from fixtures_images import encoded
from PIL import Image

from hemavision.cli import main
from hemavision.datasets.catalogue import BCISC, DRAASLAN, LISC, find_image_set
from hemavision.datasets.contents import known_contents
from hemavision.datasets.download import cache_folder
from hemavision.datasets.image_set import ImageSet
from hemavision.datasets.verify import images_of, verify

if TYPE_CHECKING:
    from .conftest import Host

SETS = (BCISC, LISC, DRAASLAN)
#: Of each kind of picture every so manieth is packed: the layout is what is tested.
FEW = 12
BCISC_TOP = "BCISC-10cd08c052856fe10f6507248f4ca9e76df58aec"
LISC_TOP = (
    "approach-to-segmentation-and-classification-from-leukocyte-images-to-count-blood-cells-"
    "672b21a4ab0ed14f33c021ed19ad0002f0053385"
)
DRAASLAN_TOP = "blood-cell-detection-dataset-721d642c0948d04e1995cee0bd172cdfedfad32e"


def png(path: Path) -> bytes:
    with Image.open(path) as image:
        return encoded(image, "PNG", compress_level=1)


def bcisc_archive(data: Path, every: int) -> dict[str, bytes]:
    folder = data / "bcisc"
    content = {f"{BCISC_TOP}/original-images/eosi/Thumbs.db": b"not taken"}
    for path in sorted((folder / "cells").iterdir())[::every]:
        content[f"{BCISC_TOP}/sub-images/images/{path.name}"] = path.read_bytes()
        mask = folder / "masks" / f"{path.stem}.png"
        content[f"{BCISC_TOP}/sub-images/masks/{mask.name}"] = mask.read_bytes()
    for path in sorted((folder / "fields").iterdir())[::every]:
        kind, number = path.stem.split("_")
        content[f"{BCISC_TOP}/original-images/{kind}/{number}.jpg"] = path.read_bytes()
        content[f"{BCISC_TOP}/original-images/{kind}/{number}(1).png"] = b"not taken"
    content[f"{BCISC_TOP}/original-images/mono/99-1.jpg"] = path.read_bytes()  # in no table
    return content


def lisc_archive(data: Path, every: int) -> dict[str, bytes]:
    with (data / "lisc" / "labels.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    content = {f"{LISC_TOP}/data1/2.jpg": b"not taken"}
    for row in rows[::every]:
        content[f"{LISC_TOP}/{row['source']}"] = png(data / "lisc" / row["path"])
    content[f"{LISC_TOP}/data2/Baoso/9999.png"] = b"another crop of a cell that is kept"
    return content


def draaslan_archive(data: Path, every: int) -> dict[str, bytes]:
    content = {f"{DRAASLAN_TOP}/annotations.csv": b"not taken"}
    for path in sorted((data / "draaslan" / "fields").iterdir())[::every]:
        content[f"{DRAASLAN_TOP}/images/{path.stem}.png"] = png(path)
    return content


MAKERS = {"bcisc": bcisc_archive, "lisc": lisc_archive, "draaslan": draaslan_archive}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("HEMAVISION_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


def download(name: str, host: Host, content: dict[str, bytes]) -> Result:
    from .conftest import zipped

    host.content = zipped(content)
    return CliRunner().invoke(main, ["data", "download", name, "--url", host.address])


def names_in(folder: Path) -> set[str]:
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB")).astype(int)


@pytest.mark.parametrize("every", [FEW, pytest.param(1, marks=pytest.mark.long)])
@pytest.mark.parametrize("name", MAKERS)
def test_an_archive_becomes_the_set(
    name: str, every: int, data: Path, host: Host, root: Path
) -> None:
    content = MAKERS[name](data, every)
    result = download(name, host, content)
    assert result.exit_code == (every > 1)
    # What is there is as it belongs; what was not packed is missed.
    said = [line.rsplit(": ", 1)[-1] for line in result.stderr.splitlines()]
    assert {line for line in said if "no such file" not in line and "belong" not in line} == set()
    assert bool(said) == (every > 1)
    found, original = root / name, data / name
    tables = {table.name for table in find_image_set(name).tables}
    assert tables <= names_in(found) <= names_in(original)
    pictures = images_of(found)
    assert len(pictures) == sum(b"not taken" not in data for data in content.values()) - (
        name != "draaslan"  # each of the others has one picture more, in no table
    )
    for path in pictures:
        there = original / path.relative_to(found)
        if path.parent.name in ("cells", "masks") and name == "bcisc":
            assert path.read_bytes() == there.read_bytes()
        else:
            assert np.abs(pixels(path) - pixels(there)).mean() < 1
        assert path.suffix == there.suffix


@pytest.mark.parametrize(
    ("image_set", "top"), [(BCISC, BCISC_TOP), (LISC, LISC_TOP), (DRAASLAN, DRAASLAN_TOP)]
)
def test_the_address_is_that_of_one_commit(image_set: ImageSet, top: str) -> None:
    # What GitHub packs for a commit lies in a folder of the repository's and the commit's name.
    repository, commit = top.rsplit("-", 1)
    assert image_set.source.url.endswith(f"/{repository}/archive/{commit}.zip")


def test_large_fields_are_reduced(data: Path, host: Host, root: Path) -> None:
    with Image.open(data / "bcisc" / "fields" / "baso_1-1.jpg") as image:
        large = encoded(image.resize((2048, 1536)), "JPEG", quality=95)
    result = download("bcisc", host, {f"{BCISC_TOP}/original-images/baso/1-1.jpg": large})
    assert result.exit_code == 1  # one field where 246 belong
    assert "fields/baso_1-1.jpg" not in result.stderr
    with Image.open(root / "bcisc" / "fields" / "baso_1-1.jpg") as image:
        assert (image.format, image.size) == ("JPEG", (640, 480))


def test_a_damaged_picture_in_the_archive_is_said(data: Path, host: Host, root: Path) -> None:
    content = draaslan_archive(data, 50)
    name = f"{DRAASLAN_TOP}/images/image-1.png"
    content[name] = content[name][:2000]
    result = download("draaslan", host, content)
    assert result.exit_code == 1
    assert "holds a picture that cannot be read" in result.stderr
    assert "image-1.png" in result.stderr
    assert not root.joinpath("draaslan").exists()
    assert not [path for path in cache_folder().rglob("*") if path.is_file()]


def copied(name: str, data: Path, tmp_path: Path) -> Path:
    """A copy of a real set, to be damaged; the data folder may be read-only."""
    copy = shutil.copytree(data / name, tmp_path / name, copy_function=shutil.copy)
    for path in (copy, *copy.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return copy


@pytest.mark.parametrize(
    ("name", "part", "wrong"),
    [
        ("bcisc", "cells", "not the set's file"),
        ("bcisc", "masks", "not the set's file"),
        ("bcisc", "fields", "not the set's picture"),
        ("lisc", "cells", "not the set's picture"),
        ("draaslan", "fields", "not the set's picture"),
    ],
)
def test_each_file_that_is_not_right_is_named(
    name: str, part: str, wrong: str, data: Path, tmp_path: Path
) -> None:
    copy = copied(name, data, tmp_path)
    missing, cut, swapped, resized, last = sorted((copy / part).iterdir())[:5]
    missing.unlink()
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size // 2])
    shutil.copy(last, swapped)
    with Image.open(resized) as image:
        image.resize((100, 100)).save(resized)
    extra = shutil.copy(last, copy / part / f"extra{last.suffix}")
    found = list(verify(find_image_set(name), copy, lambda count: None))
    tables = " or ".join(table.name for table in find_image_set(name).tables)

    def named(path: Path) -> list[str]:
        return [line for line in found if line.startswith(path.relative_to(copy).as_posix())]

    assert named(swapped) == [f"{part}/{swapped.name}: {wrong}."]
    assert named(extra) == [f"{part}/{extra.name}: no line in {tables}."]
    assert all("but no such file" in line for line in named(missing))
    assert named(missing)
    assert [line for line in named(cut) if line.endswith("unreadable.")]
    assert [line for line in named(resized) if "(100×100): its size in pixels" in line]
    others = [line for line in found if not line.startswith(f"{part}/")]
    assert others == []


def test_another_encoder_s_pictures_are_sound(data: Path, tmp_path: Path) -> None:
    copy = copied("draaslan", data, tmp_path)
    for path in (copy / "fields").iterdir():
        with Image.open(path) as image:
            again = encoded(image, "JPEG", quality=85)
        path.write_bytes(again)
    assert list(verify(DRAASLAN, copy, lambda count: None)) == []


def test_a_changed_box_is_found(data: Path, tmp_path: Path) -> None:
    copy = copied("draaslan", data, tmp_path)
    boxes = copy / "boxes.csv"
    lines = boxes.read_text().splitlines(keepends=True)
    lines[5] = lines[5].replace(",rbc,", ",red,")
    boxes.write_text("".join(lines))
    found = list(verify(DRAASLAN, copy, lambda count: None))
    field = lines[5].split(",")[0]
    assert f"{field} (red): unknown label in boxes.csv." in found
    assert "boxes.csv: as many files as belong, but their names or contents differ." in found


def test_every_file_of_these_sets_is_known(data: Path) -> None:
    for image_set in SETS:
        folder = data / image_set.name
        inside = {path.relative_to(folder).as_posix() for path in images_of(folder)}
        assert known_contents(image_set.name).keys() == inside
    assert known_contents("jtsc") == {}
