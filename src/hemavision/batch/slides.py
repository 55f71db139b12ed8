"""What a job has of whole slides, put together from their tiles' rows: each cell once.

Memory holds the cells at the seams of two rows of tiles, however large the slide is.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import groupby, islice
from pathlib import Path
from shutil import rmtree
from typing import Any, NamedTuple, TextIO

import numpy as np
from PIL import Image, ImageDraw
from PIL.PngImagePlugin import PngInfo

from hemavision.batch.items import Item
from hemavision.batch.parts import whole
from hemavision.batch.schema import slide_schema, text_of, types_in
from hemavision.batch.tables import GROUP_ROWS, Row, form_of
from hemavision.differential.counting import find_differential
from hemavision.differential.intervals import ratio_of_counts
from hemavision.errors import ImageError, PlaceError
from hemavision.exports.geojson import COLOURS, detection
from hemavision.images.slides import Slide
from hemavision.reading.finding.detector import MOST_OVERLAP
from hemavision.reading.finding.tiles import surest_boxes
from hemavision.reading.slide import SEAM_UM, Ground, SlideTile, pixel_size, survey
from hemavision.records.cells import CUT
from hemavision.records.results import NOTICE, Box, CellKind, Status

SLIDES = "slides"
CELLS, SUMMARY, THUMBNAIL = "cells", "summary.json", "thumbnail.png"
#: Longest side of the thumbnail, in pixels.
THUMBNAIL_PX = 1600
#: Radius of the rings that mark cells there: in µm, and the least in pixels.
MARKS = {CellKind.WHITE: (8.0, 4), CellKind.RED: (3.6, 0), CellKind.PLATELET: (1.5, 0)}
#: How bright what was not read is at most there: glass, and blood too thick.
SHADES = {Ground.GLASS: 200, Ground.THICK: 100}

#: How near to its own part's end a tile tells cells that its neighbour may tell, too, in µm.
SHARED_UM = 4 * SEAM_UM
#: A tile of a slide, and its row where it could be read.
Read = tuple[Item, Row | None]


class _Counts:
    """What is counted of a slide while its cells pass.

    Attributes:
        tiles: that were read.
        failed: that could not be.
        row: of one of them: who read it, and which types are told apart.
        kinds: cells by kind.
        white: white cells by type, cut and unfamiliar ones apart.
        seen: the slide from afar, uint8 H×W×3.
        shrink: pixels of the slide to one of that.
        marks: of each kind, bool H×W: where in it such cells are.
    """

    def __init__(self, slide: Slide) -> None:
        self.tiles = self.failed = 0
        self.row: Row = {}
        self.kinds: Counter[str] = Counter()
        self.white: Counter[str] = Counter()
        self.seen = slide.overview(THUMBNAIL_PX).copy()
        self.shrink = slide.width / self.seen.shape[1]
        height, width = self.seen.shape[:2]
        self.marks = {kind: np.zeros((height, width), bool) for kind in CellKind}

    def add(self, cell: Row) -> None:
        """Count a cell, its box in pixels of the slide."""
        kind = CellKind(cell["kind"])
        self.kinds[kind] += 1
        if kind is CellKind.WHITE:
            unfamiliar = cell["status"] == Status.UNFAMILIAR
            name = Status.UNFAMILIAR.value if unfamiliar else cell["cell_type"]
            self.white[CUT if cell["cut"] else name] += 1
        marks = self.marks[kind]
        x, y = (int(place / self.shrink) for place in _centre(cell))
        height, width = self.seen.shape[:2]
        marks[min(y, height - 1), min(x, width - 1)] = True


def gather_slides(folder: Path, read: Iterable[Read], work: Mapping[str, Any]) -> None:
    """Write, for each slide, its cells, their differential, their shapes for QuPath, a thumbnail.

    Args:
        folder: of the slides' own folders; it is made where there is a slide.
        read: all inputs of the job, in order, with their rows.
        work: the job's plan.

    Raises:
        PlaceError: a slide cannot be read any more.
    """
    groups = groupby(read, key=lambda pair: (pair[0].slide, pair[0].entry))
    tiled = ((place, tiles) for (place, _), tiles in groups if place is not None)
    for number, (place, tiles) in enumerate(tiled):
        stem = re.sub(r"[^\w.-]", "_", Path(place).stem, flags=re.ASCII)[:100]
        own = folder / f"{number:03}-{stem}"
        own.mkdir(parents=True, exist_ok=True)
        try:
            with Slide(Path(place)) as slide:
                um_per_px = pixel_size(slide, place, work["um_per_px"])
                _write(own, _Open(slide, place, um_per_px), tiles, work["to"])
        except ImageError as error:
            raise PlaceError(f"{place}: {error}") from error


class _Open(NamedTuple):
    """A slide with its name and the side of its pixels."""

    slide: Slide
    place: str
    um_per_px: float


def _write(folder: Path, of: _Open, tiles: Iterable[Read], to: str) -> None:
    counts = _Counts(of.slide)
    with whole(folder / f"{CELLS}.geojson") as path, path.open("w", encoding="ascii") as stream:
        cells = _told(_cells_of(tiles, of.um_per_px, counts), stream, of.place)
        with whole(folder / f"{CELLS}.{to}") as table:
            _write_table(table, to, _rows(cells, of.place, counts))
    grounds: Counter[str] = Counter()
    for tile, ground in survey(of.slide, of.um_per_px):
        grounds[ground.value] += 1
        _shade(counts, tile, ground)
    with whole(folder / SUMMARY) as path:
        summary = _summary(of, counts, grounds)
        path.write_text(json.dumps(summary, indent=1) + "\n", encoding="ascii")
    with whole(folder / THUMBNAIL) as path:
        _draw(of, counts, path)


def _cells_of(tiles: Iterable[Read], um_per_px: float, counts: _Counts) -> Iterator[Row]:
    """Yield and count the cells of a slide, each once, their boxes in pixels of the slide."""
    shared = SHARED_UM / um_per_px
    seams: list[Row] = []
    for _, abreast in groupby(tiles, key=lambda pair: _tile(pair[0]).box.top):
        end = float("-inf")
        for item, row in abreast:
            counts.tiles += row is not None
            counts.failed += row is None
            if row is None:
                continue
            counts.row, tile = row, _tile(item)
            end = tile.own.bottom - shared
            for cell in (_on_slide(cell, tile) for cell in row["cells"]):
                if _is_shared(cell, tile.own, shared):
                    seams.append(cell)
                else:
                    counts.add(cell)
                    yield cell
        kept = _once(seams)
        # The tiles below may tell the others, too.
        seams = [cell for cell in kept if _centre(cell)[1] >= end]
        for cell in (cell for cell in kept if _centre(cell)[1] < end):
            counts.add(cell)
            yield cell
    for cell in seams:
        counts.add(cell)
        yield cell


def _tile(item: Item) -> SlideTile:
    assert item.tile is not None
    return item.tile


def _on_slide(cell: Row, tile: SlideTile) -> Row:
    """Return a cell with its box in pixels of the slide."""
    across = (tile.box.right - tile.box.left) / tile.width
    down = (tile.box.bottom - tile.box.top) / tile.height
    return dict(cell) | {
        "left": tile.box.left + round(cell["left"] * across),
        "top": tile.box.top + round(cell["top"] * down),
        "right": tile.box.left + round(cell["right"] * across),
        "bottom": tile.box.top + round(cell["bottom"] * down),
    }


def _centre(cell: Row) -> tuple[float, float]:
    return (cell["left"] + cell["right"]) / 2, (cell["top"] + cell["bottom"]) / 2


def _is_shared(cell: Row, own: Box, shared: float) -> bool:
    x, y = _centre(cell)
    return min(x - own.left, own.right - x, y - own.top, own.bottom - y) < shared


def _once(cells: Sequence[Row]) -> list[Row]:
    """Return the cells that stay when none of a kind may overlap a surer one, in their order."""
    kept: list[int] = []
    for kind in CellKind:
        places = [n for n, cell in enumerate(cells) if cell["kind"] == kind]
        edges = [[cells[n][edge] for edge in ("left", "top", "right", "bottom")] for n in places]
        scores = np.array([cells[n]["score"] for n in places])
        boxes = np.array(edges, float).reshape(-1, 4)
        kept += [places[n] for n in surest_boxes(boxes, scores, MOST_OVERLAP)]
    return [cells[n] for n in sorted(kept)]


def _told(cells: Iterable[Row], stream: TextIO, place: str) -> Iterator[Row]:
    """Yield the cells; each is written as a feature on its way."""
    head = json.dumps({"type": "FeatureCollection", "image": place, "notice": NOTICE})
    stream.write(f'{head[:-1]}, "features": [')
    for number, cell in enumerate(cells):
        stream.write((",\n" if number else "\n") + json.dumps(_feature(number, cell)))
        yield cell
    stream.write("\n]}\n")


def _feature(number: int, cell: Row) -> dict[str, Any]:
    kind = CellKind(cell["kind"])
    box = Box(cell["left"], cell["top"], cell["right"], cell["bottom"])
    measurements = {"Score": cell["score"], "Cut": float(cell["cut"])}
    measurements |= {"Clumped": float(cell["clumped"])}
    label = kind.value
    if cell["cell_type"] is not None:
        measurements |= {"Confidence": cell["confidence"], "Novelty": cell["novelty"]}
        label = label if cell["status"] == Status.UNFAMILIAR else cell["cell_type"]
    return detection(number, box, (kind, label), measurements)


def _rows(cells: Iterable[Row], place: str, counts: _Counts) -> Iterator[Row]:
    schema = slide_schema()
    for cell in cells:
        about = {"path": text_of(place), "schema": schema.name, "notice": NOTICE}
        row = {**counts.row, **cell, **about}
        yield {name: row[name] for name in schema.names}


def _write_table(path: Path, to: str, rows: Iterator[Row]) -> None:
    """Write a table piece by piece: a slide's cells may be more than memory holds."""
    form, pieces = form_of(to, slide_schema()), path.with_name(f".{CELLS}.pieces")
    rmtree(pieces, ignore_errors=True)
    pieces.mkdir()
    written: list[Path] = []
    while rest := list(islice(rows, GROUP_ROWS)):
        written.append(pieces / f"{len(written):06}")
        form.write(written[-1], rest)
    form.join(path, written)
    rmtree(pieces)


