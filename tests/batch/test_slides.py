"""Whole slides: cells once across seams, what is not read, and files of others' writers."""

from __future__ import annotations

import json
import random
import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import geojson
import numpy as np
import pytest
from bccd_fields import picture, train_fields
from fakes import FakeEngine
from fixtures_dicom import a_dicom
from fixtures_whole_slides import (  # noqa: F401
    UM_PER_PX,
    mosaic,
    slides_are_read,
    write_by_wsidicomizer,
    write_dicom,
    write_tiff,
)
from PIL import Image
from pyarrow import parquet
from scipy.ndimage import find_objects, label

from hemavision import Model
from hemavision.batch.job import Outcome, open_job
from hemavision.batch.readers import FieldReader
from hemavision.batch.sources import Slides, find_items
from hemavision.errors import ImageError, JobError
from hemavision.images.slides import Slide
from hemavision.images.stain import BLACK, background_of, brightest
from hemavision.reading.field import read_smear
from hemavision.reading.finding.detector import open_detector
from hemavision.reading.finding.tiles import matched
from hemavision.reading.slide import Ground, ground_of, pixel_size
from hemavision.records.results import NOTICE, Box, CellKind, Detection, ModelReference

from .conftest import WORK, contents, counted, in_process, killed

REFERENCE = ModelReference("discs", "0" * 64)
GLASS, BLOOD, NUCLEUS = (225, 222, 215), (190, 120, 110), (110, 40, 140)
#: Pixels from disc to disc, of a disc's radius, and how far it stands out of line.
STEP_PX, RADIUS_PX, JITTER_PX = 60, 14, 14
EDGES = ("left", "top", "right", "bottom")
#: Where the detector sees a field in another phase of its map's steps, cells of a lower score than
#: this may fall to either side of the threshold (0.31 for red cells).
DOUBTED = 0.45


