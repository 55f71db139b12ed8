"""Bytes → checked RGB uint8. The only place that opens untrusted images.

The rules, in order:

- Only JPEG, PNG, BMP, GIF, TIFF, WebP and, with pydicom, a DICOM file of one picture are opened, by
  their first bytes and never by their name.
- The size in pixels is read from the header and checked before anything is decoded, so
  memory stays bounded by the setting ``max_megapixels``.
- A camera's raw file is refused: what opens of it as TIFF is its thumbnail.
- A file that ends early is an error: no half-grey picture ever reaches a model.
- EXIF orientation is applied, transparency is laid on white, CMYK becomes RGB, grey is
  repeated into three channels, and of an animation or a stack the first frame is taken.
  Channels that OME or ImageJ keep as pages are put together.
- Samples deeper than 8 bits are scaled as :mod:`hemavision.images.sample_depth` says, whatever the
  format.
"""

from __future__ import annotations

import io
import stat
import struct
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from hemavision import settings
from hemavision.errors import ImageError
from hemavision.images.dicom import is_dicom, read_frame
from hemavision.images.foreign_files import describe, is_camera_raw
from hemavision.images.sample_depth import is_dark, to_8_bit
from hemavision.records.results import Box

ImageSource = str | Path | bytes | np.ndarray

#: Smallest side of an image, in pixels: below it a cell has no inside to look at.
MIN_SIDE_PX = 16
TOO_DARK = "very dark: is its exposure right, and its depth of bits?"
ACCEPTED = "JPEG, PNG, BMP, GIF, TIFF or WebP"
#: Files that are tried in a folder or an archive; a file that is named itself is always tried.
IMAGE_SUFFIXES = {
    ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".dib", ".gif", ".tif", ".tiff", ".webp",
    ".dcm",
}  # fmt: skip

# Each plugin's own class, not Image.open: that would warn or refuse at Pillow's global
# pixel limit, where the limit here is a setting.
_READERS: dict[str, type[ImageFile]] = {
    "JPEG": JpegImageFile,
    "PNG": PngImageFile,
    "BMP": BmpImageFile,
    "GIF": GifImageFile,
    "TIFF": TiffImageFile,
    "WebP": WebPImageFile,
}
_SIGNATURES = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"II+\x00", "TIFF"),
    (b"MM\x00+", "TIFF"),
)
_BMP_HEADER_SIZES = (12, 40, 52, 56, 64, 108, 124)
_DEEP_MODES = ("I;16", "I;16B", "I;16L", "I;16N", "I")
_MAX_BYTES_A_PIXEL = 8
_ORIENTATION = 0x0112


@dataclass(frozen=True)
class Photo:
    """An image that is safe to use.

    Attributes:
        rgb: uint8 H×W×3, 0 to 255, upright, at the file's own resolution.
        notes: what was done to get there that a person may want to know, such as
            ``"first of 12 frames"``.
        um_per_px: side of a pixel in µm, where that is known.
        own: of a piece of something larger, the part whose cells are told of it, in pixels;
            ``None`` for all of it.
    """

    rgb: np.ndarray
    notes: tuple[str, ...] = ()
    um_per_px: float | None = None
    own: Box | None = None


def open_image(source: ImageSource) -> Photo:
    """Open an image from anywhere and check it.

    Args:
        source: a path, the bytes of an image file, or a uint8 array, H×W×3 RGB or H×W
            grey, 0 to 255.

    Returns:
        The photo, at its own resolution.

    Raises:
        ImageError: it is missing, no image, damaged, cut short, too large or too small;
            the message says what was received and what to do, and begins with the path
            where one was given.
    """
    if isinstance(source, np.ndarray):
        return Photo(_checked_array(source))
    if isinstance(source, bytes):
        return _decode(source)
    if isinstance(source, (str, Path)):
        try:
            return _decode(_read(Path(source)))
        except ImageError as error:
            raise ImageError(f"{source}: {error}") from error
    raise ImageError(
        f"An image is a path, bytes or a uint8 array; received {type(source).__name__}."
    )


def max_file_bytes() -> int:
    """Return how many bytes the file of an image within the limit of pixels has at most."""
    return _max_pixels() * _MAX_BYTES_A_PIXEL


def _read(path: Path) -> bytes:
    limit = max_file_bytes()
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise ImageError("this is a folder, not an image file.")
        if not stat.S_ISREG(status.st_mode):
            raise ImageError("this is not a regular file; copy the image into one.")
        if status.st_size > limit:
            raise ImageError(
                f"the file has {status.st_size:,} bytes; an image within the limit of "
                f"pixels has at most {limit:,}. Cut out the field of view."
            )
        return path.read_bytes()
    except FileNotFoundError as error:
        raise ImageError("there is no such file.") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ImageError(f"the file cannot be read ({reason}).") from error


