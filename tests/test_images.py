"""Images.py: every odd image becomes right pixels, every bad one a clear ImageError."""

from __future__ import annotations

import io
import itertools
import os
import tracemalloc
import warnings
from pathlib import Path

import numpy as np
import pytest
import tifffile
from fixtures_images import BAD, HEIGHT, ODD, WIDTH, encoded, png_bomb, smear
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile

from hemavision.errors import ImageError
from hemavision.images import open_image

Images = dict[str, bytes]
#: Cases that are not the plain picture up to compression noise.
GREY = ("png_16bit_grey", "grey_jpeg")
TRANSPARENT = ("rgba_png", "palette_png")
PLAIN = tuple(case for case in ODD if case not in GREY + TRANSPARENT)


def difference(rgb: np.ndarray, expected: np.ndarray) -> float:
    return float(np.abs(rgb.astype(int) - expected.astype(int)).mean())


def grey(rgb: np.ndarray) -> np.ndarray:
    return np.asarray(Image.fromarray(rgb).convert("L").convert("RGB"))


@pytest.mark.parametrize("case", ODD)
def test_every_odd_image_becomes_upright_rgb(bad_and_odd_images: Images, case: str) -> None:
    rgb = open_image(bad_and_odd_images[case]).rgb
    assert rgb.dtype == np.uint8
    assert rgb.shape == (HEIGHT, WIDTH, 3)


@pytest.mark.parametrize("case", PLAIN)
def test_conversion_keeps_the_picture(bad_and_odd_images: Images, case: str) -> None:
    assert difference(open_image(bad_and_odd_images[case]).rgb, smear()) < 1.5


@pytest.mark.parametrize("case", GREY)
def test_grey_becomes_three_equal_channels(bad_and_odd_images: Images, case: str) -> None:
    rgb = open_image(bad_and_odd_images[case]).rgb
    assert difference(rgb, grey(smear())) < 1.5
    assert np.ptp(rgb, axis=2).max() == 0


def test_transparent_parts_are_white(bad_and_odd_images: Images) -> None:
    photo = open_image(bad_and_odd_images["rgba_png"])
    assert (photo.rgb[-40:, -40:] == 255).all()
    assert (photo.rgb[:-40] == smear()[:-40]).all()
    assert photo.notes == ("transparent parts shown on white",)


def test_transparent_palette_colour_is_white(bad_and_odd_images: Images) -> None:
    rgb = open_image(bad_and_odd_images["palette_png"]).rgb
    assert (rgb[100, 5] == 255).all()
    assert difference(rgb[60:100, 80:120], smear()[60:100, 80:120]) < 6


@pytest.mark.parametrize(("case", "told"), [("animated_gif", "several"), ("animated_webp", "3")])
def test_first_frame_is_taken_and_said(bad_and_odd_images: Images, case: str, told: str) -> None:
    assert open_image(bad_and_odd_images[case]).notes == (f"first of {told} frames",)


@pytest.mark.parametrize("case", BAD)
def test_bad_images_are_image_errors(bad_and_odd_images: Images, case: str) -> None:
    with pytest.raises(ImageError):
        open_image(bad_and_odd_images[case])


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ("truncated_jpeg", ("JPEG", "4,", "cut short", "Copy or export it again")),
        ("text_jpg", ("text", "860 bytes", "Give a JPEG, PNG")),
        ("bomb_png", ("PNG", "20,000×20,000 px", "400 megapixels", "100")),
        ("empty", ("empty", "0 bytes")),
    ],
)
def test_message_says_what_was_received_and_what_to_do(
    bad_and_odd_images: Images, case: str, words: tuple[str, ...]
) -> None:
    with pytest.raises(ImageError) as caught:
        open_image(bad_and_odd_images[case])
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"%PDF-1.7 and more", "PDF"),
        (b"PK\x03\x04" + bytes(40), "ZIP"),
        (b"\x00\x00\x00\x18ftypheic" + bytes(40), "HEIC"),
        (bytes(128) + b"DICM" + bytes(40), "DICOM"),
        (b"BM is how this letter begins, and it is no bitmap.", "text"),
        (b"\x01\x02\x03\x04\x05\x06\x07\x08\x09", "01 02 03 04"),
    ],
)
def test_other_files_are_named(content: bytes, word: str) -> None:
    with pytest.raises(ImageError, match=word):
        open_image(content)


