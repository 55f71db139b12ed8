"""How large a pixel is, as an image file's own metadata say: TIFF, OME-TIFF, DICOM, PNG, JPEG.

Most files say nothing of a microscope: 72 pixels an inch is a printer's word. What no objective of
a blood smear gives is taken for none.
"""

from __future__ import annotations

import io
import re
from contextlib import suppress

from PIL.BmpImagePlugin import BmpImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from hemavision.images.dicom import is_dicom, read_dicom_um

#: Micrometres a pixel: an oil immersion with a fine camera, a dry objective with a coarse one.
LEAST_UM, MOST_UM = 0.01, 2.0
_UM = {
    "m": 1e6,
    "cm": 1e4,
    "mm": 1e3,
    "µm": 1.0,
    "um": 1.0,
    "micron": 1.0,
    "microns": 1.0,
    "nm": 1e-3,
}
_OME_SIZE = re.compile(r"""\bPhysicalSizeX=["']([\d.eE+-]+)["']""")
_OME_UNIT = re.compile(r"""\bPhysicalSizeXUnit=["']([^"']+)["']""")
_IMAGEJ_UNIT = re.compile(r"^unit=(\S+)", re.MULTILINE)
#: What whole-slide scanners write into a TIFF's description.
_SCANNER = re.compile(r"\bMPP\s*=\s*([\d.]+)")
_DESCRIPTION, _X_RESOLUTION, _RESOLUTION_UNIT = 270, 282, 296
#: What pixels are counted in: an inch, a centimetre.
_INCH = 2
_LENGTHS_UM = {_INCH: 25_400.0, 3: 10_000.0}
#: Version of a TIFF whose offsets have eight bytes.
_BIG = 43


def read_pixel_um(content: bytes) -> float | None:
    """Return the micrometres that a pixel is wide, 0.01 to 2; None where the file does not say.

    Args:
        content: an image file's bytes; one that cannot be read says nothing.
    """
    try:
        if content[:2] in (b"II", b"MM"):
            found = _of_tiff(content)
        else:
            found = read_dicom_um(content) if is_dicom(content) else _printed(content)
    except Exception:  # Pillow's readers raise whatever their parsing met
        return None
    return found if found and LEAST_UM <= found <= MOST_UM else None


def _of_tiff(content: bytes) -> float | None:
    """Read the first page's tags alone: Pillow opens no TIFF of deep colours."""
    stream = io.BytesIO(content)
    header = stream.read(8)
    header += stream.read(8) if header[2] == _BIG or header[3] == _BIG else b""
    tags = ImageFileDirectory_v2(header)
    stream.seek(tags.next)
    tags.load(stream)
    resolution = float(tags.get(_X_RESOLUTION, 0.0))
    described = _described(str(tags.get(_DESCRIPTION, "")), resolution)
    if described or not resolution:
        return described
    return _LENGTHS_UM.get(tags.get(_RESOLUTION_UNIT, _INCH), 0.0) / resolution


def _described(words: str, resolution: float) -> float | None:
    """Return what OME's XML, ImageJ or a scanner writes into a TIFF's description."""
    if size := _OME_SIZE.search(words):
        unit = _OME_UNIT.search(words)
        return float(size[1]) * _UM.get(_as_micro(unit[1]) if unit else "µm", 0.0)
    if words.startswith("ImageJ") and resolution:
        unit = _IMAGEJ_UNIT.search(words)
        return _UM.get(_as_micro(unit[1]), 0.0) / resolution if unit else None
    scanner = _SCANNER.search(words)
    return float(scanner[1]) if scanner else None


def _as_micro(unit: str) -> str:
    """Return a unit with one way to write micro: ImageJ escapes it, Unicode has two."""
    return unit.replace("\\u00B5", "µ").replace("\N{GREEK SMALL LETTER MU}", "µ")


def _printed(content: bytes) -> float | None:
    """Return what a PNG, JPEG or BMP says of pixels an inch."""
    for reader in (PngImageFile, JpegImageFile, BmpImageFile):
        with suppress(SyntaxError), reader(io.BytesIO(content)) as image:
            dots = image.info.get("dpi", (0, 0))[0]
            return _LENGTHS_UM[_INCH] / float(dots) if dots else None
    return None
