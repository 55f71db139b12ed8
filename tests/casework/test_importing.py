"""Images into cases: every kind of file, archives good and evil, fields and single cells."""

from __future__ import annotations

import io
import os
import stat
import struct
import zipfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from drawings.cells import SAMPLE_NAMES, sample_png
from fakes import FakeFinder
from fixtures_archives import BAD_ENTRIES, with_bad_entries
from fixtures_cases import make_model
from fixtures_images import BAD, ODD
from PIL import Image

from hemavision.casework.files import open_files
from hemavision.casework.importing import (
    Import,
    Outcome,
    Result,
    Source,
    import_images,
    open_archive,
)
from hemavision.casework.recognition import Networks, read_image
from hemavision.errors import ImageError, MissingError, RefusedError
from hemavision.images import archives
from hemavision.images.opening import open_image
from hemavision.reading.where import CUTOUT_PX
from hemavision.records.results import Box, CellKind, Detection
from hemavision.store import Store
from hemavision.store.cases import create_case, find_case
from hemavision.store.cells import Filter, list_cells
from hemavision.store.images import find_others, list_images, read_content, read_cutouts
from hemavision.store.records import ImageKind, Page

WHITE, CUT = Box(300, 200, 400, 300), Box(0, 0, 60, 60)
FOUND = (
    Detection(CellKind.WHITE, WHITE, 0.9),
    Detection(CellKind.WHITE, CUT, 0.8),
    Detection(CellKind.RED, Box(100, 100, 150, 150), 0.9),
    Detection(CellKind.PLATELET, Box(500, 400, 520, 420), 0.7),
)
PNG = sample_png(SAMPLE_NAMES[0])


def bring(store: Store, case_id: int, sources: Iterable[Source]) -> list[Outcome]:
    return list(import_images(Import(store, case_id, Networks(make_model()), "ann"), sources))


def given(name: str, content: bytes) -> Source:
    return Source(name, lambda: content)


