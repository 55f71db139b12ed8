"""Twelve bits in sixteen, hot pixels, burnt-in scale bars, channels as pages: as bright as in 8."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import tifffile
from fixtures_images import encoded, smear
from PIL import Image

from hemavision.errors import ImageError
from hemavision.images import TOO_DARK, open_image
from hemavision.sample_depth import to_8_bit

CAMERAS = {"10 bits": 1023, "12 bits": 4095, "14 bits": 16383, "16 bits": 65535}


def deep(white: int) -> np.ndarray:
    """The drawn smear as a camera with this white level gives it: uint16 H×W×3."""
    return np.rint(smear() / 255.0 * white).astype(np.uint16)


def as_tiff(samples: np.ndarray, **options: object) -> bytes:
    stream = io.BytesIO()
    tifffile.imwrite(stream, samples, **({"photometric": "rgb"} | options))
    return stream.getvalue()


def as_png(samples: np.ndarray) -> bytes:
    """Write 16-bit colour, which Pillow cannot."""
    height, width, channels = samples.shape
    kind = {3: 2, 4: 6}[channels]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in samples)
    header = struct.pack(">IIBBBBB", width, height, 16, kind, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )


@pytest.mark.parametrize("write", [as_tiff, as_png])
@pytest.mark.parametrize("white", CAMERAS.values(), ids=CAMERAS)
def test_every_camera_is_as_bright_in_either_format(write, white: int) -> None:
    photo = open_image(write(deep(white)))
    assert np.abs(photo.rgb.astype(int) - smear()).max() <= 1
    assert any(f"from 0–{white}" in note for note in photo.notes)


@pytest.mark.parametrize("write", [as_tiff, as_png])
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
    for content in (encoded(Image.fromarray(smear() // 16), "PNG"), as_tiff(deep(4095) // 64)):
        assert TOO_DARK in open_image(content).notes
    assert TOO_DARK not in open_image(as_tiff(deep(4095))).notes


def test_transparency_of_a_deep_png_is_laid_on_white() -> None:
    alpha = np.full((*smear().shape[:2], 1), 65535, np.uint16)
    alpha[:20] = 0
    photo = open_image(as_png(np.concatenate([deep(65535), alpha], axis=2)))
    assert (photo.rgb[:20] == 255).all()
    assert np.abs(photo.rgb[20:].astype(int) - smear()[20:]).max() <= 1


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("form", ["ome", "imagej"])
def test_channels_kept_as_pages_are_put_together(form: str, dtype: type) -> None:
    samples = smear() if dtype is np.uint8 else deep(4095)
    planes = np.moveaxis(samples, -1, 0)
    options = {"photometric": "minisblack", form: True, "metadata": {"axes": "CYX"}}
    photo = open_image(as_tiff(planes, **options))
    assert np.abs(photo.rgb.astype(int) - smear()).max() <= 1
    assert "3 channels put together from 3 pages" in photo.notes


def test_of_a_stack_with_channels_the_first_of_each_is_taken() -> None:
    planes = np.moveaxis(smear(), -1, 0)
    stack = np.stack([planes, planes // 2])  # Z, then C
    for axes, samples in (("ZCYX", stack), ("CZYX", np.swapaxes(stack, 0, 1))):
        options = {"photometric": "minisblack", "ome": True, "metadata": {"axes": axes}}
        photo = open_image(as_tiff(samples, **options))
        assert np.array_equal(photo.rgb, smear()), axes


def test_other_numbers_of_channels_are_refused() -> None:
    planes = np.moveaxis(smear(), -1, 0)[:2]
    options = {"photometric": "minisblack", "ome": True, "metadata": {"axes": "CYX"}}
    with pytest.raises(ImageError, match="2 channels lie in pages of their own"):
        open_image(as_tiff(planes, **options))


def test_a_stack_of_plain_pages_is_no_colour_picture() -> None:
    pages = np.moveaxis(smear(), -1, 0)
    stream = io.BytesIO()
    with tifffile.TiffWriter(stream) as writer:
        for page in pages:
            writer.write(page, photometric="minisblack", metadata=None)
    photo = open_image(stream.getvalue())
    assert np.array_equal(photo.rgb[..., 0], pages[0])
    assert photo.notes == ("first of several frames",)


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
    from PIL.GifImagePlugin import GifImageFile

    real = GifImageFile._seek
    with pytest.MonkeyPatch.context() as patch:

        def seek(self: GifImageFile, frame: int, update_image: bool = True) -> None:
            seen.append(frame)
            real(self, frame, update_image)

        patch.setattr(GifImageFile, "_seek", seek)
        assert open_image(content).notes == ("first of several frames",)
    assert max(seen) <= 1


def test_what_is_no_sample_is_refused() -> None:
    for samples in (np.full((4, 4), -1, np.int16), np.full((4, 4), 70000, np.uint32)):
        with pytest.raises(ImageError, match="where 0 to 65535 is read"):
            to_8_bit(samples, [])
    with pytest.raises(ImageError, match="where 0 to 1 is read"):
        to_8_bit(np.full((4, 4), np.nan, np.float32), [])
