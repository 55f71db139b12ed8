"""The catalogue, and that the real sets come out of archives in their hosts' form."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zipfile
from importlib.resources import files
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from PIL import Image

from hemavision.cli import main
from hemavision.datasets.catalogue import CATALOGUE

#: Of the two large sets every so manieth image is packed: the layout is what is tested.
EVERY = 150
NUMBERS = {"neutrophil": 1, "lymphocyte": 2, "monocyte": 3, "eosinophil": 4, "basophil": 5}


def test_list_says_all_that_a_person_must_know(tmp_path: Path) -> None:
    text = CliRunner().invoke(main, ["data", "list", "--folder", str(tmp_path)]).stdout
    joined = " ".join(text.split())
    for image_set in CATALOGUE:
        assert f"{image_set.name} {image_set.images:,} images" in joined
        for fact in (image_set.licence, image_set.homepage, image_set.citation[:40]):
            assert fact in joined
    assert joined.count("not here") == len(CATALOGUE)


def test_the_list_fits_a_narrow_terminal(data: Path) -> None:
    text = CliRunner().invoke(main, ["data", "list", "--folder", str(data)]).stdout
    assert [line for line in text.splitlines() if len(line) > 80] == []


def test_the_packed_tables_are_those_of_the_sets(data: Path) -> None:
    tables = files("hemavision.datasets") / "tables"
    packed = [(s.name, table) for s in CATALOGUE for table in s.tables if table.packed]
    assert len(packed) == 7
    for name, table in packed:
        shipped = gzip.decompress((tables / table.packed).read_bytes())
        assert shipped == (data / name / table.name).read_bytes()


def test_list_as_json(data: Path) -> None:
    result = CliRunner().invoke(main, ["data", "list", "--json", "--folder", str(data)])
    records = [json.loads(line) for line in result.stdout.splitlines()]
    names = ["kaggle_wbc", "bccd", "pbc", "jtsc", "bcisc", "lisc", "draaslan"]
    assert [record["name"] for record in records] == names
    for record in records:
        assert record["here"]
        assert record["url"].startswith("https://")
        assert record["licence"]
        assert record["citation"]


def kaggle_archive(data: Path, archive: zipfile.ZipFile) -> None:
    for path in sorted((data / "kaggle_wbc").glob("*/*/*.jpeg"))[::EVERY]:
        name = path.relative_to(data / "kaggle_wbc").as_posix()
        archive.write(path, f"dataset2-master/dataset2-master/images/{name}")
    archive.writestr("dataset-master/dataset-master/labels.csv", "not taken")


def bccd_archive(data: Path, archive: zipfile.ZipFile) -> None:
    for pattern in ("JPEGImages/*.jpg", "Annotations/*.xml", "ImageSets/Main/*.txt"):
        for path in (data / "bccd").glob(pattern):
            name = path.relative_to(data / "bccd").as_posix()
            archive.write(path, f"BCCD_Dataset-master/BCCD/{name}")
    archive.writestr("BCCD_Dataset-master/export.py", "not taken")


def pbc_archive(data: Path, archive: zipfile.ZipFile) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as packed:
        for path in sorted((data / "pbc").glob("*/*.jpg"))[::EVERY]:
            name = path.relative_to(data / "pbc").as_posix()
            packed.write(path, f"PBC_dataset_normal_DIB/{name}")
        packed.writestr("PBC_dataset_normal_DIB/ig/MY_1.jpg", b"not in the table")
    archive.writestr("PBC_dataset_normal_DIB.zip", inner.getvalue())


def jtsc_archive(data: Path, archive: zipfile.ZipFile) -> None:
    lines = ["image ID,class label"]
    with (data / "jtsc" / "labels.csv").open(newline="") as stream:
        for row in csv.DictReader(stream):
            number = Path(row["path"]).stem
            bitmap = io.BytesIO()
            with Image.open(data / "jtsc" / row["path"]) as image:
                image.save(bitmap, "BMP")
            archive.writestr(f"segmentation_WBC-master/Dataset 1/{number}.bmp", bitmap.getvalue())
            mask = data / "jtsc" / "masks" / f"{number}.png"
            archive.write(mask, f"segmentation_WBC-master/Dataset 1/{number}.png")
            lines.append(f"{int(number)},{NUMBERS[row['label']]}")
    table = "\n".join(lines) + "\n"
    archive.writestr("segmentation_WBC-master/Class Labels of Dataset 1.csv", table)
    archive.writestr("segmentation_WBC-master/Dataset 2/001.bmp", b"not taken")


MAKERS = {
    "kaggle_wbc": kaggle_archive,
    "bccd": bccd_archive,
    "pbc": pbc_archive,
    "jtsc": jtsc_archive,
}


def unpacked(name: str, data: Path, tmp_path: Path) -> tuple[Result, set[str]]:
    """Run ``data download --from`` an archive in the host's layout; return what came out."""
    path = tmp_path / "archive.zip"
    with zipfile.ZipFile(path, "w") as archive:
        MAKERS[name](data, archive)
    root = tmp_path / "data"
    arguments = ["data", "download", name, "--from", str(path), "--folder", str(root)]
    result = CliRunner().invoke(main, arguments)
    found = [p for p in (root / name).rglob("*") if p.is_file()]
    return result, {p.relative_to(root / name).as_posix() for p in found}


@pytest.mark.parametrize("name", ["bccd", "jtsc"])
def test_an_archive_becomes_the_set(name: str, data: Path, tmp_path: Path) -> None:
    result, placed = unpacked(name, data, tmp_path)
    assert result.exit_code == 0, result.stderr
    original = [p for p in (data / name).rglob("*") if p.is_file()]
    expected = {p.relative_to(data / name).as_posix() for p in original}
    assert placed == {path for path in expected if not path.startswith("NucleusMasks/")}


@pytest.mark.parametrize(
    ("name", "table", "count"),
    [("kaggle_wbc", "originals.csv", 12_515), ("pbc", "labels.csv", 13_898)],
)
def test_part_of_a_set_is_placed_and_the_rest_missed(
    name: str, table: str, count: int, data: Path, tmp_path: Path
) -> None:
    result, placed = unpacked(name, data, tmp_path)
    assert result.exit_code == 1
    assert f"in {table}, but no such file" in result.stderr
    assert len(placed) == -(-count // EVERY) + 1
    for file in placed:
        assert (tmp_path / "data" / name / file).read_bytes() == (data / name / file).read_bytes()


def test_large_pbc_images_are_resized(data: Path, tmp_path: Path) -> None:
    cell = next((data / "pbc" / "basophil").iterdir())
    with Image.open(cell) as image:
        large = io.BytesIO()
        image.resize((360, 363)).save(large, "JPEG")
    with zipfile.ZipFile(tmp_path / "pbc.zip", "w") as archive:
        archive.writestr(f"PBC_dataset_normal_DIB/basophil/{cell.name}", large.getvalue())
    arguments = ["data", "download", "pbc", "--from", str(tmp_path / "pbc.zip"), "--folder"]
    result = CliRunner().invoke(main, [*arguments, str(tmp_path)])
    assert result.exit_code == 1  # one image where 13,898 belong
    with Image.open(tmp_path / "pbc" / "basophil" / cell.name) as image:
        assert image.size == (224, 224)