def _summary(of: _Open, counts: _Counts, grounds: Mapping[str, int]) -> dict[str, Any]:
    """Return what a slide comes to, as JSON values, with the research-use notice."""
    kinds = {kind.value: counts.kinds[kind] for kind in CellKind}
    red = kinds[CellKind.RED]
    ratios = {
        "white_per_1000_red": ratio_of_counts(kinds[CellKind.WHITE], red, per=1000.0),
        "platelets_per_red": ratio_of_counts(kinds[CellKind.PLATELET], red),
    }
    types = dict.fromkeys([*types_in(counts.row), CUT, Status.UNFAMILIAR.value], 0)
    differential = find_differential(types | counts.white)
    who = ("model", "model_sha256", "detector", "detector_sha256")
    return {
        "slide": of.place,
        "width": of.slide.width,
        "height": of.slide.height,
        "um_per_px": of.um_per_px,
        "tiles": {
            "read": counts.tiles,
            "failed": counts.failed,
            **{ground.value: grounds.get(ground.value, 0) for ground in SHADES},
        },
        "counts": kinds,
        "estimates": {name: asdict(r) if r else None for name, r in ratios.items()},
        "differential": differential.to_json(),
        **{name: counts.row.get(name) for name in who},
        "notice": NOTICE,
    }


def _shade(counts: _Counts, tile: SlideTile, ground: Ground) -> None:
    """Show in grey what was not read."""
    edges = (tile.own.left, tile.own.top, tile.own.right, tile.own.bottom)
    left, top, right, bottom = (round(edge / counts.shrink) for edge in edges)
    if ground in SHADES:
        part = counts.seen[top:bottom, left:right]
        np.minimum(part, SHADES[ground], out=part)


def _draw(of: _Open, counts: _Counts, path: Path) -> None:
    """Draw cells in rings on the slide from afar, white ones on top."""
    picture = Image.fromarray(counts.seen)
    pen = ImageDraw.Draw(picture)
    for kind in reversed(CellKind):
        radius_um, least_px = MARKS[kind]
        reach = max(least_px, round(radius_um / of.um_per_px / counts.shrink))
        for y, x in np.argwhere(counts.marks[kind]).tolist():
            ring = (x - reach, y - reach, x + reach, y + reach)
            pen.ellipse(ring, outline=tuple(COLOURS[kind]), width=min(reach, 2) or 1)
    notes = PngInfo()
    notes.add_text("Description", f"The cells found on a slide. {NOTICE}")
    picture.save(path, "PNG", pnginfo=notes)
