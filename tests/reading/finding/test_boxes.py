"""What a detector makes of its network's maps: boxes to the pixel, whatever the network sees."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from hemavision.reading.finding import detector
from hemavision.reading.finding.detector import FILLING, STRIDE, Detector
from hemavision.reading.finding.manifest import DetectorManifest
from hemavision.records.results import Box, CellKind, Detection

KINDS = (CellKind.WHITE, CellKind.RED, CellKind.PLATELET)
THRESHOLDS = {CellKind.WHITE: 0.5, CellKind.RED: 0.25, CellKind.PLATELET: 0.75}
#: A mark on a drawn field: column and row of its pixel, which says what is there.
Mark = tuple[int, int, CellKind, float]


class Session:
    """A network that answers by the pixels: red says the kind, blue the score, where green is 9.

    Every cell reaches as far to the left, above, to the right and below as it is told.
    """

    def __init__(self, reach: tuple[int, int, int, int]) -> None:
        self.reach = reach
        self.seen: list[np.ndarray] = []

    def run(
        self, names: list[str], given: dict[str, np.ndarray], options: Any = None
    ) -> list[np.ndarray]:
        assert names == ["scores", "edges"]
        (image,) = given["image"]
        self.seen.append(image)
        small = image[::STRIDE, ::STRIDE]
        scores = np.zeros((len(KINDS), *small.shape[:2]), np.float32)
        rows, columns = np.nonzero(small[..., 1] == 9)
        kinds, sure = small[rows, columns, 0] // 100, small[rows, columns, 2]
        scores[kinds, rows, columns] = sure / 100
        edges = np.zeros((4, *small.shape[:2]), np.float32)
        edges[:] = np.array(self.reach)[:, None, None]
        return [scores[None], edges[None]]

    def get_outputs(self) -> list[Any]:
        return [SimpleNamespace(name=name) for name in ("scores", "edges")]


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Make a detector of such a network, for fields at home of a scale and a size of red cells."""

    def made(
        reach: tuple[int, int, int, int], scale: float = 1.0, red_px: float = 20.0
    ) -> tuple[Detector, Session]:
        session = Session(reach)
        manifest = DetectorManifest("marks", KINDS, dict(THRESHOLDS), scale, red_px, "0" * 64)
        metadata = {"hemavision.detector": manifest.to_json()}
        network = SimpleNamespace(session=session, metadata=metadata, sha256="b" * 64)
        monkeypatch.setattr(detector, "open_network", lambda path, threads: network)
        return Detector(Path("marks.onnx")), session

    return made


def field(width: int, height: int, *marks: Mark) -> np.ndarray:
    """Grey, with marks of a pixel, each at a place that the network looks at."""
    rgb = np.full((height, width, 3), 200, np.uint8)
    for x, y, kind, score in marks:
        rgb[y, x] = (100 * KINDS.index(kind), 9, round(100 * score))
    return rgb


def test_a_box_reaches_as_far_as_the_network_says(make: Any) -> None:
    found, _ = make((5, 3, 9, 11))
    (cell,) = found.find(field(80, 60, (40, 28, CellKind.WHITE, 0.9)))
    # The middle of the place, two pixels on.
    expected = Box(42 - 5, 30 - 3, 42 + 9, 30 + 11)
    assert cell == Detection(CellKind.WHITE, expected, pytest.approx(0.9))
    assert (found.reference.name, found.reference.sha256) == ("marks", "b" * 64)


def test_a_box_ends_at_the_field_s_border(make: Any) -> None:
    found, _ = make((9, 9, 9, 9))
    corners = [(0, 0), (44, 0), (0, 36), (44, 36)]
    cells = found.find(field(50, 41, *((x, y, CellKind.WHITE, 0.9) for x, y in corners)))
    assert {cell.box for cell in cells} == {
        Box(0, 0, 11, 11),
        Box(37, 0, 50, 11),
        Box(0, 29, 11, 41),
        Box(37, 29, 50, 41),
    }


