"""The fast PNG writer: what comes out is what went in."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from hemavision.reading.explaining import encode_png


def decoded(content: bytes) -> np.ndarray:
    image = Image.open(io.BytesIO(content))
    assert (image.format, image.mode) == ("PNG", "RGB")
    return np.asarray(image)


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_any_picture_comes_back(height: int, width: int, seed: int) -> None:
    rgb = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    np.testing.assert_array_equal(decoded(encode_png(rgb)), rgb)


@pytest.mark.parametrize("view", [np.s_[::2, ::2], np.s_[::-1], np.s_[:, ::-1]])
def test_a_view_of_a_picture_comes_back(view: object) -> None:
    rgb = np.arange(30 * 20 * 3, dtype=np.uint8).reshape(30, 20, 3)[view]
    np.testing.assert_array_equal(decoded(encode_png(rgb)), rgb)


def test_no_larger_than_pillows_fastest_on_real_fields(data: Path) -> None:
    for file in sorted((data / "kaggle_wbc" / "TEST_SIMPLE").rglob("*.jpeg"))[:10]:
        image = Image.open(file).convert("RGB")
        stream = io.BytesIO()
        image.save(stream, "PNG", compress_level=1)
        content = encode_png(np.asarray(image))
        np.testing.assert_array_equal(decoded(content), np.asarray(image))
        assert len(content) < 1.1 * len(stream.getvalue())
