"""A single picture in a DICOM file: VL Microscopic Image and its like, uncompressed or as JPEG.

The elements before the picture are read by pydicom, which the extra ``slides`` brings, the picture
here; both as data, and no more of them than is bounded. What lies in other transfer syntaxes, in
several frames or in colours that two readers would show differently is refused in words. Whole
slides, which DICOM keeps as frames too, are :mod:`hemavision.images.slides`' business.
"""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Callable
from typing import Any

import numpy as np

from hemavision.errors import ImageError

#: Where a DICOM file says that it is one, behind a preamble that may say anything.
_MARK, _MARK_AT = b"DICM", 128
_IMPLICIT, _EXPLICIT = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"
_JPEG = "1.2.840.10008.1.2.4.50"
#: A data set that is itself compressed would be inflated, whatever its size, before anything can
#: be asked of it.
_DEFLATED = (b"1.2.840.10008.1.2.1.99", b"1.2.840.10008.1.2.4.95")
#: Colours that are told apart: of plain samples, and of JPEG, which has its own.
_COLOURS = {"RGB": 3, "MONOCHROME1": 1, "MONOCHROME2": 1}
_JPEG_COLOURS = ("YBR_FULL_422", "YBR_FULL", "MONOCHROME2")
#: The tag before the picture's samples, in a file's order of bytes; an icon has one of its own.
_PIXEL_DATA = re.compile(rb"\xe0\x7f\x10\x00")
#: Bytes before it, places that look like it, pieces of a JPEG file: no more are read.
_LONGEST_HEAD, _MOST_PLACES, _MOST_PIECES = 2**20, 3, 1000
_UNTOLD, _ITEM = 0xFFFFFFFF, 0xE000FFFE
_EXPORT = "Export the field of view as TIFF, PNG or JPEG."


def is_dicom(content: bytes) -> bool:
    """Whether a file says that it is DICOM."""
    return content[_MARK_AT : _MARK_AT + len(_MARK)] == _MARK


def read_frame(content: bytes, check: Callable[[int, int], None]) -> bytes | np.ndarray:
    """Return the picture of a DICOM file: a JPEG file's bytes, or samples, H×W or H×W×3.

    Args:
        content: the file.
        check: is given width and height in pixels before a sample is touched, and may refuse.

    Raises:
        ImageError: it has no picture, several, or one that is not read; or pydicom is missing.
    """
    for place in _places(content):
        head = _parse(content[:place])
        columns, rows = int(head.get("Columns", 0)), int(head.get("Rows", 0))
        if not columns or not rows:
            continue
        if (frames := int(head.get("NumberOfFrames") or 1)) > 1:
            raise ImageError(f"{frames} frames. `hemavision detect --job` reads whole slides.")
        check(columns, rows)
        found = _picture(content, place, head)
        if found is not None:
            return found
    raise ImageError(f"no picture was found in it. {_EXPORT}")


def read_dicom_um(content: bytes) -> float | None:
    """Return the micrometres that a pixel of a DICOM file is wide; None where it does not say.

    ``PixelSpacing``, of the image or of its functional groups, or the width of what was imaged
    over its columns, all in mm.
    """
    head = _parse(content[: max(_places(content), default=0)])
    spacing = head.get("PixelSpacing")
    if not spacing and (shared := head.get("SharedFunctionalGroupsSequence")):
        measured = shared[0].get("PixelMeasuresSequence")
        spacing = measured[0].get("PixelSpacing") if measured else None
    if spacing:
        return 1000 * float(spacing[1])  # rows first: the second is along a row
    width = head.get("ImagedVolumeWidth")
    columns = head.get("TotalPixelMatrixColumns") or head.get("Columns")
    return 1000 * float(width) / int(columns) if width and columns else None


def _places(content: bytes) -> list[int]:
    if any(uid in content[:_LONGEST_HEAD] for uid in _DEFLATED):
        raise ImageError(f"a deflated data set, which is not read. {_EXPORT}")
    found = _PIXEL_DATA.finditer(content, _MARK_AT, _LONGEST_HEAD)
    return [match.start() for match, _ in zip(found, range(_MOST_PLACES), strict=False)]


def _parse(head: bytes) -> Any:
    try:
        import pydicom
    except ImportError as error:
        raise ImageError(
            f"DICOM is read with pydicom: pip install hemavision[slides]. Or: {_EXPORT}"
        ) from error
    # What a value should be like is nothing to us: of those that are asked for, a wrong one raises.
    pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE
    return pydicom.dcmread(io.BytesIO(head))


def _picture(content: bytes, place: int, head: Any) -> bytes | np.ndarray | None:
    """Return what lies at a place that looks like the picture's; None where it does not fit."""
    syntax = str(head.file_meta.get("TransferSyntaxUID", ""))
    colours = str(head.get("PhotometricInterpretation", ""))
    start = place + (8 if syntax == _IMPLICIT else 12)
    (length,) = struct.unpack_from("<I", content, start - 4)
    if syntax == _JPEG and colours in _JPEG_COLOURS:
        return _joined(content, start) if length == _UNTOLD else None
    if syntax in (_IMPLICIT, _EXPLICIT) and head.get("SamplesPerPixel") == _COLOURS.get(colours):
        return _samples(content, (start, length), head)
    raise ImageError(f"transfer syntax {syntax or 'none'}, {colours or 'no'} colours. {_EXPORT}")


def _joined(content: bytes, at: int) -> bytes:
    """Return a JPEG file from its pieces; the first item says where frames begin."""
    pieces: list[bytes] = []
    while len(pieces) < _MOST_PIECES:
        tag, length = struct.unpack_from("<II", content, at)
        if tag != _ITEM:
            break
        pieces.append(content[at + 8 : at + 8 + length])
        at += 8 + length
    return b"".join(pieces[1:])


def _samples(content: bytes, where: tuple[int, int], head: Any) -> np.ndarray | None:
    colours, bits = str(head.PhotometricInterpretation), int(head.BitsAllocated)
    if bits not in (8, 16) or head.get("PixelRepresentation"):
        raise ImageError(f"samples of {bits} bits, or with a sign. {_EXPORT}")
    size, channels = (int(head.Rows), int(head.Columns)), _COLOURS[colours]
    count, (start, length) = size[0] * size[1] * channels, where
    if not 0 <= length - count * bits // 8 <= 1:  # made even
        return None
    found = np.frombuffer(content, np.dtype(f"<u{bits // 8}"), count, start)
    if channels == 1:
        plain = found.reshape(size)
        return plain.max() - plain if colours == "MONOCHROME1" else plain  # whose least is white
    if head.get("PlanarConfiguration"):
        return np.ascontiguousarray(np.moveaxis(found.reshape((channels, *size)), 0, -1))
    return found.reshape((*size, channels))
