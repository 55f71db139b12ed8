"""The size of a pixel, as microscopes' files say it; what printers' files say is none."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from hemavision.images.pixel_size import read_pixel_um

GREY = np.full((20, 24, 3), 200, np.uint8)
OME = '<OME><Image><Pixels DimensionOrder="XYCZT" PhysicalSizeX="{size}" {unit}/></Image></OME>'


def tiff(deep: bool = False, **given: Any) -> bytes:
    buffer = io.BytesIO()
    pixels = GREY.astype(np.uint16) if deep else GREY
    tifffile.imwrite(buffer, pixels, photometric="rgb", metadata=None, **given)
    return buffer.getvalue()


def printed(kind: str, dpi: float) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(GREY).save(buffer, kind, dpi=(dpi, dpi))
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "um"),
    [
        (tiff(resolution=(100_000, 100_000), resolutionunit="CENTIMETER"), 0.1),
        (tiff(deep=True, resolution=(254_000, 254_000), resolutionunit="INCH"), 0.1),
        (tiff(bigtiff=True, resolution=(50_000, 50_000), resolutionunit="CENTIMETER"), 0.2),
        (tiff(description=OME.format(size="0.065", unit="")), 0.065),
        (tiff(description=OME.format(size="65", unit='PhysicalSizeXUnit="nm"')), 0.065),
        (tiff(description="Aperio Image Library\r\nAppMag = 40|MPP = 0.2520"), 0.252),
        (tiff(description="ImageJ=1.54\nunit=micron\n", resolution=(8, 8)), 0.125),
        (tiff(description="ImageJ=1.54\nunit=\\u00B5m\n", resolution=(10, 10)), 0.1),
        (printed("PNG", 254_000), 0.1),
        (tiff(resolution=(72, 72), resolutionunit="INCH"), None),
        (tiff(), None),
        (printed("JPEG", 300), None),
        (printed("WEBP", 300), None),
        (tiff(resolution=(100_000, 100_000), resolutionunit="CENTIMETER")[:40], None),
        (b"", None),
    ],
)
def test_the_size_of_a_pixel_is_what_a_microscope_s_file_says(
    content: bytes, um: float | None
) -> None:
    assert read_pixel_um(content) == (None if um is None else pytest.approx(um, rel=1e-3))
