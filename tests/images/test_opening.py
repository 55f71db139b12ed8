"""Images.py: every odd image becomes right pixels, every bad one a clear ImageError."""

from __future__ import annotations

import itertools
import os
import tracemalloc
import warnings
from pathlib import Path

import numpy as np
import pytest
from fixtures_images import (
    BAD,
    HEIGHT,
    ODD,
    WIDTH,
    deep_png,
    deep_tiff,
    difference,
    encoded,
    png_bomb,
    smear,
)  # fmt: skip
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile

from hemavision.errors import ImageError
from hemavision.images import opening
from hemavision.images.opening import open_image

Images = dict[str, bytes]
#: Cases that are not the plain picture up to compression noise.
GREY = ("png_16bit_grey", "grey_jpeg")
TRANSPARENT = ("rgba_png", "palette_png")
BMP_HEADERS = (12, 40, 52, 56, 64, 108, 124)


@pytest.mark.parametrize("case", ODD)
def test_every_odd_image_becomes_the_upright_picture(bad_and_odd_images: Images, case: str) -> None:
    rgb = open_image(bad_and_odd_images[case]).rgb
    assert rgb.dtype == np.uint8
    assert rgb.shape == (HEIGHT, WIDTH, 3)
    assert case in GREY + TRANSPARENT or difference(rgb, smear()) < 1.5


@pytest.mark.parametrize("way", range(1, 9))
def test_what_was_turned_is_said(bad_and_odd_images: Images, way: int) -> None:
    notes = open_image(bad_and_odd_images[f"exif_rotated_jpeg_{way}"]).notes
    assert notes == ((f"turned upright (EXIF orientation {way})",) if way > 1 else ())


@pytest.mark.parametrize("case", GREY)
def test_grey_becomes_three_equal_channels(bad_and_odd_images: Images, case: str) -> None:
    rgb = open_image(bad_and_odd_images[case]).rgb
    assert difference(rgb, Image.fromarray(smear()).convert("L").convert("RGB")) < 1.5
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
        (
            "truncated_jpeg",
            ("JPEG", "4,", "cut short (image file is truncated", "Copy or export it"),
        ),
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
        (b"%PDF-1.7 and more", r"a PDF document \(17 bytes\), not an image"),
        (b"PK\x03\x04" + bytes(40), "a ZIP archive"),
        (b"\x1f\x8b\x08", "a gzip archive"),
        (b"\x00\x00\x00\x0cjP  \r\n", "a JPEG 2000 image"),
        (b"\xff\x4f\xff\x51\x00", "a JPEG 2000 image"),
        (b"8BPS\x00\x01", "a Photoshop document"),
        (b"<svg xmlns='a'/>", "an SVG drawing"),
        (b"<?xml version='1.0'?>", "XML text"),
        (b"\x00\x00\x00\x18ftypheic" + bytes(40), r"a HEIC or AVIF image or a video \(52 bytes"),
        (bytes(128) + b"DICM" + bytes(40), "DICOM image of 172 bytes"),
        (b"BM is how this letter begins, and it is no bitmap.", r"text \(50 bytes\), not an image"),
        (b"one\ttwo\r\nthree\n", "text"),
        (b"RIFF\x24\x00\x00\x00WAVEfmt \x10", "^This is not an image"),
        (b"\x01\x02\x03\x04\x24\x00\x00\x00WEBPVP8 ", "^This is not an image"),
        ("a" + 40 * "\N{GREEK SMALL LETTER MU}", "text"),
        ("a" + 40 * "\N{MICROSCOPE}", "text"),
        (b"\xe9\xe8\xe0" * 10, r"30 bytes, beginning e9 e8 e0 e9 e8 e0 e9 e8\)"),
        (b"\x01\x02\x03\x04\x05\x06\x07\x08\x09", r"beginning 01 02 03 04 05 06 07 08\)\. Give"),
        (b"plain but for a bell \x07", "beginning 70 6c 61"),
    ],
)
def test_other_files_are_named(content: bytes | str, word: str) -> None:
    with pytest.raises(ImageError, match=word):
        open_image(content if isinstance(content, bytes) else content.encode())