def test_a_cell_beyond_the_field_is_none(make: Any) -> None:
    """Its place lies in what fills the input up, and of its box nothing in the field."""
    found, session = make((-1, 9, 9, 9))
    cells = found.find(field(50, 41, (48, 8, CellKind.WHITE, 0.9), (8, 8, CellKind.WHITE, 0.8)))
    assert [cell.box for cell in cells] == [Box(11, 1, 19, 19)]
    seen = session.seen[0]
    assert seen.shape == (64, 64, 3)
    assert (seen[41:] == FILLING).all()
    assert (seen[:, 50:] == FILLING).all()


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_has_its_own_threshold(make: Any, kind: CellKind) -> None:
    found, _ = make((4, 4, 4, 4))
    limit = THRESHOLDS[kind]
    rgb = field(80, 60, (20, 20, kind, limit + 0.01), (60, 20, kind, limit - 0.01))
    assert [(c.kind, c.box) for c in found.find(rgb)] == [(kind, Box(18, 18, 26, 26))]
    assert [c.kind for c in found.find(field(80, 60, (20, 20, kind, 0.25)), least=0.25)] == [kind]
    assert len(found.find(rgb, least=limit - 0.02)) == 2
    assert found.find(rgb, least=limit + 0.02) == []


def test_the_surest_come_first(make: Any) -> None:
    found, _ = make((4, 4, 4, 4))
    marks = [(20 * n, 20, kind, 0.75 + n / 50) for n, kind in enumerate(KINDS * 2, 1)]
    cells = found.find(field(160, 60, *marks))
    assert [cell.kind for cell in cells] == [*reversed(KINDS * 2)]
    assert [round(cell.score, 2) for cell in cells] == [0.87, 0.85, 0.83, 0.81, 0.79, 0.77]


def test_of_two_on_one_cell_the_surer_stays_and_other_kinds_stay_too(make: Any) -> None:
    found, _ = make((10, 10, 10, 10))
    one, other = (40, 28, CellKind.WHITE, 0.8), (44, 28, CellKind.WHITE, 0.9)
    over, apart = (40, 32, CellKind.RED, 0.7), (60, 28, CellKind.WHITE, 0.6)
    cells = found.find(field(100, 60, one, other, over, apart))
    assert [(cell.kind, cell.box.left) for cell in cells] == [
        (CellKind.WHITE, 36), (CellKind.RED, 32), (CellKind.WHITE, 52),
    ]  # fmt: skip


def test_a_field_without_cells_is_empty(make: Any) -> None:
    found, _ = make((4, 4, 4, 4))
    assert found.find(field(80, 60)) == []


def test_boxes_are_in_pixels_of_the_field_at_any_scale(make: Any) -> None:
    found, session = make((5, 3, 9, 11), scale=0.5)
    rgb = field(160, 120)
    # Halved, its only place that the network looks at is (40, 28).
    rgb[52:62, 76:86] = (0, 9, 90)
    (cell,) = found.find(rgb)
    assert cell.box == Box(2 * 37, 2 * 27, 2 * 51, 2 * 41)
    assert session.seen[0].shape == (64, 96, 3)


def test_a_large_field_s_cells_lie_where_they_are(make: Any) -> None:
    """At seams, too, where two tiles see the same cell: it is counted once."""
    found, session = make((4, 4, 4, 4))
    places = [(x, y) for x in range(20, 1800, 120) for y in range(20, 1000, 120)]
    cells = found.find(field(1800, 1000, *((x, y, CellKind.WHITE, 0.9) for x, y in places)))
    assert len(session.seen) > 1
    assert sorted((c.box.left + 2, c.box.top + 2) for c in cells) == places


def reds(step: int, count: int = 5, score: float = 0.9) -> list[Mark]:
    return [(step * n, step, CellKind.RED, score) for n in range(1, count + 1)]