@pytest.mark.parametrize(
    "case",
    ["good_jpeg", "cmyk_jpeg", "rgba_png", "tiff", "tiff_16bit_rgb", "webp", "bmp", "grey_jpeg"],
)
@pytest.mark.parametrize("share", [0.003, 0.1, 0.5, 0.9, 0.97])
def test_cut_short_anywhere_is_an_error(
    bad_and_odd_images: Images, case: str, share: float
) -> None:
    content = bad_and_odd_images[case]
    with pytest.raises(ImageError):
        open_image(content[: int(len(content) * share)])


def test_bomb_is_refused_from_its_header() -> None:
    bomb = png_bomb()
    assert len(bomb) < 1_000_000
    tracemalloc.start()
    try:
        with pytest.raises(ImageError, match="400 megapixels"):
            open_image(bomb)
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("format_", ["PNG", "GIF", "BMP", "TIFF", "WEBP", "JPEG"])
def test_pixel_limit_holds_for_every_format(monkeypatch: pytest.MonkeyPatch, format_: str) -> None:
    monkeypatch.setenv("HEMAVISION_MAX_MEGAPIXELS", "1")
    big = encoded(Image.new("RGB", (1100, 1000)), format_)
    with pytest.raises(ImageError, match="1,100×1,000 px"):
        open_image(big)
    assert open_image(encoded(Image.new("RGB", (1000, 1000)), format_)).rgb.shape[0] == 1000


def test_pixel_limit_holds_for_deep_tiff(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEMAVISION_MAX_MEGAPIXELS", "1")
    with pytest.raises(ImageError, match="megapixels"):
        open_image(deep_tiff(np.zeros((1000, 1100, 3), np.uint16)))


def test_limit_can_be_above_pillows_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEMAVISION_MAX_MEGAPIXELS", "200")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert open_image(encoded(Image.new("RGB", (80, 80)), "PNG")).rgb.shape == (80, 80, 3)


def test_large_image_keeps_its_resolution() -> None:
    large = encoded(Image.fromarray(smear()).resize((6000, 4500)), "JPEG")
    assert open_image(large).rgb.shape == (4500, 6000, 3)


@pytest.mark.parametrize("size", [(15, 400), (400, 15), (1, 1)])
def test_too_small_is_an_error(size: tuple[int, int]) -> None:
    with pytest.raises(ImageError, match="at least 16"):
        open_image(encoded(Image.new("RGB", size), "PNG"))


def test_smallest_size_is_accepted() -> None:
    assert open_image(encoded(Image.new("RGB", (16, 16)), "PNG")).rgb.shape == (16, 16, 3)


def deep_tiff(samples: np.ndarray, **options: object) -> bytes:
    stream = io.BytesIO()
    tifffile.imwrite(stream, samples, **options)
    return stream.getvalue()


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
def test_deep_samples_scale_by_the_cameras_white_level(bits: int) -> None:
    ramp = np.zeros((32, 256, 3), np.uint16)
    ramp[:] = (np.arange(256) * (2**bits - 1) // 255)[None, :, None]
    photo = open_image(deep_tiff(ramp, photometric="rgb"))
    assert difference(photo.rgb, np.arange(256)[None, :, None]) < 0.6
    assert photo.notes == (f"uint16 scaled to 8 bits from 0–{2**bits - 1}",)


def test_deep_scaling_does_not_stretch_contrast() -> None:
    dim = np.full((32, 32, 3), 30_000, np.uint16)
    assert open_image(deep_tiff(dim, photometric="rgb")).rgb.max() == round(30_000 / 65_535 * 255)


def test_deep_tiff_planes_alpha_and_orientation() -> None:
    rgb = smear().astype(np.uint16) * 257
    planes = deep_tiff(np.moveaxis(rgb, 2, 0), photometric="rgb", planarconfig="separate")
    assert (open_image(planes).rgb == smear()).all()
    alpha = np.full((HEIGHT, WIDTH, 1), 65_535, np.uint16)
    alpha[:, :50] = 0
    clear = deep_tiff(np.dstack([rgb, alpha]), photometric="rgb", extrasamples=["unassalpha"])
    assert (open_image(clear).rgb[:, :50] == 255).all()
    turned = deep_tiff(
        np.rot90(rgb, 1).copy(), photometric="rgb", extratags=[(274, "H", 1, 6, True)]
    )
    assert (open_image(turned).rgb == smear()).all()


def test_tiff_orientation_and_pages() -> None:
    image = Image.fromarray(smear())
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = encoded(image.transpose(Image.Transpose.ROTATE_90), "TIFF", exif=exif)
    assert (open_image(turned).rgb == smear()).all()
    stack = encoded(image, "TIFF", save_all=True, append_images=[image.convert("L")])
    assert open_image(stack).notes == ("first of several frames",)


def test_float_tiff_in_zero_to_one() -> None:
    scaled = deep_tiff(smear().astype(np.float32) / 255, photometric="rgb")
    assert difference(open_image(scaled).rgb, smear()) < 0.01
    for bad in (smear()[:, :, 0].astype(np.float32), np.full((32, 32), np.nan, np.float32)):
        with pytest.raises(ImageError, match="0 to 1"):
            open_image(deep_tiff(bad, photometric="minisblack"))


@pytest.mark.parametrize("channels", [2, 5])
def test_odd_channel_counts_are_errors(channels: int) -> None:
    with pytest.raises(ImageError):
        open_image(deep_tiff(np.zeros((64, 64, channels), np.uint16), photometric="minisblack"))


def test_broken_exif_does_not_cost_the_picture() -> None:
    broken = encoded(Image.fromarray(smear()), "JPEG", exif=b"Exif\x00\x00MM\x00*\xff\xff\xff\xff")
    assert difference(open_image(broken).rgb, smear()) < 6


def test_arrays_pass_as_they_are() -> None:
    rgb = smear()
    assert open_image(rgb).rgb is rgb
    assert open_image(rgb[:, :, 0]).rgb.shape == (HEIGHT, WIDTH, 3)


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((32, 32, 3), np.float32),
        np.zeros((32, 32, 4), np.uint8),
        np.zeros((3, 32, 32), np.uint8),
        np.zeros((2, 32, 32, 3), np.uint8),
        np.zeros(32, np.uint8),
        np.zeros((0, 0, 3), np.uint8),
    ],
)
def test_other_arrays_are_named(array: np.ndarray) -> None:
    with pytest.raises(ImageError) as caught:
        open_image(array)
    if array.size:
        assert str(array.dtype) in str(caught.value)
        assert "×".join(map(str, array.shape)) in str(caught.value)


