"""Twelve bits in sixteen, hot pixels, burnt-in scale bars, channels as pages: as bright as in 8."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import tifffile
from fixtures_images import deep_png, deep_tiff, encoded, smear
from PIL import Image
from PIL.GifImagePlugin import GifImageFile

from hemavision.errors import ImageError
from hemavision.images.opening import TOO_DARK, open_image
from hemavision.images.sample_depth import to_8_bit

CAMERAS = {"10 bits": 1023, "12 bits": 4095, "14 bits": 16383, "16 bits": 65535}


def deep(white: int) -> np.ndarray:
    """The drawn smear as a camera with this white level gives it: uint16 H×W×3."""
    return np.rint(smear() / 255.0 * white).astype(np.uint16)


@pytest.mark.parametrize("write", [deep_tiff, deep_png])
@pytest.mark.parametrize("white", CAMERAS.values(), ids=CAMERAS)
def test_every_camera_is_as_bright_in_either_format(write, white: int) -> None:
    photo = open_image(write(deep(white)))
    assert np.abs(photo.rgb.astype(int) - smear()).max() <= 1
    assert any(f"from 0–{white}" in note for note in photo.notes)


@pytest.mark.parametrize("write", [deep_tiff, deep_png])
def test_a_hot_pixel_and_a_scale_bar_change_nothing(write) -> None:
    samples = deep(4095)
    samples[10, 10] = 65535
    samples[-20:-14, -80:-10] = 65535
    photo = open_image(write(samples))
    same = np.abs(photo.rgb.astype(int) - smear()) <= 1
    same[10, 10] = same[-20:-14, -80:-10] = True
    assert same.all()
    assert (photo.rgb[10, 10] == 255).all()
    assert any("the few beyond it cut off" in note for note in photo.notes)


def test_a_picture_that_stays_dark_says_so() -> None:
    for content in (encoded(Image.fromarray(smear() // 16), "PNG"), deep_tiff(deep(4095) // 64)):
        assert TOO_DARK in open_image(content).notes
    assert TOO_DARK not in open_image(deep_tiff(deep(4095))).notes


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
def test_deep_samples_scale_by_the_cameras_white_level(bits: int) -> None:
    ramp = np.zeros((32, 256, 3), np.uint16)
    ramp[:] = (np.arange(256) * (2**bits - 1) // 255)[None, :, None]
    photo = open_image(deep_tiff(ramp))
    assert np.abs(photo.rgb - np.arange(256)[None, :, None]).mean() < 0.6
    assert photo.notes == (f"uint16 scaled to 8 bits from 0–{2**bits - 1}",)


def test_deep_scaling_does_not_stretch_contrast() -> None:
    dim = np.full((32, 32, 3), 30_000, np.uint16)
    assert open_image(deep_tiff(dim)).rgb.max() == round(30_000 / 65_535 * 255)


def test_float_tiff_in_zero_to_one() -> None:
    scaled = deep_tiff(smear().astype(np.float32) / 255)
    assert np.array_equal(open_image(scaled).rgb, smear())
    for bad in (smear()[:, :, 0].astype(np.float32), np.full((32, 32), np.nan, np.float32)):
        with pytest.raises(ImageError, match="0 to 1"):
            open_image(deep_tiff(bad, photometric="minisblack"))


def test_the_cases_are_as_bright_as_in_8_bits(cases: Path) -> None:
    hot = open_image(cases / "hot-pixel" / "cell-hot-pixel.tif").rgb
    assert hot.mean() > 150
    colours = open_image(cases / "channels-as-pages" / "cell-cyx.ome.tif").rgb
    assert colours[..., 0].mean() > colours[..., 2].mean() + 20


def test_many_frames_are_not_walked() -> None:
    """A GIF of tiny frames: one look at the second says that there is more than one."""
    noise = np.random.default_rng(1).integers(0, 256, (500, 16, 16), np.uint8)
    frames = [Image.fromarray(shades) for shades in noise]
    options = {"save_all": True, "append_images": frames[1:], "duration": 10}
    content = encoded(frames[0], "GIF", **options)
    seen: list[int] = []
    real = GifImageFile._seek
    with pytest.MonkeyPatch.context() as patch:

        def seek(self: GifImageFile, frame: int, update_image: bool = True) -> None:
            seen.append(frame)
            real(self, frame, update_image)

        patch.setattr(GifImageFile, "_seek", seek)
        assert open_image(content).notes == ("first of several frames",)
    assert max(seen) <= 1


def test_a_stack_of_plain_pages_is_no_colour_picture() -> None:
    pages = np.moveaxis(smear(), -1, 0)
    stream = io.BytesIO()
    with tifffile.TiffWriter(stream) as writer:
        for page in pages:
            writer.write(page, photometric="minisblack", metadata=None)
    photo = open_image(stream.getvalue())
    assert np.array_equal(photo.rgb[..., 0], pages[0])
    assert photo.notes == ("first of several frames",)


def test_what_is_no_sample_is_refused() -> None:
    for samples in (np.full((4, 4), -1, np.int16), np.full((4, 4), 70000, np.uint32)):
        with pytest.raises(ImageError, match="where 0 to 65535 is read"):
            to_8_bit(samples, [])
    with pytest.raises(ImageError, match="where 0 to 1 is read"):
        to_8_bit(np.full((4, 4), np.nan, np.float32), [])