def packed(**entries: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def read_all(archive: bytes) -> list[bytes]:
    return [source.read() for source in open_archive(archive, "a.zip")]


@pytest.fixture
def field() -> tuple[bytes, FakeFinder]:
    """A drawn field as a PNG file, and a finder that knows what is in it."""
    content = sample_png(SAMPLE_NAMES[1])
    rgb = open_image(content).rgb
    assert rgb.shape[0] * rgb.shape[1] > 2 * CUTOUT_PX**2
    return content, FakeFinder([(rgb, FOUND)])


def test_one_bad_file_in_many_loses_nothing_else(
    store: Store, bad_and_odd_images: dict[str, bytes]
) -> None:
    case = create_case(store, "Many", "", "ann")
    names = [*ODD, *BAD, "good_jpeg"]
    outcomes = bring(store, case.id, [given(name, bad_and_odd_images[name]) for name in names])
    failed = {outcome.name for outcome in outcomes if outcome.result is Result.FAILED}
    assert failed == set(BAD)
    assert all(outcome.error for outcome in outcomes if outcome.name in BAD)
    assert find_case(store, case.id).images == len(names) - len(BAD)
    for image in list_images(store, case.id):
        assert read_content(store, image.sha256) == bad_and_odd_images[image.name]


def test_duplicates_are_recognised_by_content(store: Store) -> None:
    first, second = (create_case(store, name, "", "ann") for name in ("One", "Two"))
    (added,) = bring(store, first.id, [given("a.png", PNG)])
    (again,) = bring(store, first.id, [given("renamed.png", PNG)])
    (elsewhere,) = bring(store, second.id, [given("a.png", PNG)])
    assert (added.result, added.cells, added.also_in) == (Result.ADDED, 1, ())
    assert (again.result, again.same_as) == (Result.DUPLICATE, "a.png")
    assert (elsewhere.result, elsewhere.also_in) == (Result.ADDED, (first.id,))


def test_there_has_to_be_a_case(store: Store) -> None:
    with pytest.raises(MissingError):
        bring(store, 7, [given("a.png", PNG)])


def test_any_name_can_be_kept(store: Store) -> None:
    for name in ("../../etc/passwd.png", "a\x00b\nc.png", "\udcff.png", "x" * 999):
        case = create_case(store, "Names", "", "ann")
        (outcome,) = bring(store, case.id, [given(name, PNG)])
        (image,) = list_images(store, case.id)
        assert outcome.result is Result.ADDED, name
        assert image.name == outcome.name
        assert len(image.name) <= 255


def test_a_field_s_white_cells_are_cut_out(store: Store, field: tuple[bytes, FakeFinder]) -> None:
    content, finder = field
    case = create_case(store, "Field", "", "ann")
    into = Import(store, case.id, Networks(make_model(), finder), "ann")
    (outcome,) = import_images(into, [given("field.png", content)])
    assert (outcome.result, outcome.cells) == (Result.ADDED, 1)
    (image,) = list_images(store, case.id)
    assert image.kind is ImageKind.FIELD
    assert image.others == {"white_cell": 1, "red_cell": 1, "platelet": 1}
    assert {other.kind for other in find_others(store, image.id)} == set(image.others)
    (cell,) = list_cells(store, case.id, Filter(), Page())[0]
    assert cell.box == WHITE
    png = read_cutouts(store, [cell.id])[cell.id]
    rgb = open_image(content).rgb
    np.testing.assert_array_equal(open_image(png).rgb, rgb[150:350, 250:450])


def test_what_an_image_shows_can_be_said(field: tuple[bytes, FakeFinder]) -> None:
    content, finder = field
    networks = Networks(make_model(), finder)
    assert read_image(networks, "f", content).kind is ImageKind.FIELD
    assert read_image(networks, "f", content, ImageKind.CELL).kind is ImageKind.CELL
    assert read_image(networks, "f", content, ImageKind.FIELD).kind is ImageKind.FIELD
    blind = Networks(make_model())
    assert read_image(blind, "f", content).kind is ImageKind.CELL
    with pytest.raises(RefusedError, match="no detector"):
        read_image(blind, "f", content, ImageKind.FIELD)


def test_a_field_without_white_or_red_cells_is_a_cell_by_default() -> None:
    content = sample_png(SAMPLE_NAMES[1])
    rgb = open_image(content).rgb
    for found in (FOUND[:2], FOUND[2:]):
        networks = Networks(make_model(), FakeFinder([(rgb, found)]))
        assert read_image(networks, "f", content).kind is ImageKind.CELL
        assert read_image(networks, "f", content, ImageKind.FIELD).kind is ImageKind.FIELD


def test_a_small_image_is_a_cell_whatever_is_found_in_it() -> None:
    small = Image.fromarray(open_image(PNG).rgb).resize((320, 240))
    buffer = io.BytesIO()
    small.save(buffer, "PNG")
    content = buffer.getvalue()
    networks = Networks(make_model(), FakeFinder([(open_image(content).rgb, FOUND[::2])]))
    assert read_image(networks, "f", content).kind is ImageKind.CELL


def test_an_archive_s_images_are_read(store: Store) -> None:
    archive = packed(**{"a/one.png": PNG, "a/notes.txt": b"x", "__MACOSX/a/._one.png": b"x",
                        "a/.hidden.png": b"x", "a/": b"", "two.jpg": b"no image"})  # fmt: skip
    case = create_case(store, "Archive", "", "ann")
    outcomes = bring(store, case.id, open_archive(archive, "s.zip"))
    assert [(o.name, o.result) for o in outcomes] == [
        ("s.zip/a/one.png", Result.ADDED),
        ("s.zip/two.jpg", Result.FAILED),
    ]


def test_a_name_that_leads_out_of_the_archive_is_refused(store: Store) -> None:
    for name in (
        "../evil.png",
        "a/../../evil.png",
        "/etc/evil.png",
        "C:\\evil.png",
        "\\\\h\\s\\e.png",
    ):
        case = create_case(store, "Evil", "", "ann")
        archive = packed(**{name: PNG, "good.png": PNG})
        evil, good = bring(store, case.id, open_archive(archive, "e.zip"))
        assert (evil.result, good.result) == (Result.FAILED, Result.ADDED), name
        assert "leads out of the archive" in str(evil.error)


def test_a_bad_entry_fails_alone_and_is_named(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "s.zip"
    path.write_bytes(with_bad_entries({"good.png": PNG, **dict.fromkeys(BAD_ENTRIES, PNG)}))
    case = create_case(store, "Half", "", "ann")
    outcomes = bring(store, case.id, open_files([path]))
    assert outcomes[0].result is Result.ADDED
    told = {Path(o.name).name: str(o.error) for o in outcomes if o.result is Result.FAILED}
    assert list(told) == list(BAD_ENTRIES)
    for name, (_, words) in BAD_ENTRIES.items():
        assert words in told[name], name


def test_a_link_in_an_archive_is_refused() -> None:
    link = zipfile.ZipInfo("link.png")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(ImageError, match="link"):
        read_all(buffer.getvalue())


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    archive = packed(**{f"{i}.png": bytes(40 * 2**20) for i in range(3)})
    assert len(archive) < 2**20
    with pytest.raises(ImageError, match="zip bomb"):
        list(open_archive(archive, "bomb.zip"))


def test_a_bomb_that_lies_about_its_size_is_refused() -> None:
    archive = packed(**{"a.png": bytes(2**24)})
    lying = archive.replace(struct.pack("<I", 2**24), struct.pack("<I", 1000))
    with pytest.raises(ImageError, match=r"size|unpacked"):
        read_all(lying)


def test_too_many_entries_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MOST_ENTRIES", 2)
    with pytest.raises(ImageError, match="more than 2 entries"):
        list(open_archive(packed(**{f"{i}.png": b"" for i in range(3)}), "m.zip"))


def test_a_large_entry_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MOST_ENTRY_BYTES", 10)
    with pytest.raises(ImageError, match="an entry may have 10"):
        read_all(packed(**{"a.png": PNG}))


@pytest.mark.parametrize("content", [b"PK\x03\x04", b"PK\x03\x04" + bytes(100)])
def test_a_damaged_archive_says_so(content: bytes) -> None:
    with pytest.raises(ImageError, match="no sound ZIP archive"):
        list(open_archive(content, "d.zip"))


def test_files_of_a_disk(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(PNG)
    (tmp_path / "b.zip").write_bytes(packed(**{"in.png": PNG}))
    (tmp_path / "c.zip").write_bytes(b"PK\x03\x04")
    os.mkfifo(tmp_path / "pipe.png")
    names = ["a.png", "b.zip", "c.zip", "pipe.png", "missing.png", "."]
    read: dict[str, bytes | str] = {}
    for source in open_files([tmp_path / name for name in names]):
        try:
            read[Path(source.name).name] = source.read()
        except ImageError as error:
            read[Path(source.name).name] = str(error)
    assert read["a.png"] == read["in.png"] == PNG
    assert "no sound ZIP archive" in str(read["c.zip"])
    assert "not a regular file" in str(read["pipe.png"])
    assert "no such file" in str(read["missing.png"])
    assert "no image in this folder" in str(read[tmp_path.name])