class DiscFinder:
    """Finds discs by their colour: whatever tile it is shown, the same ones."""

    reference = REFERENCE

    def find(self, rgb: np.ndarray, *, um_per_px: float | None = None) -> list[Detection]:
        assert um_per_px is not None
        places, _ = label(rgb[..., 1] < 170)
        return [self._disc(rgb, *where) for where in find_objects(places)]

    def _disc(self, rgb: np.ndarray, rows: slice, columns: slice) -> Detection:
        middle = rgb[(rows.start + rows.stop) // 2, (columns.start + columns.stop) // 2]
        kind = CellKind.WHITE if middle[1] < 80 else CellKind.RED
        return Detection(kind, Box(columns.start, rows.start, columns.stop, rows.stop), 0.9)


def drawn(side: int) -> tuple[np.ndarray, set[tuple[int, ...]]]:
    """Return a slide of discs, its right third thick blood above and empty glass below."""
    chance = random.Random(side)
    rgb = np.full((side, side, 3), GLASS, np.uint8)
    disc = np.hypot(*np.mgrid[-RADIUS_PX : RADIUS_PX + 1, -RADIUS_PX : RADIUS_PX + 1]) <= RADIUS_PX
    boxes = set()
    for y in range(40, side - 40, STEP_PX):
        for x in range(40, side * 2 // 3 - 40, STEP_PX):
            top, left = (c + chance.randint(-JITTER_PX, JITTER_PX) - RADIUS_PX for c in (y, x))
            bottom, right = top + len(disc), left + len(disc)
            rgb[top:bottom, left:right][disc] = NUCLEUS if chance.random() < 0.1 else BLOOD
            boxes.add((left, top, right, bottom))
    rgb[: side // 2, side * 2 // 3 :] = BLOOD
    return rgb, boxes


def read(
    folder: Path, places: Sequence[Path], finder: Any, model: Model | None = None, **asked: Any
) -> Outcome:
    named = tuple(map(str, places))
    work = replace(WORK, command="detect", paths=named, schema="hemavision.detect/1", **asked)
    reader = FieldReader(model or Model(FakeEngine(), REFERENCE), finder)
    with open_job(folder, work, reader, named) as job:
        return job.run(lambda done, failed: None)


@pytest.mark.parametrize(
    ("side", "to"),
    [(1300, "parquet"), pytest.param(6000, "jsonl", marks=pytest.mark.long)],
)
def test_each_cell_is_told_once(tmp_path: Path, side: int, to: str) -> None:
    rgb, boxes = drawn(side)
    place = write_tiff(tmp_path / "smear 1.tif", rgb, um_per_px=0.25)
    outcome = read(tmp_path / "job", [place], DiscFinder(), to=to, part_images=3)
    (folder,) = outcome.slides.iterdir()
    assert folder.name == "000-smear_1"
    assert outcome.failed == 0
    shapes = geojson.loads((folder / "cells.geojson").read_text())
    assert shapes.is_valid
    assert shapes["notice"] == NOTICE
    corners = [feature["geometry"]["coordinates"][0] for feature in shapes["features"]]
    told = [(*ring[0], *ring[2]) for ring in corners]
    # What is thick is one thing to this finder, wherever a tile reaches into it.
    thin = side * 2 // 3 - 40
    assert Counter(box for box in told if box[0] < thin) == Counter(boxes)
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["tiles"]["glass"] > 0
    assert summary["tiles"]["thick"] > 0
    assert summary["tiles"]["read"] == outcome.images
    assert sum(summary["counts"].values()) == len(told)
    white = summary["counts"]["white_cell"]
    assert (
        summary["differential"]["total"]
        == white
        == sum(share["count"] for share in summary["differential"]["shares"])
    )
    share = max(summary["differential"]["shares"], key=lambda share: share["count"])
    assert 0 < share["low"] < share["percent"] <= share["high"] <= 100
    with Image.open(folder / "thumbnail.png") as thumbnail:
        assert thumbnail.size == (min(side, 1600), min(side, 1600))
        assert NOTICE in thumbnail.text["Description"]  # type: ignore[attr-defined]
    if to == "parquet":
        rows = parquet.read_table(folder / "cells.parquet").to_pylist()
        assert [tuple(row[edge] for edge in EDGES) for row in rows] == told
        assert {row["path"] for row in rows} == {str(place)}
        assert {row["schema"] for row in rows} == {"hemavision.slide/1"}


@pytest.mark.parametrize(
    ("fields", "write"),
    [
        (2, write_tiff),
        pytest.param(60, write_tiff, marks=pytest.mark.long),
        pytest.param(12, write_by_wsidicomizer, marks=pytest.mark.long),
    ],
)
def test_a_slide_of_fields_has_the_fields_cells(
    tmp_path: Path, data: Path, model: Model, fields: int, write: Callable[..., Path]
) -> None:
    """The same cells as each field has on the same glass by itself."""
    chosen = random.Random(fields).sample(train_fields(data), fields)
    seen = [picture(data, name) for name in chosen]
    rgb, corners = mosaic(seen, columns=min(fields, 10))
    detector = open_detector()
    place = write(tmp_path / "fields.tif", rgb)
    outcome = read(tmp_path / "job", [place], detector, model, to="parquet")
    (folder,) = outcome.slides.iterdir()
    rows = parquet.read_table(folder / "cells.parquet").to_pylist()
    alone: list[dict[str, Any]] = []
    for field, (x, y) in zip(seen, corners, strict=True):
        (height, width), margin = field.shape[:2], min(corners[0])
        top, left = y - margin, x - margin
        on_glass = rgb[top : y + height + margin, left : x + width + margin]
        for cell in read_smear(model, detector, on_glass, um_per_px=UM_PER_PX).cells:
            edges = (cell.box.left + left, cell.box.top + top)
            edges += (cell.box.right + left, cell.box.bottom + top)
            name = cell.prediction.cell_type if cell.prediction else None
            told = dict(zip(EDGES, edges, strict=True))
            alone.append(told | {"kind": cell.kind, "score": cell.score, "cell_type": name})
    types: list[bool] = []
    for kind in CellKind:
        for mine, others in ((rows, alone), (alone, rows)):
            sure = [c for c in mine if c["kind"] == kind and c["score"] >= DOUBTED]
            there = [c for c in others if c["kind"] == kind]
            pairs = matched(boxes_of(there), boxes_of(sure))
            assert -1 not in pairs, (kind, sure[pairs.index(-1)])
            if kind is CellKind.WHITE:
                both = zip(sure, (there[pair] for pair in pairs), strict=True)
                types += [one["cell_type"] == other["cell_type"] for one, other in both]
    # A cell between two types may tip over where its box is a pixel larger.
    assert len(types) >= fields
    assert sum(types) >= 0.95 * len(types)


def boxes_of(cells: Sequence[dict[str, Any]]) -> np.ndarray:
    return np.array([[cell[edge] for edge in EDGES] for cell in cells], float).reshape(-1, 4)


def test_files_of_other_writers_are_read_alike(tmp_path: Path, data: Path) -> None:
    rgb, _ = mosaic([picture(data, train_fields(data)[0])], columns=1)
    tiff, dicom = write_tiff(tmp_path / "a.tif", rgb), write_dicom(tmp_path / "dicom", rgb)
    height, width = rgb.shape[:2]
    part = Box(101, 203, 701, 503)
    for place in (tiff, dicom, dicom / "0.dcm"):
        with Slide(place) as slide:
            assert (slide.width, slide.height) == (width, height)
            assert slide.um_per_px == pytest.approx(UM_PER_PX)
            assert (slide.read(part, (600, 300)) == rgb[203:503, 101:701]).all()
            half = slide.read(Box(0, 0, width, height), (width // 2, height // 2))
            # A file by itself has no level of that size.
            assert (half == rgb[::2, ::2]).all() == (place != dicom / "0.dcm")
            third = slide.read(part, (200, 100)).astype(int)
            assert abs(third - rgb[203:503, 101:701][1::3, 1::3]).mean() < 6
    # The reader of another house finds the DICOM files sound.
    import openslide

    with openslide.OpenSlide(dicom / "0.dcm") as file:
        assert (np.asarray(file.read_region((0, 0), 0, (width, height)))[..., :3] == rgb).all()
    items = list(find_items(map(str, (tiff, tmp_path)), slides=Slides()))
    named = [item.name.partition("#")[0] for item in items]
    assert named == [str(place) for place in (tiff, tiff, dicom)]
    assert {item.entry for item in items} == {0, 1, 2}
    assert all("not read" in item.error or not item.error for item in items)


@pytest.mark.parametrize(
    "write", [write_dicom, pytest.param(write_by_wsidicomizer, marks=pytest.mark.long)]
)
def test_a_dicom_slide_is_read_as_it_was_written(
    tmp_path: Path, data: Path, write: Callable[..., Path]
) -> None:
    """By pydicom as it is, and by another house's program, compressed."""
    rgb, _ = mosaic([picture(data, train_fields(data)[0])], columns=1)
    height, width = rgb.shape[:2]
    with Slide(write(tmp_path / "dicom", rgb)) as slide:
        assert (slide.width, slide.height) == (width, height)
        assert slide.um_per_px == pytest.approx(UM_PER_PX)
        read = slide.read(Box(101, 203, 701, 503), (600, 300)).astype(int)
        assert abs(read - rgb[203:503, 101:701]).mean() < 1
        half = slide.read(Box(0, 0, width, height), (width // 2, height // 2)).astype(int)
        assert abs(half - rgb[::2, ::2]).mean() < 1


def test_dicom_files_of_one_picture_lie_beside_a_slide(tmp_path: Path, data: Path) -> None:
    field = picture(data, train_fields(data)[0])
    rgb, _ = mosaic([field], columns=1)
    folder = write_dicom(tmp_path / "dicom", rgb)
    for name in ("a.dcm", "b.dcm"):
        (folder / name).write_bytes(a_dicom(field))
    items = list(find_items([str(folder)], slides=Slides()))
    photographs = [item.name for item in items if item.slide is None]
    assert photographs == [str(folder / "a.dcm"), str(folder / "b.dcm")]
    assert {item.slide for item in items if item.slide} == {str(folder)}
    (named,) = find_items([str(folder / "b.dcm")], slides=Slides())
    assert (named.slide, named.error) == (None, "")


def test_a_slide_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    rgb, _ = drawn(600)
    place = write_tiff(tmp_path / "a.tif", rgb, um_per_px=None)
    with pytest.raises(JobError, match=r"a.tif does not say .* --um-per-px"):
        list(find_items([str(place)], slides=Slides()))
    assert len(list(find_items([str(place)], slides=Slides(0.25)))) > 1
    with (
        Slide(write_tiff(tmp_path / "coarse.tif", rgb, um_per_px=1.0)) as slide,
        pytest.raises(JobError, match="pixels of 1 µm, in which a red cell is 7 pixels wide"),
    ):
        pixel_size(slide, "coarse.tif", None)
    # One level is a field, which needs no size of a pixel.
    Image.fromarray(rgb).save(tmp_path / "field.tif")
    assert [item.slide for item in find_items([str(tmp_path / "field.tif")], slides=Slides())] == [
        None
    ]
    (tmp_path / "text.svs").write_text("no slide")
    (failed,) = find_items([str(tmp_path / "text.svs")], slides=Slides())
    assert failed.error.startswith("no slide that can be read (")
    (unread,) = find_items([str(tmp_path / "text.svs")])
    assert (unread.error, unread.slide) == ("", None)
    with pytest.raises(ImageError, match=r"^there is no such file\.$"):
        Slide(tmp_path / "gone.ndpi")


@pytest.mark.parametrize("count", [25, pytest.param(1000, marks=pytest.mark.long)])
def test_no_field_is_taken_for_glass_or_for_the_thick_part(data: Path, count: int) -> None:
    # In µm a pixel, by how wide red cells are.
    sets = {"bccd/JPEGImages": 0.071, "bcisc/fields": 0.15, "draaslan": 0.1}
    for folder, um_per_px in sets.items():
        fields = sorted((data / folder).rglob("*.jpg"))
        for path in fields[:: max(1, len(fields) // count)]:
            with Image.open(path) as image:
                size = [round(side * um_per_px / 2.0) for side in image.size]
                rgb = np.asarray(image.convert("RGB").resize(size, Image.Resampling.BOX))
            light = background_of(rgb, brightest(rgb) > BLACK)
            assert ground_of(rgb, light, 2.0) is Ground.THIN, path.name


@pytest.mark.parametrize("kills", [2, pytest.param(50, marks=pytest.mark.long)])
def test_a_killed_slide_ends_as_if_nothing_had_happened(tmp_path: Path, kills: int) -> None:
    place = write_tiff(tmp_path / "a.tif", drawn(750)[0], um_per_px=0.25)

    def work(name: str) -> None:
        read(tmp_path / name, [place], DiscFinder(), to="parquet", part_images=2)

    calls = in_process(lambda: counted(lambda: work("whole")), tmp_path)
    assert calls is not None
    expected = contents(tmp_path / "whole")
    assert "slides/000-a/cells.geojson" in expected
    chance, deaths = random.Random(kills), 0
    while deaths < kills:
        after = chance.randrange(1, calls + 1)
        if in_process(lambda after=after: killed(lambda: work("job"), after), tmp_path) is None:
            deaths += 1
        else:
            assert contents(tmp_path / "job") == expected
            shutil.rmtree(tmp_path / "job")
    in_process(lambda: counted(lambda: work("job")), tmp_path)
    assert contents(tmp_path / "job") == expected
