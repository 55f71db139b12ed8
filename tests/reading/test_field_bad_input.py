"""What a person can point the shipped detector at by mistake: an answer, and a plain warning."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from bccd_fields import TWO_WHITE, picture
from PIL import Image, ImageFilter

from hemavision import Model
from hemavision.reading.field import read_smear
from hemavision.reading.finding.detector import Detector, open_detector
from hemavision.reading.found import Smear
from hemavision.records.results import CellKind

#: Reads the file of its argument in a process of its own; prints seconds, MiB and what it found.
PANORAMA = """
import json, re, sys, time
from pathlib import Path
from hemavision import open_model
from hemavision.reading.finding.detector import open_detector
from hemavision.images.opening import open_image
from hemavision.reading.field import read_smear
model, detector = open_model(), open_detector()
rgb = open_image(sys.argv[1]).rgb
started = time.perf_counter()
smear = read_smear(model, detector, rgb)
seconds = time.perf_counter() - started
# Not ru_maxrss: that begins at the size of the process that started this one.
mib = int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024
print(json.dumps([seconds, mib, smear.counts, len(smear.predictions)]))
"""


@pytest.fixture(scope="module")
def detector() -> Detector:
    return open_detector()


@pytest.fixture(scope="module")
def read(model: Model, detector: Detector) -> Callable[[np.ndarray], Smear]:
    return lambda rgb: read_smear(model, detector, np.ascontiguousarray(rgb))


@pytest.fixture(scope="module")
def field(data: Path) -> np.ndarray:
    return picture(data, TWO_WHITE)


def codes(smear: Smear) -> set[str]:
    return {caution.code for caution in smear.warnings}


def shown(smear: Smear) -> str:
    return " ".join(caution.message for caution in smear.warnings)


def test_a_field_without_a_cell(read: Callable[[np.ndarray], Smear]) -> None:
    rng = np.random.default_rng(5)
    smear = read((226 + rng.normal(0, 2, (480, 640, 3))).astype(np.uint8))
    assert smear.cells == ()
    assert codes(smear) == {"no-cells"} | (codes(smear) & {"out-of-focus"})
    assert "No cell was found" in shown(smear)
    assert set(smear.estimates.values()) == {None}


def test_an_all_black_frame(read: Callable[[np.ndarray], Smear]) -> None:
    smear = read(np.zeros((480, 640, 3), np.uint8))
    assert smear.cells == ()
    assert codes(smear) == {"under-exposed", "no-cells"}
    assert "black" in shown(smear)


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_portrait_and_upside_down(
    read: Callable[[np.ndarray], Smear], field: np.ndarray, quarters: int
) -> None:
    upright, turned = read(field), read(np.rot90(field, quarters))
    assert (turned.width, turned.height) == np.rot90(field, quarters).shape[1::-1]
    assert turned.counts[CellKind.WHITE] == upright.counts[CellKind.WHITE] == 2
    assert turned.counts[CellKind.RED] == pytest.approx(upright.counts[CellKind.RED], rel=0.35)
    assert codes(turned) == codes(upright) == set()


def test_out_of_focus(read: Callable[[np.ndarray], Smear], field: np.ndarray) -> None:
    smear = read(np.asarray(Image.fromarray(field).filter(ImageFilter.GaussianBlur(4))))
    assert "out-of-focus" in codes(smear)
    assert "Focus again" in shown(smear)
    assert smear.sharpness < read(field).sharpness / 2


def test_over_exposed(read: Callable[[np.ndarray], Smear], field: np.ndarray) -> None:
    smear = read(np.minimum(field.astype(int) * 2, 255).astype(np.uint8))
    assert "over-exposed" in codes(smear)
    assert "less light" in shown(smear)


def test_under_exposed(read: Callable[[np.ndarray], Smear], field: np.ndarray) -> None:
    smear = read((field * 0.3).astype(np.uint8))
    assert "under-exposed" in codes(smear)


@pytest.mark.parametrize("size", [(16, 16), (16, 2000), (2000, 16), (200, 8000)])
def test_the_smallest_and_the_narrowest(
    read: Callable[[np.ndarray], Smear], field: np.ndarray, size: tuple[int, int]
) -> None:
    height, width = size
    tiles = np.tile(field, (-(-height // 480), -(-width // 640), 1))
    smear = read(tiles[:height, :width])
    assert (smear.width, smear.height) == (width, height)
    for cell in smear.cells:
        assert 0 <= cell.box.left < cell.box.right <= width
        assert 0 <= cell.box.top < cell.box.bottom <= height


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("side", "most_s", "most_mib"),
    [(2000, 60, 500), pytest.param(8000, 240, 3000, marks=pytest.mark.long)],
)
def test_a_panorama_is_read_in_bounded_memory_and_time(
    read: Callable[[np.ndarray], Smear],
    field: np.ndarray,
    tmp_path: Path,
    side: int,
    most_s: float,
    most_mib: float,
) -> None:
    """Square, 183 MiB of pixels in the end: two rows of fields and a wide empty place."""
    wide = np.full((side, side, 3), np.percentile(field, 90, axis=(0, 1)), np.uint8)
    wide[:960] = np.tile(field, (2, 13, 1))[:, :side]
    path = tmp_path / "panorama.png"
    Image.fromarray(wide).save(path, compress_level=1)
    command = [sys.executable, "-c", PANORAMA, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=590, check=False)
    assert done.returncode == 0, done.stderr
    seconds, mib, counts, named = json.loads(done.stdout)
    one, fields = read(field).counts, (side / 640) * 2
    for kind in (CellKind.WHITE, CellKind.RED):
        # At the seams of the mosaic cut cells meet and make cells of their own.
        assert counts[kind] == pytest.approx(fields * one[kind], rel=0.3)
    assert named == counts["white_cell"]
    assert seconds < most_s
    assert mib < most_mib
