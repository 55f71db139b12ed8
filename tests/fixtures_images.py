"""Bad and odd images, made in memory: what a person can drop on the system by mistake.

Loaded as a pytest plugin by ``tests/conftest.py``, so that the tests of the decoder, the
command line and the web all meet the same files.
"""

from __future__ import annotations

import io
import struct
import zlib
from functools import cache

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageDraw

#: Size of every sound image here, in pixels (exif_rotated_* store the transposed size).
WIDTH, HEIGHT = 320, 240
#: Where the drawn cell is, in pixels of the upright image.
CELL_CENTRE = (100, 80)
BOMB_SIDE = 20_000
GIF_FRAMES = 3

#: Must be refused with an ImageError.
BAD = ("truncated_jpeg", "text_jpg", "bomb_png", "empty")
#: Must be converted; the file name's suffix that goes with each.
ODD = {
    "cmyk_jpeg": ".jpg",
    "png_16bit_grey": ".png",
    "tiff_16bit_rgb": ".tif",
    "grey_jpeg": ".jpg",
    "rgba_png": ".png",
    "palette_png": ".png",
    **{f"exif_rotated_jpeg_{orientation}": ".jpg" for orientation in range(1, 9)},
    "animated_gif": ".gif",
    "animated_webp": ".webp",
    "tiff": ".tiff",
    "webp": ".webp",
    "bmp": ".bmp",
}
_BAD_SUFFIX = {
    "truncated_jpeg": ".jpg",
    "text_jpg": ".jpg",
    "bomb_png": ".png",
    "empty": ".png",
    "good_jpeg": ".jpg",
}
#: Transposition that turns an upright picture into the stored one, by EXIF orientation.
_STORED = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def file_name(case: str) -> str:
    """Return a file name that goes with a case, such as ``bomb_png.png``."""
    return case + (ODD | _BAD_SUFFIX)[case]


def smear(width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    """Draw a plain stained field, uint8 H×W×3: red cells and one white cell off-centre."""
    image = Image.new("RGB", (width, height), (228, 214, 222))
    draw = ImageDraw.Draw(image)
    for x, y in ((220, 60), (280, 150), (180, 190), (40, 200), (260, 220), (30, 20)):
        draw.ellipse((x - 24, y - 24, x + 24, y + 24), fill=(214, 160, 168))
    x, y = CELL_CENTRE
    draw.ellipse((x - 45, y - 45, x + 45, y + 45), fill=(205, 180, 215))
    draw.ellipse((x - 30, y - 26, x + 8, y + 14), fill=(96, 48, 140))
    draw.ellipse((x - 4, y - 10, x + 30, y + 26), fill=(96, 48, 140))
    return np.asarray(image)


@cache
def cell_png(number: int = 0, width: int = WIDTH, height: int = HEIGHT) -> bytes:
    """Return a PNG of a drawn cell; each number's has a digest of its own.

    For cases: the samples that the program draws take a hundred times as long, and what is
    tested with these is not the picture.
    """
    # Bytes after the end of a PNG change its digest and not its picture.
    return encoded(Image.fromarray(smear(width, height)), "PNG") + str(number).encode()


def difference(rgb: np.ndarray, expected: np.ndarray | Image.Image) -> float:
    """Return how far two pictures of one size are apart, a sample, 0 to 255."""
    return float(np.abs(rgb.astype(int) - np.asarray(expected).astype(int)).mean())


def encoded(image: Image.Image, format_: str, **options: object) -> bytes:
    """Return an image file's bytes."""
    stream = io.BytesIO()
    image.save(stream, format_, **options)
    return stream.getvalue()


def png_bomb(side: int = BOMB_SIDE) -> bytes:
    """Return a sound 1-bit PNG of ``side`` × ``side`` pixels in a few hundred KB at most.

    Written by hand, row after row, so that making it never needs the decoded picture.
    """
    deflate = zlib.compressobj(9)
    row = bytes(1 + (side + 7) // 8)
    body = b"".join(deflate.compress(row) for _ in range(side)) + deflate.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", body), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_png_chunk(kind, data) for kind, data in chunks)


def _png_chunk(kind: bytes, data: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(kind + data))
    return struct.pack(">I", len(data)) + kind + data + checksum


def deep_png(samples: np.ndarray) -> bytes:
    """Write 16-bit colour, uint16 H×W×3 or 4, which Pillow cannot."""
    height, width, channels = samples.shape
    colours = {3: 2, 4: 6}[channels]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in samples)
    header = struct.pack(">IIBBBBB", width, height, 16, colours, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_png_chunk(kind, data) for kind, data in chunks)


def deep_tiff(samples: np.ndarray, **options: object) -> bytes:
    """Write samples of any depth, in RGB if nothing else is said."""
    stream = io.BytesIO()
    tifffile.imwrite(stream, samples, **({"photometric": "rgb"} | options))
    return stream.getvalue()


def _exif_jpeg(upright: Image.Image, orientation: int) -> bytes:
    transposition = _STORED[orientation]
    stored = upright if transposition is None else upright.transpose(transposition)
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(stored, "JPEG", quality=95, exif=exif)


def make_images() -> dict[str, bytes]:
    """Return every case by name: those in BAD and ODD, and ``good_jpeg``."""
    rgb = smear()
    image = Image.fromarray(rgb)
    good = encoded(image, "JPEG", quality=95)
    grey16 = Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257)
    alpha = Image.new("L", image.size, 255)
    alpha.paste(0, (WIDTH - 40, HEIGHT - 40, WIDTH, HEIGHT))
    rgba = image.copy()
    rgba.putalpha(alpha)
    frames = [image, *(Image.new("RGB", image.size, (value, 0, 0)) for value in (90, 180))]
    animation = {"save_all": True, "append_images": frames[1:], "duration": 100}
    palette = image.quantize(64)
    return {
        "good_jpeg": good,
        "truncated_jpeg": good[: len(good) // 2],
        "text_jpg": b"Patient list, ward 7: nothing to see here.\n" * 20,
        "bomb_png": png_bomb(),
        "empty": b"",
        "cmyk_jpeg": encoded(image.convert("CMYK"), "JPEG", quality=95),
        "png_16bit_grey": encoded(grey16, "PNG"),
        "tiff_16bit_rgb": deep_tiff(rgb.astype(np.uint16) * 257),
        "grey_jpeg": encoded(image.convert("L"), "JPEG", quality=95),
        "rgba_png": encoded(rgba, "PNG"),
        "palette_png": encoded(palette, "PNG", transparency=palette.getpixel((5, 100))),
        **{f"exif_rotated_jpeg_{n}": _exif_jpeg(image, n) for n in _STORED},
        "animated_gif": encoded(image, "GIF", **animation),
        "animated_webp": encoded(image, "WEBP", lossless=True, **animation),
        "tiff": encoded(image, "TIFF"),
        "webp": encoded(image, "WEBP", quality=95),
        "bmp": encoded(image, "BMP"),
    }


@pytest.fixture(scope="session")
def bad_and_odd_images() -> dict[str, bytes]:
    """Image files by case name (BAD, ODD and ``good_jpeg``); see :func:`make_images`."""
    return make_images()