@pytest.mark.parametrize(("size", "known"), [(n, n in BMP_HEADERS) for n in range(8, 132, 4)])
def test_a_bmp_is_known_by_the_size_of_its_header(size: int, known: bool) -> None:
    with pytest.raises(ImageError) as caught:
        open_image(b"BM" + bytes(12) + bytes([size, 0, 0, 0]))
    assert str(caught.value).startswith("BMP image of 18 bytes" if known else "This is not an")


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
    with pytest.raises(ImageError, match="9,901×101 px are 1 megapixels; the limit is 1 "):
        open_image(np.zeros((101, 9901), np.uint8))


@pytest.mark.parametrize("options", [{}, {"lossless": True}, {"exif": b"Exif\0\0II*\0"}])
@pytest.mark.parametrize("size", [(16, 16), (17, 301), (640, 1023), (4097, 33)])
def test_a_webp_s_size_is_in_its_first_bytes(options: dict[str, object], size: object) -> None:
    """In each of its three kinds: with losses, without, and extended."""
    assert opening._webp_size(encoded(Image.new("RGB", size), "WEBP", **options)[:30]) == size


@pytest.mark.parametrize(
    ("shape", "tile", "words"),
    [
        ((1000, 1100, 3), None, "megapixels"),
        ((1000, 1000, 5), None, "1000×1000×5 samples where up to 4 channels are read"),
        ((32, 32, 3), (1008, 1008), "its tiles have 1,016,064 pixels"),
        ((1000, 1000, 4), (1008, 992), None),
    ],
)
def test_pixel_limit_holds_for_deep_tiff(
    monkeypatch: pytest.MonkeyPatch, shape: tuple[int, ...], tile: object, words: str | None
) -> None:
    monkeypatch.setenv("HEMAVISION_MAX_MEGAPIXELS", "1")
    content = deep_tiff(np.zeros(shape, np.uint16), tile=tile)
    if words is None:
        assert open_image(content).rgb.shape == (*shape[:2], 3)
        return
    with pytest.raises(ImageError, match=words):
        open_image(content)


def test_a_file_that_no_image_in_the_limit_needs_is_not_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HEMAVISION_MAX_MEGAPIXELS", "1")
    path = tmp_path / "long.png"
    for size, words in (
        (8_000_000, "8,000,000 bytes, beginning 00"),
        (8_000_001, "at most 8,000,000"),
    ):
        with path.open("wb") as file:
            file.truncate(size)
        with pytest.raises(ImageError, match=words):
            open_image(path)


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
def test_too_small_is_an_error_and_the_smallest_is_none(size: tuple[int, int]) -> None:
    with pytest.raises(ImageError, match="at least 16"):
        open_image(encoded(Image.new("RGB", size), "PNG"))
    assert open_image(encoded(Image.new("RGB", (16, 16)), "PNG")).rgb.shape == (16, 16, 3)


def test_deep_tiff_planes_alpha_and_orientation() -> None:
    rgb = smear().astype(np.uint16) * 257
    planes = deep_tiff(np.moveaxis(rgb, 2, 0), planarconfig="separate")
    assert (open_image(planes).rgb == smear()).all()
    alpha = np.full((HEIGHT, WIDTH, 1), 65_535, np.uint16)
    alpha[:, :50] = 0
    clear = deep_tiff(np.dstack([rgb, alpha]), extrasamples=["unassalpha"])
    assert (open_image(clear).rgb[:, :50] == 255).all()
    turned = deep_tiff(np.rot90(rgb, 1).copy(), extratags=[(274, "H", 1, 6, True)])
    assert (open_image(turned).rgb == smear()).all()


def test_tiff_orientation_and_pages() -> None:
    image = Image.fromarray(smear())
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = encoded(image.transpose(Image.Transpose.ROTATE_90), "TIFF", exif=exif)
    assert (open_image(turned).rgb == smear()).all()
    assert open_image(encoded(image, "TIFF")).notes == ()
    stack = encoded(image, "TIFF", save_all=True, append_images=[image.convert("L")])
    assert open_image(stack).notes == ("first of several frames",)


