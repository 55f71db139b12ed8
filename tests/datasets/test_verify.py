from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from hemavision.cli import main
from hemavision.datasets.catalogue import BCCD, CATALOGUE, JTSC, KAGGLE, PBC, find_image_set
from hemavision.datasets.image_set import ImageSet
from hemavision.datasets.verify import verify

#: Sets of thousands of images, or of large ones.
LARGE = (KAGGLE, BCCD, PBC)


def problems(image_set: ImageSet, folder: Path) -> list[str]:
    return list(verify(image_set, folder, lambda count: None))


@pytest.mark.parametrize(
    "image_set",
    [
        *(one for one in CATALOGUE if one not in LARGE),
        *(pytest.param(one, marks=pytest.mark.long) for one in LARGE),
    ],
    ids=lambda image_set: image_set.name,
)
def test_the_real_sets_are_sound(image_set: ImageSet, data: Path) -> None:
    opened = []
    assert list(verify(image_set, data / image_set.name, opened.append)) == []
    assert sum(opened) >= image_set.images


@pytest.fixture
def copy(data: Path, tmp_path: Path) -> Path:
    """A copy of the smallest real set, to be damaged."""
    return shutil.copytree(data / "jtsc", tmp_path / "jtsc", copy_function=shutil.copy)


def rewrite(path: Path, old: str, new: str) -> None:
    path.chmod(0o644)
    text = path.read_bytes().decode()
    assert old in text
    path.write_bytes(text.replace(old, new, 1).encode())


@pytest.fixture(autouse=True)
def writable(request: pytest.FixtureRequest) -> None:
    """The data folder may be read-only; a copy of it must not be."""
    if "copy" in request.fixturenames:
        folder: Path = request.getfixturevalue("copy")
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)


def test_a_missing_image_is_named(copy: Path) -> None:
    (copy / "images" / "007.png").unlink()
    found = problems(JTSC, copy)
    assert "images/*.png: 299 files where 300 belong." in found
    assert "images/007.png: in labels.csv, but no such file." in found


def test_an_image_without_a_line_is_named(copy: Path) -> None:
    shutil.copy(copy / "images" / "007.png", copy / "images" / "999.png")
    assert "images/999.png: no line in labels.csv." in problems(JTSC, copy)


def test_an_unreadable_image_is_named(copy: Path) -> None:
    path = copy / "images" / "007.png"
    path.write_bytes(path.read_bytes()[:2000])
    assert any(line.startswith("images/007.png (PNG image") for line in problems(JTSC, copy))


def test_wrong_labels_are_named(copy: Path) -> None:
    rewrite(copy / "labels.csv", "images/007.png,lymphocyte", "images/007.png,lymphozyt")
    found = problems(JTSC, copy)
    assert "images/007.png (lymphozyt): unknown label in labels.csv." in found
    assert "labels.csv: as many files as belong, but their names or contents differ." in found


def test_a_line_twice_is_named(copy: Path) -> None:
    rewrite(copy / "labels.csv", "images/008.png", "images/007.png")
    assert "images/007.png: twice in labels.csv." in problems(JTSC, copy)


def test_a_missing_or_foreign_table_is_said(copy: Path) -> None:
    (copy / "labels.csv").write_text("a,b\n1,2\n")
    assert "labels.csv needs lines with the columns label, path." in problems(JTSC, copy)
    (copy / "labels.csv").unlink()
    assert "labels.csv is missing." in problems(JTSC, copy)


def test_many_problems_of_a_kind_are_counted(copy: Path) -> None:
    for number in range(1, 31):
        (copy / "images" / f"{number:03}.png").unlink()
    found = problems(JTSC, copy)
    assert "and 20 more: in labels.csv, but no such file." in found
    assert len(found) < 20


def test_changed_content_is_found(data: Path, tmp_path: Path) -> None:
    bccd = shutil.copytree(data / "bccd", tmp_path / "bccd", copy_function=shutil.copy)
    image = bccd / "JPEGImages" / "BloodImage_00000.jpg"
    image.chmod(0o644)
    image.write_bytes(image.read_bytes() + b"\0")
    expected = "JPEGImages/*.jpg: as many files as belong, but their names or contents differ."
    assert problems(BCCD, bccd) == [expected]


def test_masks_may_be_absent(data: Path, tmp_path: Path) -> None:
    ignore = shutil.ignore_patterns("NucleusMasks")
    bccd = shutil.copytree(data / "bccd", tmp_path / "bccd", ignore=ignore)
    assert problems(BCCD, bccd) == []


def test_the_command_names_problems_and_gives_status_1(copy: Path) -> None:
    (copy / "images" / "007.png").unlink()
    run = CliRunner().invoke
    result = run(main, ["data", "verify", "jtsc", "bccd", "--folder", str(copy.parent)])
    assert result.exit_code == 1
    assert "jtsc: images/007.png: in labels.csv, but no such file." in result.stderr
    assert f"bccd: {copy.parent / 'bccd'} is missing." in result.stderr
    assert "jtsc: 2 problems" in result.stdout


def test_the_command_on_a_sound_set(data: Path) -> None:
    result = CliRunner().invoke(main, ["data", "verify", "jtsc", "--folder", str(data)])
    assert (result.exit_code, result.output) == (0, "jtsc: sound, 300 images\n")


def test_unknown_name_is_wrong_usage() -> None:
    assert CliRunner().invoke(main, ["data", "verify", "imagenet"]).exit_code == 2
    assert find_image_set("pbc").images == 13_898