@pytest.mark.parametrize(
    ("side", "mended"), [(10, 2.0), (5, 3.0), (16, None), (26, None), (40, 0.5), (80, 1 / 3)]
)
def test_red_cells_of_another_size_are_looked_at_again(
    make: Any, side: int, mended: float | None
) -> None:
    """At home they are 20 pixels wide; the scale is mended up to three times."""
    half = side // 2
    found, session = make((half, half, side - half, side - half))
    found.find(field(600, 120, *reds(100)))
    first, *more = [seen.shape[1] for seen in session.seen]
    assert first == 608
    # The input's sides are multiples of 32, and those of a tile 768.
    widths = [-(-min(round(600 * mended), 768) // 32) * 32] if mended else []
    assert more[:1] == widths


def test_at_home_s_own_scale_nothing_is_mended(make: Any) -> None:
    """Red cells are measured in the network's pixels, not in the field's."""
    found, session = make((10, 10, 10, 10), scale=0.5)
    halved = field(600, 240)
    for x, y, _, _ in reds(48):
        halved[2 * y - 4 : 2 * y + 6, 2 * x - 4 : 2 * x + 6] = (100, 9, 90)
    assert len(found.find(halved)) == 5
    assert len(session.seen) == 1
    found, session = make((5, 20, 5, 20))
    found.find(field(600, 120, *reds(100)))
    assert len(session.seen) == 1, "twice as high and half as wide is as large"


@pytest.mark.parametrize("marks", [reds(100, 4), reds(100, 5, 0.29)])
def test_few_or_doubtful_red_cells_say_nothing_of_the_scale(make: Any, marks: list[Mark]) -> None:
    """The middle is looked at larger and smaller, and where no more are seen there, home stays."""
    found, session = make((5, 5, 5, 5))
    assert len(found.find(field(600, 120, *marks), least=0.2)) == len(marks)
    assert [seen.shape for seen in session.seen[1:]] == [(64, 256, 3), (320, 320, 3), (320, 320, 3)]


def test_red_cells_in_the_middle_tell_another_scale(make: Any) -> None:
    """Seen at home they are too small to be any; two and a half times larger they are many."""
    found, session = make((10, 10, 10, 10))
    small = field(400, 200)
    for x in range(140, 260, 20):
        # Larger, the place that the network looks at is on the mark; at home it is beside.
        small[93:100, x + 1 : x + 4] = (100, 9, 90)
    cells = found.find(small)
    # Home, its middle at three other scales, then all of it at the one that is told.
    assert len(session.seen) > 4
    assert session.seen[4].shape[1] == 768, "a tile of a thousand pixels"
    assert len(cells) >= 5


def test_five_red_cells_of_three_tenths_are_enough(make: Any) -> None:
    found, session = make((5, 5, 5, 5))
    found.find(field(600, 120, *reds(100, 5, detector.SURE)))
    assert len(session.seen) > 1


def test_other_cells_sizes_say_nothing_of_the_scale(make: Any) -> None:
    found, session = make((5, 5, 5, 5))
    found.find(field(600, 120, *((x, y, CellKind.WHITE, s) for x, y, _, s in reds(100))))
    assert len(session.seen) == 4, "home, and its middle at three other scales"


def test_a_detector_has_a_thread_a_core_unless_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, int]] = []
    manifest = DetectorManifest("marks", KINDS, dict(THRESHOLDS), 1.0, 20.0, "0" * 64)
    network = SimpleNamespace(
        session=Session((4, 4, 4, 4)),
        metadata={"hemavision.detector": manifest.to_json()},
        sha256="b" * 64,
    )

    def opened(path: Path, threads: int) -> Any:
        asked.append((path.stem, threads))
        return network

    monkeypatch.setattr(detector, "open_network", opened)
    detector.open_detector()
    detector.open_detector(threads=3)
    Detector(Path("marks.onnx"))
    assert asked == [("cells", 0), ("cells", 3), ("marks", 0)]