def test_dark_on_bright_may_be_stored_either_way() -> None:
    """Where zero is white; and of a compression that needs more than is installed, the name."""
    grey16 = np.asarray(Image.fromarray(smear()).convert("L")).astype(np.uint16) * 257
    stored = deep_tiff(grey16.max() - grey16, photometric="miniswhite")
    expected = open_image(deep_tiff(grey16, photometric="minisblack")).rgb
    assert difference(open_image(stored).rgb, expected - expected.min()) < 1
    packed = encoded(Image.fromarray(grey16), "TIFF", compression="tiff_lzw")
    with pytest.raises(ImageError, match=r"its compression \(LZW\) with 16-bit samples"):
        open_image(packed)


@pytest.mark.parametrize("channels", [2, 5])
def test_odd_channel_counts_are_errors(channels: int) -> None:
    options = {"photometric": "minisblack", "planarconfig": "contig"}
    with pytest.raises(ImageError, match=f"64×64×{channels} samples"):
        open_image(deep_tiff(np.zeros((64, 64, channels), np.uint16), **options))


def test_broken_exif_does_not_cost_the_picture() -> None:
    broken = encoded(Image.fromarray(smear()), "JPEG", exif=b"Exif\x00\x00MM\x00*\xff\xff\xff\xff")
    assert difference(open_image(broken).rgb, smear()) < 6


def test_arrays_pass_as_they_are() -> None:
    rgb = smear()
    assert open_image(rgb).rgb is rgb
    assert open_image(rgb[:, :, 0]).rgb.shape == (HEIGHT, WIDTH, 3)
    for sides in ((15, 40), (40, 15)):
        with pytest.raises(ImageError, match=f"{sides[1]}×{sides[0]} px; each side needs"):
            open_image(np.zeros(sides, np.uint8))


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
    for source, words in (("a\x00b.jpg", "cannot be read"), (5, "received int")):
        with pytest.raises(ImageError, match=words):
            open_image(source)  # type: ignore[arg-type]


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


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("form", ["ome", "imagej"])
def test_channels_kept_as_pages_are_put_together(form: str, dtype: type) -> None:
    samples = smear() if dtype is np.uint8 else smear().astype(np.uint16) * 257
    planes = np.moveaxis(samples, -1, 0)
    options = {"photometric": "minisblack", form: True, "metadata": {"axes": "CYX"}}
    photo = open_image(deep_tiff(planes, **options))
    assert np.abs(photo.rgb.astype(int) - smear()).max() <= 1
    assert "3 channels put together from 3 pages" in photo.notes


def test_of_a_stack_with_channels_the_first_of_each_is_taken() -> None:
    planes = np.moveaxis(smear(), -1, 0)
    stack = np.stack([planes, planes // 2])  # Z, then C
    for axes, samples in (("ZCYX", stack), ("CZYX", np.swapaxes(stack, 0, 1))):
        options = {"photometric": "minisblack", "ome": True, "metadata": {"axes": axes}}
        photo = open_image(deep_tiff(samples, **options))
        assert np.array_equal(photo.rgb, smear()), axes


def test_other_numbers_of_channels_are_refused() -> None:
    planes = np.moveaxis(smear(), -1, 0)[:2]
    options = {"photometric": "minisblack", "ome": True, "metadata": {"axes": "CYX"}}
    with pytest.raises(ImageError, match="2 channels lie in pages of their own"):
        open_image(deep_tiff(planes, **options))


def test_transparency_of_a_deep_png_is_laid_on_white() -> None:
    alpha = np.full((*smear().shape[:2], 1), 65535, np.uint16)
    alpha[:20] = 0
    photo = open_image(deep_png(np.concatenate([smear().astype(np.uint16) * 257, alpha], axis=2)))
    assert (photo.rgb[:20] == 255).all()
    assert np.abs(photo.rgb[20:].astype(int) - smear()[20:]).max() <= 1
