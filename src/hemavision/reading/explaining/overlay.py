"""Grad-CAM maps as colour over the original image, at its own resolution."""

from __future__ import annotations

import struct
import zlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from PIL import Image

from hemavision.records.results import Box

OPACITY = 0.4


def normalise(heatmap: np.ndarray) -> np.ndarray:
    """Scale a map (float h×w, ≥ 0) to a maximum of 1; an all-zero map stays zero."""
    peak = float(heatmap.max(initial=0.0))
    if peak <= 0.0:
        return np.zeros_like(heatmap, dtype=np.float32)
    return (heatmap / peak).astype(np.float32)


def colour_map(values: np.ndarray) -> np.ndarray:
    """Colour values in [0, 1] by the jet scale: float H×W → uint8 H×W×3, blue to red."""
    # np.take: four times as fast as indexing the table.
    picture: np.ndarray = np.take(_JET, _colour_numbers(values), axis=0)
    return picture


def overlay(rgb: np.ndarray, heatmap: np.ndarray, box: Box, opacity: float = OPACITY) -> np.ndarray:
    """Blend a map over the image that it explains.

    Args:
        rgb: uint8 H×W×3, the original image.
        heatmap: float h×w, ≥ 0, over ``box``.
        box: where in ``rgb`` the model looked, in pixels; the rest counts as zero.
        opacity: share of the map, 0 (image alone) to 1 (map alone); the usual 40/60 by default.

    Returns:
        uint8 H×W×3.
    """
    # Colour numbers, a byte each, are spread over the image and not the map's floats: what
    # lies outside the box is zero, whose number is zero.
    scaled = _resized(normalise(heatmap), box)
    canvas = Image.new("L", (rgb.shape[1], rgb.shape[0]), 0)
    canvas.paste(Image.fromarray(_colour_numbers(scaled)), (box.left, box.top))
    colours = Image.fromarray(np.take(_JET, np.asarray(canvas), axis=0))
    picture = Image.blend(Image.fromarray(rgb), colours, float(np.clip(opacity, 0, 1)))
    return np.asarray(picture)


def spread_over_image(heatmap: np.ndarray, box: Box, width: int, height: int) -> np.ndarray:
    """Return a map over ``box`` as one over the whole image: float32 height×width."""
    scaled = Image.fromarray(_resized(heatmap, box))
    canvas = Image.new("F", (width, height), 0.0)
    canvas.paste(scaled, (box.left, box.top))
    return np.asarray(canvas)


def _resized(heatmap: np.ndarray, box: Box) -> np.ndarray:
    size = (box.right - box.left, box.bottom - box.top)
    image = Image.fromarray(heatmap.astype(np.float32))
    return np.asarray(image.resize(size, Image.Resampling.BILINEAR))


def _colour_numbers(values: np.ndarray) -> np.ndarray:
    """Number values in [0, 1] from 0 to 255."""
    numbers: np.ndarray = np.clip(values * 255.0 + 0.5, 0, 255).astype(np.uint8)
    return numbers


def _jet() -> np.ndarray:
    """The 256 colours of the jet scale, uint8 256×3: three clipped triangles."""
    x = np.linspace(0.0, 1.0, 256)[:, None]
    rgb = 1.5 - np.abs(4.0 * x - np.array([3.0, 2.0, 1.0]))
    table: np.ndarray = (np.clip(rgb, 0.0, 1.0) * 255 + 0.5).astype(np.uint8)
    return table


_JET = _jet()


#: The cell's radius as a share of its box's side: the box is cut around the nucleus so wide that
#: the cell lies whole in this disc.
CELL_RADIUS = 0.4


def focus(heatmap: np.ndarray) -> float:
    """Return the share of a map's heat on the located cell, 0 to 1; 0 for a map without heat.

    Args:
        heatmap: float h×w, ≥ 0, over the cell's square box.
    """
    total = float(heatmap.sum())
    if total <= 0:
        return 0.0
    height, width = heatmap.shape
    rows = (np.arange(height) + 0.5) / height - 0.5
    columns = (np.arange(width) + 0.5) / width - 0.5
    on_cell = np.hypot(rows[:, None], columns[None]) <= CELL_RADIUS
    return float(heatmap[on_cell].sum()) / total


_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_UP = 2


def encode_png(rgb: np.ndarray) -> bytes:
    """Return a picture as a PNG file: lossless.

    One row filter (the row above) for all rows instead of a search for the best of five,
    and run lengths instead of a search for repeats: a quarter of the time of Pillow's
    fastest level, for no more bytes on overlays.

    Args:
        rgb: uint8 H×W×3.
    """
    height, width = rgb.shape[:2]
    rows = rgb.reshape(height, width * 3)
    filtered = np.empty((height, 1 + width * 3), dtype=np.uint8)
    filtered[:, 0] = _UP
    filtered[0, 1:] = rows[0]
    np.subtract(rows[1:], rows[:-1], out=filtered[1:, 1:])
    # Eight bits a sample, colour type 2 (RGB), no interlace.
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = _deflate(filtered.reshape(-1).data)
    chunks = _chunk(b"IHDR", header) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")
    return _SIGNATURE + chunks


def _deflate(data: memoryview) -> bytes:
    """Return a zlib stream whose two halves two threads packed: half the time on two cores."""
    middle = len(data) // 2
    with ThreadPoolExecutor(1) as helper:
        second = helper.submit(_pack, data[middle:], zlib.Z_FINISH)
        first = _pack(data[:middle], zlib.Z_FULL_FLUSH)
    return b"\x78\x01" + first + second.result() + struct.pack(">I", zlib.adler32(data))


def _pack(data: memoryview, end: int) -> bytes:
    packer = zlib.compressobj(1, zlib.DEFLATED, -15, 9, zlib.Z_RLE)
    return packer.compress(data) + packer.flush(end)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
