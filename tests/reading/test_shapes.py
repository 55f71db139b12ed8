"""Drawn shapes in the colours of a nucleus are no cells: none of them is a confident answer."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from hemavision import Model
from hemavision.records.results import Status

SIDE = 240
PURPLES = ((96, 48, 140), (120, 70, 170), (70, 40, 110))
GROUNDS = ((236, 228, 220), (250, 232, 205))

Draw = Callable[[ImageDraw.ImageDraw, tuple[int, int, int]], None]
SHAPES: dict[str, Draw] = {
    "disc": lambda draw, ink: draw.ellipse((70, 70, 170, 170), fill=ink),
    "small disc": lambda draw, ink: draw.ellipse((95, 95, 145, 145), fill=ink),
    "square": lambda draw, ink: draw.rectangle((75, 75, 165, 165), fill=ink),
    "triangle": lambda draw, ink: draw.polygon(((120, 60), (180, 170), (60, 170)), fill=ink),
    "ring": lambda draw, ink: draw.ellipse((70, 70, 170, 170), outline=ink, width=22),
    "cross": lambda draw, ink: (
        draw.rectangle((108, 60, 132, 180), fill=ink),
        draw.rectangle((60, 108, 180, 132), fill=ink),
    ),
    "three discs": lambda draw, ink: [
        draw.ellipse((x, y, x + 46, y + 46), fill=ink) for x, y in ((72, 80), (118, 90), (90, 128))
    ],
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_drawn_shape_is_no_confident_answer(model: Model, shape: str) -> None:
    pictures = []
    for ink, ground in itertools.product(PURPLES, GROUNDS):
        image = Image.new("RGB", (SIDE, SIDE), ground)
        SHAPES[shape](ImageDraw.Draw(image), ink)
        pictures.append(np.asarray(image.filter(ImageFilter.GaussianBlur(1.5))))
    answers = model.predict(pictures)
    sure = [a.cell_type for a in answers if a.status is Status.CONFIDENT]
    assert len(answers) == 6
    assert sure == []


def test_what_is_no_blood_is_no_confident_answer(model: Model, cases: Path) -> None:
    paths = sorted((cases / "not-blood").iterdir())
    answers = dict(zip((p.name for p in paths), model.predict(paths), strict=True))
    assert len(answers) >= 6
    assert [name for name, a in answers.items() if a.status is Status.CONFIDENT] == []