def test_paths_and_strings(tmp_path: Path, bad_and_odd_images: Images) -> None:
    path = tmp_path / "cell.dat"  # the name decides nothing
    path.write_bytes(bad_and_odd_images["good_jpeg"])
    assert (open_image(path).rgb == open_image(str(path)).rgb).all()


def test_path_errors_name_the_path(tmp_path: Path) -> None:
    fifo = tmp_path / "pipe"
    os.mkfifo(fifo)
    cases = {tmp_path: "folder", tmp_path / "none.jpg": "no such file", fifo: "not a regular file"}
    for path, words in cases.items():
        with pytest.raises(ImageError, match=words) as caught:
            open_image(path)
        assert str(caught.value).startswith(f"{path}: ")
    with pytest.raises(ImageError):
        open_image("a\x00b.jpg")


def test_other_types_are_named() -> None:
    with pytest.raises(ImageError, match="int"):
        open_image(5)  # type: ignore[arg-type]


def test_nothing_global_in_pillow_is_changed(bad_and_odd_images: Images) -> None:
    before = (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES)
    for content in bad_and_odd_images.values():
        try:
            open_image(content)
        except ImageError:
            continue
    assert before == (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES)


@settings(max_examples=300, deadline=None)
@given(
    case=st.sampled_from(sorted({*ODD, "good_jpeg"})),
    changes=st.lists(st.tuples(st.integers(0, 2**20), st.integers(0, 255)), max_size=12),
    cut=st.integers(0, 400),
)
def test_damage_gives_a_photo_or_an_image_error(
    bad_and_odd_images: Images, case: str, changes: list[tuple[int, int]], cut: int
) -> None:
    content = bytearray(bad_and_odd_images[case])
    for place, value in changes:
        content[place % min(len(content), 600)] = value
    try:
        photo = open_image(bytes(content[: len(content) - cut]))
    except ImageError:
        return
    assert photo.rgb.dtype == np.uint8
    assert photo.rgb.shape[2:] == (3,)


def test_real_photographs_decode_as_pillow_does(data: Path) -> None:
    for path in itertools.islice((data / "kaggle_wbc/TEST_SIMPLE").glob("*/*.jpeg"), 8):
        with Image.open(path) as image:
            assert (open_image(path).rgb == np.asarray(image.convert("RGB"))).all()


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
