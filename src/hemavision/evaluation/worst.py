"""The worst errors of a run as one picture: wrong answers, the surest first."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from hemavision.datasets.samples import open_sample
from hemavision.evaluation.answers import Run
from hemavision.reading.preprocess import crop_and_resize

#: How many errors, in how many columns, and the side of each in pixels.
MOST, COLUMNS, SIDE_PX, LINE_PX = 20, 5, 160, 14


def write_worst(run: Run, path: Path) -> int:
    """Write the surest wrong answers as ``path``, a PNG; return how many there are.

    Nothing is written where nothing is wrong. The picture shows cells of the image sets: it is
    for looking at, not for publishing.
    """
    pairs = zip(run.samples, run.predictions, strict=True)
    wrong = [(s, p) for s, p in pairs if s.cell_type != p.cell_type]
    wrong = sorted(wrong, key=lambda pair: -pair[1].confidence)[:MOST]
    if not wrong:
        return 0
    rows = -(-len(wrong) // COLUMNS)
    tile_px = SIDE_PX + 3 * LINE_PX
    sheet = Image.new("RGB", (COLUMNS * SIDE_PX, rows * tile_px), "white")
    draw = ImageDraw.Draw(sheet)
    for index, (sample, prediction) in enumerate(wrong):
        left, top = index % COLUMNS * SIDE_PX, index // COLUMNS * tile_px
        crop: np.ndarray = crop_and_resize(open_sample(sample), prediction.box, SIDE_PX)
        sheet.paste(Image.fromarray(crop), (left, top))
        lines = (
            f"is {sample.cell_type}",
            f"called {prediction.cell_type}",
            f"{prediction.confidence:.3f} {prediction.status.value}",
        )
        for number, line in enumerate(lines):
            draw.text((left + 3, top + SIDE_PX + number * LINE_PX), line, fill="black")
    sheet.save(path)
    return len(wrong)
