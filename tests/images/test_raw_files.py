"""Raw files: a thumbnail is never taken for the picture without a word."""

from __future__ import annotations

import io

import numpy as np
import pytest
import tifffile

from hemavision.errors import ImageError
from hemavision.images.opening import open_image

SENSOR = np.random.default_rng(5).integers(0, 4096, (64, 96), np.uint16)


def raw_file(first: dict[str, object], within: dict[str, object] | None = None) -> bytes:
    """A TIFF as cameras write it: a thumbnail, and the sensor's samples in a page within."""
    stream = io.BytesIO()
    with tifffile.TiffWriter(stream, byteorder=">") as file:
        thumbnail = np.full((32, 48, 3), 90, np.uint8)
        file.write(thumbnail, photometric="rgb", subifds=1 if within else 0, **first)
        if within:
            file.write(SENSOR, **within)
    return stream.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        raw_file({"subfiletype": 1}, {"photometric": "cfa"}),  # NEF, ARW
        raw_file({"extratags": [(50706, 1, 4, bytes((1, 4, 0, 0)), True)]}),  # DNG
        b"II*\x00\x10\x00\x00\x00CR\x02\x00" + bytes(100),
    ],
    ids=["within", "dng", "cr2"],
)
def test_a_raw_file_s_thumbnail_is_not_taken_for_the_picture(content: bytes) -> None:
    with pytest.raises(ImageError, match=r"raw file.*thumbnail.*export it as TIFF"):
        open_image(content)


def test_smaller_versions_within_a_page_are_no_raw_file() -> None:
    content = raw_file({}, {"photometric": "minisblack", "subfiletype": 1})
    assert open_image(content).rgb.shape == (32, 48, 3)
