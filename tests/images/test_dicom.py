"""One picture in a DICOM file: right pixels and the size of a pixel, or a refusal in words."""

from __future__ import annotations

import io
import sys
from typing import Any

import numpy as np
import pytest
from fixtures_dicom import JPEG, a_dicom
from fixtures_images import smear
from PIL import Image

from hemavision.errors import ImageError
from hemavision.images.opening import open_image
from hemavision.images.pixel_size import read_pixel_um

RGB = smear(80, 65)
GREY = RGB[..., 1]


@pytest.mark.parametrize(
    ("content", "rgb"),
    [
        (a_dicom(RGB), RGB),
        (a_dicom(RGB, implicit=True), RGB),
        (a_dicom(RGB, PlanarConfiguration=1), RGB),
        (a_dicom(RGB, icon=True), RGB),
        (a_dicom(RGB[:, :63]), RGB[:, :63]),
        (a_dicom(GREY), GREY),
        (a_dicom(GREY, PhotometricInterpretation="MONOCHROME1"), GREY.max() - GREY),
        (a_dicom(GREY.astype(np.uint16) * 16), GREY),
    ],
    ids=["plain", "implicit", "planes", "icon", "odd", "grey", "inverted", "deep"],
)
def test_a_picture_is_read_as_it_was_written(content: bytes, rgb: np.ndarray) -> None:
    shown = open_image(content).rgb
    expected = rgb if rgb.ndim == 3 else np.repeat(rgb[..., None], 3, axis=2)
    assert np.abs(shown.astype(int) - expected).max() <= 1  # deep samples are rounded


def test_a_jpeg_within_is_what_it_is_without() -> None:
    buffer = io.BytesIO()
    Image.fromarray(RGB).save(buffer, "JPEG")
    content = a_dicom(buffer.getvalue(), PhotometricInterpretation="YBR_FULL_422")
    assert (open_image(content).rgb == open_image(buffer.getvalue()).rgb).all()


@pytest.mark.parametrize(
    ("said", "um"),
    [
        ({"PixelSpacing": [0.0002, 0.0001]}, 0.1),
        ({"ImagedVolumeWidth": 0.016}, 0.25),
        ({"shared": 0.0005}, 0.5),
        ({"PixelSpacing": [0.5, 0.5]}, None),  # a printed page
        ({}, None),
    ],
)
def test_the_size_of_a_pixel_is_the_file_s(said: dict[str, Any], um: float | None) -> None:
    assert read_pixel_um(a_dicom(RGB[:, :64], **said)) == (um and pytest.approx(um))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (a_dicom(RGB, NumberOfFrames=3), "3 frames. `hemavision detect --job` reads whole"),
        (a_dicom(RGB, PhotometricInterpretation="PALETTE COLOR"), "PALETTE COLOR colours. Export"),
        (a_dicom(RGB, syntax="1.2.840.10008.1.2.4.90"), "transfer syntax 1.2.840.10008.1.2.4.90"),
        (a_dicom(RGB, syntax="1.2.840.10008.1.2.1.99"), "a deflated data set"),
        (a_dicom(RGB, syntax=JPEG), "transfer syntax 1.2.840.10008.1.2.4.50, RGB colours"),
        (a_dicom(GREY, PixelRepresentation=1), "samples of 8 bits, or with a sign"),
        (a_dicom(RGB, Rows=30_000, Columns=30_000), "megapixels; the limit is"),
        (a_dicom(RGB, Rows=RGB.shape[0] + 2), "no picture was found in it"),
        (a_dicom(RGB)[:300], "no picture was found in it"),
        (a_dicom(RGB)[:-5000], "damaged or cut short"),
    ],
)
def test_what_is_not_read_says_why(content: bytes, words: str) -> None:
    with pytest.raises(ImageError, match=words):
        open_image(content)


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    content = a_dicom(RGB)
    monkeypatch.setitem(sys.modules, "pydicom", None)
    with pytest.raises(ImageError, match=r"pip install hemavision\[slides\]"):
        open_image(content)
    assert read_pixel_um(content) is None
