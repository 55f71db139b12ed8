from __future__ import annotations

import numpy as np
import pytest

from hemavision.training.detector import views
from hemavision.training.detector.opened import OpenField
from hemavision.training.detector.views import BROAD, Variety, World, random_view, scaled


@pytest.fixture
def marked():
    """A pale field whose cells are dark squares, so that boxes can be read off the picture."""
    rgb = np.full((480, 640, 3), 240, np.uint8)
    boxes = np.array([[40, 60, 120, 140], [300, 200, 360, 260], [560, 400, 640, 480]], np.float32)
    for left, top, right, bottom in boxes.astype(int):
        rgb[top:bottom, left:right] = 20
    return OpenField(rgb, boxes, np.arange(3), np.ones(3, bool), np.full_like(rgb, 255), 0.5)


def test_boxes_stay_on_their_cells(marked, monkeypatch):
    monkeypatch.setattr(views, "recoloured", lambda view, rng: view.astype(np.float32))
    monkeypatch.setattr(views, "restained", lambda view, rng: view.astype(np.float32))
    monkeypatch.setattr(views, "another_camera", lambda view, rng: view)
    seen = 0
    for seed in range(40):
        view = random_view(World({"bccd": [marked]}, []), np.random.default_rng(seed))
        assert view.rgb.shape == (BROAD.view_px, BROAD.view_px, 3)
        dark = view.rgb[..., 0] < 130
        for left, top, right, bottom in view.boxes:
            inside = dark[round(top) : round(bottom), round(left) : round(right)]
            assert inside.mean() > 0.85
            seen += 1
        covered = np.zeros_like(dark)
        for left, top, right, bottom in view.boxes:
            covered[int(top) : int(bottom) + 1, int(left) : int(right) + 1] = True
        # What is dark and in no box was too little of a cell to be asked for.
        assert (dark & ~covered).sum() < 0.35 * 160 * 160
    assert seen > 60


def test_a_scaled_field_keeps_its_cells(marked):
    small = scaled(marked, 0.25)
    assert small.rgb.shape == (120, 160, 3)
    assert small.boxes[1] == pytest.approx([75, 50, 90, 65])


def test_a_whole_field_is_shown_to_its_borders(marked, monkeypatch):
    monkeypatch.setattr(views, "recoloured", lambda view, rng: view.astype(np.float32))
    monkeypatch.setattr(views, "restained", lambda view, rng: view.astype(np.float32))
    monkeypatch.setattr(views, "another_camera", lambda view, rng: view)
    for seed in range(8):
        view = random_view(
            World({"bccd": [marked]}, []),
            np.random.default_rng(seed),
            Variety(view_px=320, whole=1.0),
        )
        assert view.rgb.shape == (320, 320, 3)
        assert sorted(view.kinds) == [0, 1, 2]
