"""How large a pixel is, as an image file's own metadata say: TIFF, OME-TIFF, PNG, JPEG.

Most files say nothing of a microscope: 72 pixels an inch is a printer's word. What no objective of
a blood smear gives is taken for none.
"""

from __future__ import annotations

import io
import re

from PIL import Image

#: Micrometres a pixel, from an oil immersion with a fine camera to a dry objective with a coarse one.
LEAST_UM, MOST_UM = 0.01, 2.0
_INCH_UM = 25_400.0
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
_DESCRIPTION, _X_RESOLUTION = 270, 282


def read_pixel_um(content: bytes) -> float | None:
    """Return the micrometres that a pixel is wide, 0.01 to 2; None where the file does not say.

    Args:
        content: an image file's bytes; one that cannot be read says nothing.
    """
    try:
        with Image.open(io.BytesIO(content)) as image:
            tags = getattr(image, "tag_v2", {})
            described = str(tags.get(_DESCRIPTION, ""))
            found = _described(described, tags.get(_X_RESOLUTION)) or _printed(image)
    except Exception:  # Pillow's readers raise whatever their parsing met
        return None
    return found if found and LEAST_UM <= found <= MOST_UM else None


def _described(words: str, resolution: object) -> float | None:
    """Return what OME's XML, ImageJ or a scanner writes into a TIFF's description."""
    if size := _OME_SIZE.search(words):
        unit = _OME_UNIT.search(words)
        return float(size[1]) * _UM.get(_as_micro(unit[1]) if unit else "µm", 0.0)
    if words.startswith("ImageJ") and resolution:
        unit = _IMAGEJ_UNIT.search(words)
        return _UM.get(_as_micro(unit[1]), 0.0) / float(str(resolution)) if unit else None
    scanner = _SCANNER.search(words)
    return float(scanner[1]) if scanner else None


def _as_micro(unit: str) -> str:
    """Return a unit with one way to write micro: ImageJ escapes it, Unicode has two."""
    return unit.replace("\\u00B5", "µ").replace("\N{GREEK SMALL LETTER MU}", "µ")


def _printed(image: Image.Image) -> float | None:
    """Return what the file says of pixels an inch, or a centimetre."""
    dots = image.info.get("dpi", (0, 0))[0]
    return _INCH_UM / float(dots) if dots else None