def _decode(content: bytes) -> Photo:
    format_ = _format_of(content)
    if format_ is None:
        raise ImageError(f"{describe(content)} Give a {ACCEPTED} file.")
    received = f"{format_} image of {len(content):,} bytes"
    try:
        if format_ == "WebP":  # its reader allocates the whole canvas while it opens
            _check_size(*_webp_size(content))
        photo = _pixels(content, format_)
        return replace(photo, notes=(*photo.notes, TOO_DARK)) if is_dark(photo.rgb) else photo
    except ImageError as error:
        raise ImageError(f"{received}: {error}") from error
    except MemoryError as error:
        raise ImageError(f"{received}: not enough memory to decode it.") from error
    except Exception as error:  # Pillow's readers raise whatever their parsing met
        raise ImageError(
            f"{received}: damaged or cut short ({_reason(error)}). Copy or export it again "
            "from its source."
        ) from error


def _pixels(content: bytes, format_: str) -> Photo:
    if format_ == "TIFF" and is_camera_raw(content):
        raise ImageError(
            "a camera's raw file, of which only the thumbnail could be shown. Develop it with the "
            "camera's program, and export it as TIFF, PNG or JPEG."
        )
    if format_ == "DICOM":
        frame = read_frame(content, _check_size)
        return _pixels(frame, "JPEG") if isinstance(frame, bytes) else _of_samples(frame)
    if format_ == "TIFF" and _needs_tifffile(content):
        return _by_tifffile(content)
    with _READERS[format_](io.BytesIO(content)) as image:
        _check_size(*image.size)
        notes = _frames_in(image)
        deep = _deep_colours(image, content) if format_ == "PNG" else None
        image.load()
        shown: Image.Image = image
        if deep is not None:
            shown = Image.fromarray(to_8_bit(deep, notes))
            shown.getexif()[_ORIENTATION] = image.getexif().get(_ORIENTATION, 1)
        upright = _upright(shown, notes)
        if upright.mode in _DEEP_MODES:
            upright = Image.fromarray(to_8_bit(np.asarray(upright), notes))
        return Photo(np.asarray(_as_rgb(upright, notes)), tuple(notes))


def _of_samples(samples: np.ndarray) -> Photo:
    notes: list[str] = []
    shown = Image.fromarray(to_8_bit(samples, notes))
    return Photo(np.asarray(_as_rgb(shown, notes)), tuple(notes))


def _frames_in(image: ImageFile) -> list[str]:
    """Say that there are more frames: how many, where that need not be counted to the end."""
    if not getattr(image, "is_animated", False):
        return []
    told = image.n_frames if isinstance(image, (PngImageFile, WebPImageFile)) else "several"
    return [f"first of {told} frames"]


def _deep_colours(image: ImageFile, content: bytes) -> np.ndarray | None:
    """Return the samples of a PNG with 16 bits a colour, uint16 H×W×3 or 4; None of any other.

    Pillow reads their high bytes; asked for the other order of bytes, it reads the low ones.
    """
    (tile, *_) = image.tile
    if tile.args not in ("RGB;16B", "RGBA;16B"):
        return None
    halves = []
    for order in "BL":
        with PngImageFile(io.BytesIO(content)) as half:
            half.tile = [tile._replace(args=tile.args[:-1] + order)]
            half.load()
            halves.append(np.asarray(half).astype(np.uint16))
    high, low = halves
    samples: np.ndarray = high << 8 | low
    return samples


def _upright(image: Image.Image, notes: list[str]) -> Image.Image:
    try:
        orientation = image.getexif().get(_ORIENTATION, 1)
        upright = ImageOps.exif_transpose(image)
    except Exception:  # a broken EXIF block says nothing about the picture
        notes.append("EXIF block unreadable, shown as stored")
        return image
    if orientation in range(2, 9):
        notes.append(f"turned upright (EXIF orientation {orientation})")
    return upright


def _as_rgb(image: Image.Image, notes: list[str]) -> Image.Image:
    if image.has_transparency_data:
        notes.append("transparent parts shown on white")
        layer = image.convert("RGBA")
        canvas = Image.new("RGBA", layer.size, (255, 255, 255, 255))
        return Image.alpha_composite(canvas, layer).convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")


def _needs_tifffile(content: bytes) -> bool:
    """Whether samples are deep, the layout is unknown to Pillow, or pages may be channels."""
    try:
        with TiffImageFile(io.BytesIO(content)) as image:
            _check_size(*image.size)
            tile = image.tag_v2.get(322, 1) * image.tag_v2.get(323, 1)
            if tile > _max_pixels():
                raise ImageError(f"its tiles have {tile:,} pixels, more than the limit.")
            described = str(image.tag_v2.get(270, ""))
            pages = image.is_animated and ("<OME" in described or described.startswith("ImageJ"))
            return bool(pages or max(image.tag_v2.get(258, (8,))) > 8)
    except SyntaxError:
        return True  # a layout that Pillow does not know


