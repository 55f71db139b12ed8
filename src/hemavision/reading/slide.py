"""A whole slide in tiles: which of them are read, and which cells of two neighbours are one.

A slide is looked at by tiles that fill the detector's input once. Two neighbours share more than
the largest cell, and each tells the cells whose centres are its own, a little beyond the seam, so
that none falls between two; what both tell is put together by the rule of all overlapping boxes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from hemavision.errors import JobError
from hemavision.images.quality import WHITE
from hemavision.images.slides import Slide
from hemavision.images.stain import BLACK, RED_ABSORBANCE, background_of, brightest
from hemavision.reading.finding.detector import RED_CELL_UM
from hemavision.reading.finding.tiles import Tile, tiles_of
from hemavision.records.results import Box

#: Side of a tile and what two share, in µm: the detector's input is filled, a monocyte whole.
TILE_UM, OVERLAP_UM = 109.0, 36.0
#: How far beyond its own part a tile tells cells, in µm: what two views of a cell differ by.
SEAM_UM = 2.0
#: No slide is read finer than this, as the photographs that the networks learned from.
FINEST_UM = 0.07
#: A slide that is coarser is not read: a red cell is 11 pixels wide there.
COARSEST_UM = 0.65
#: Where glass and blood are told apart, a pixel's side in µm.
SURVEY_UM = 2.0
#: What is stained less than a third of a red cell is glass: dust is not worth a look.
LEAST_STAINED_UM2 = 14.0
#: Where less than this share is glass, cells lie over one another. No field of three laboratories
#: has so little.
LEAST_GLASS = 0.04
#: A tile's own light may be so much darker than the slide's; below, it is blood all over.
DARKEST_GLASS = 0.85
#: Longest side of the picture that the slide's light is measured in, in pixels.
LIGHT_PX = 512


class Ground(StrEnum):
    """What lies in a tile."""

    #: Cells beside one another: read.
    THIN = "thin"
    GLASS = "glass"
    #: Cells over one another, which nobody counts.
    THICK = "thick"


@dataclass(frozen=True)
class SlideTile:
    """A tile of a slide.

    Attributes:
        box: in pixels of the slide.
        own: cells whose centres lie in it are told of this tile, in pixels of the slide.
        width: of the picture that is read, in pixels.
        height: likewise.
        um_per_px: side of such a pixel in µm.
    """

    box: Box
    own: Box
    width: int
    height: int
    um_per_px: float

    @property
    def own_as_read(self) -> Box:
        """What is its own, in pixels of the picture that is read."""
        across = self.width / (self.box.right - self.box.left)
        down = self.height / (self.box.bottom - self.box.top)
        return Box(
            math.floor((self.own.left - self.box.left) * across),
            math.floor((self.own.top - self.box.top) * down),
            math.ceil((self.own.right - self.box.left) * across),
            math.ceil((self.own.bottom - self.box.top) * down),
        )


def pixel_size(slide: Slide, place: str, told_um: float | None) -> float:
    """Return the side of a slide's pixel in µm.

    Args:
        slide: that is open.
        place: its name, for the message.
        told_um: what holds where the file does not say.

    Raises:
        JobError: nobody says, or it is too coarse to be read.
    """
    um_per_px = slide.um_per_px or told_um
    if um_per_px is None:
        raise JobError(
            f"{place} does not say how large its pixels are. Give their side in µm by --um-per-px "
            "(a scan at 40× has about 0.25, at 100× about 0.1)."
        )
    if um_per_px > COARSEST_UM:
        raise JobError(
            f"{place} has pixels of {um_per_px:.3g} µm, in which a red cell is "
            f"{RED_CELL_UM / um_per_px:.0f} pixels wide; {COARSEST_UM} µm is the coarsest that is "
            "read. Scan it at 40× or more."
        )
    return um_per_px


def survey(slide: Slide, um_per_px: float) -> Iterator[tuple[SlideTile, Ground]]:
    """Yield the tiles of a slide with what lies in each, row by row.

    Args:
        slide: that is open.
        um_per_px: side of its pixels in µm.

    Raises:
        ImageError: a row cannot be read.
    """
    light = _light(slide.overview(LIGHT_PX))
    shrink = max(SURVEY_UM / um_per_px, 1.0)
    tiles = tiles_of(
        slide.width, slide.height, round(TILE_UM / um_per_px), round(OVERLAP_UM / um_per_px)
    )
    strip, top = np.empty((0, 0, 3), np.uint8), -1
    for tile in tiles:
        if tile.top != top:
            top = tile.top
            rows = Box(0, tile.top, slide.width, tile.bottom)
            size = (slide.width / shrink, (tile.bottom - tile.top) / shrink)
            strip = slide.read(rows, (max(1, round(size[0])), max(1, round(size[1]))))
        left, right = (round(edge / shrink) for edge in (tile.left, tile.right))
        seen = strip[:, min(left, strip.shape[1] - 1) : max(right, left + 1)]
        yield _tile(tile, slide, um_per_px), ground_of(seen, light, shrink * um_per_px)


def ground_of(rgb: np.ndarray, light: np.ndarray, um_per_px: float) -> Ground:
    """Return what lies in a part of a slide.

    Args:
        rgb: uint8 H×W×3.
        light: float RGB, of the slide's glass.
        um_per_px: side of a pixel in µm.
    """
    real = brightest(rgb) > BLACK
    if not real.any():
        return Ground.GLASS
    # The light is not the same all over a slide, and white around the scan is no glass at all.
    glass = np.clip(background_of(rgb, real)[1], DARKEST_GLASS * light[1], light[1])
    absorbance = np.log(glass / np.maximum(rgb[..., 1].astype(np.float32), 4.0))
    stained = real & (absorbance > RED_ABSORBANCE[0])
    if stained.sum() * um_per_px**2 < LEAST_STAINED_UM2:
        return Ground.GLASS
    return Ground.THICK if 1.0 - stained.sum() / real.sum() < LEAST_GLASS else Ground.THIN


def _light(overview: np.ndarray) -> np.ndarray:
    """Return the colour of a slide's glass: what is white was not scanned, where there is more."""
    real = brightest(overview) > BLACK
    scanned = real & (overview.min(axis=-1) < WHITE)
    real = scanned if scanned.any() else real
    return background_of(overview, real) if real.any() else np.full(3, 255.0, np.float32)


def _tile(tile: Tile, slide: Slide, um_per_px: float) -> SlideTile:
    beyond = math.ceil(SEAM_UM / um_per_px)
    left, top, right, bottom = tile.own
    own = Box(
        math.floor(max(left - beyond, 0)),
        math.floor(max(top - beyond, 0)),
        math.ceil(min(right + beyond, slide.width)),
        math.ceil(min(bottom + beyond, slide.height)),
    )
    shrink = max(FINEST_UM / um_per_px, 1.0)
    box = Box(tile.left, tile.top, tile.right, tile.bottom)
    width, height = ((b - a) / shrink for a, b in ((box.left, box.right), (box.top, box.bottom)))
    return SlideTile(box, own, max(1, round(width)), max(1, round(height)), um_per_px * shrink)