def _by_tifffile(content: bytes) -> Photo:
    import tifffile  # slow to import, and few images need it

    with tifffile.TiffFile(io.BytesIO(content)) as file:
        page: Any = file.pages[0]
        _check_size(page.imagewidth, page.imagelength)
        notes: list[str] = []
        channels = _channels_in(file)
        if sum(p.size for p in channels) > 4 * _max_pixels():
            raise ImageError(f"{_shape(page.shape)} samples where up to 4 channels are read.")
        if sum(sum(p.databytecounts) for p in channels) > len(content):
            raise ValueError("it promises more samples than there are")
        if len(channels) > 1:
            notes.append(f"{len(channels)} channels put together from {len(channels)} pages")
        elif next(islice(file.pages, 1, None), None):  # not len(): it would walk to the end
            notes.append("first of several frames")
        samples = np.stack([_samples_of(p) for p in channels], axis=-1)
        samples = samples[..., 0] if len(channels) == 1 else samples
        if page.photometric == tifffile.PHOTOMETRIC.MINISWHITE:
            samples = samples.max() - samples
        image = Image.fromarray(to_8_bit(samples, notes))
        tag = page.tags.get(_ORIENTATION)
        image.getexif()[_ORIENTATION] = tag.value if tag else 1
        return Photo(np.asarray(_as_rgb(_upright(image, notes), notes)), tuple(notes))


def _channels_in(file: Any) -> list[Any]:
    """Return the pages that make up one picture: a channel each, or a single page."""
    if not (file.is_ome or file.is_imagej):
        return [file.pages[0]]
    series = file.series[0]
    sizes = dict(zip(series.axes, series.shape, strict=True))
    count = sizes.get("C", 1)
    if count == 1 or "S" in sizes:
        return [file.pages[0]]
    if count != 3:
        raise ImageError(f"its {count} channels lie in pages of their own; give grey or RGB.")
    # The axes before the last two (Y, X) run over the pages, the last of them fastest.
    before = series.axes[:-2]
    step = int(np.prod([sizes[axis] for axis in before[before.index("C") + 1 :]], dtype=int))
    return [series.pages[channel * step] for channel in range(count)]


def _samples_of(page: Any) -> np.ndarray:
    try:
        samples: np.ndarray = page.asarray()
    except (ImportError, ValueError) as error:
        if "imagecodecs" not in str(error):
            raise
        raise ImageError(
            f"its compression ({page.compression.name}) with 16-bit samples is not "
            "supported. Save it without compression."
        ) from error
    samples = np.moveaxis(samples, 0, -1) if page.axes == "SYX" else samples
    if page.axes not in ("YX", "YXS", "SYX") or samples.shape[2:] not in ((), (3,), (4,)):
        raise ImageError(f"{_shape(samples.shape)} samples; give grey, RGB or RGBA.")
    return samples


def _checked_array(array: np.ndarray) -> np.ndarray:
    sound = array.dtype == np.uint8 and (array.ndim == 2 or array.shape[2:] == (3,))
    if not sound:
        raise ImageError(
            "An image array is uint8, H×W×3 (RGB) or H×W (grey), 0 to 255; received "
            f"{array.dtype} of shape {_shape(array.shape)}."
        )
    _check_size(array.shape[1], array.shape[0])
    return array if array.ndim == 3 else np.repeat(array[:, :, None], 3, axis=2)


def _check_size(width: int, height: int) -> None:
    if width * height > _max_pixels():
        raise ImageError(
            f"{width:,}×{height:,} px are {width * height / 1e6:,.0f} megapixels; the limit is "
            f"{_max_pixels() // 1_000_000:,} (setting HEMAVISION_MAX_MEGAPIXELS). Cut out the "
            "field of view."
        )
    if min(width, height) < MIN_SIDE_PX:
        raise ImageError(
            f"{width:,}×{height:,} px; each side needs at least {MIN_SIDE_PX}. Give the image "
            "at its full resolution."
        )


def _max_pixels() -> int:
    return settings.whole_number("max_megapixels") * 1_000_000


def _format_of(content: bytes) -> str | None:
    for signature, format_ in _SIGNATURES:
        if content.startswith(signature):
            return format_
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "WebP"
    if is_dicom(content):
        return "DICOM"
    # Two letters alone would take any text that begins with "BM" for a picture.
    is_bmp = content[:2] == b"BM" and content[14:18] in _BMP_HEADERS
    return "BMP" if is_bmp else None


_BMP_HEADERS = tuple(struct.pack("<I", size) for size in _BMP_HEADER_SIZES)


def _webp_size(content: bytes) -> tuple[int, int]:
    """Return (width, height) in pixels from a WebP file's first chunk."""
    kind = content[12:16]
    if len(content) < 30:
        raise ValueError("no header")
    if kind == b"VP8X":
        width, height = content[24:27], content[27:30]
        return int.from_bytes(width, "little") + 1, int.from_bytes(height, "little") + 1
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", content, 21)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    lossy_width, lossy_height = struct.unpack_from("<HH", content, 26)
    return lossy_width & 0x3FFF, lossy_height & 0x3FFF


def _shape(shape: tuple[int, ...]) -> str:
    return "×".join(str(side) for side in shape) or "()"


def _reason(error: Exception) -> str:
    return str(error).strip().rstrip(".") or type(error).__name__
