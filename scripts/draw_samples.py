"""Draws the samples that the pages offer, and writes where the field's cells are.

python scripts/draw_samples.py           # write src/hemavision/web/static/samples
python scripts/draw_samples.py --check   # name what is out of date
"""

from __future__ import annotations

import io
import json
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
from drawings.cells import SAMPLE_NAMES, sample_png
from drawings.smear import HEIGHT_PX, NAME, WHITE_CELLS, WIDTH_PX, smear_png
from PIL import Image

from hemavision.web.pages import FOLDER, PLACES

#: Shades that another processor's or library's rounding may change.
ROUNDING = 2


def main() -> None:
    drawn = {name: sample_png(name) for name in SAMPLE_NAMES} | {NAME: smear_png()}
    places = {"width": WIDTH_PX, "height": HEIGHT_PX, "cells": [asdict(c) for c in WHITE_CELLS]}
    text = json.dumps(places, indent=1) + "\n"
    if "--check" in sys.argv[1:]:
        old = [name for name, png in drawn.items() if not _same(png, (FOLDER / f"{name}.png"))]
        old += [PLACES.name] * (not PLACES.is_file() or PLACES.read_text("utf-8") != text)
        sys.exit(f"Out of date: {', '.join(old)}; run scripts/draw_samples.py" if old else 0)
    FOLDER.mkdir(exist_ok=True)
    for name, png in drawn.items():
        (FOLDER / f"{name}.png").write_bytes(png)
    PLACES.write_text(text, encoding="utf-8")


def _same(png: bytes, path: Path) -> bool:
    if not path.is_file():
        return False
    new, old = (np.asarray(Image.open(file), int) for file in (io.BytesIO(png), path))
    return new.shape == old.shape and int(np.abs(new - old).max()) <= ROUNDING


if __name__ == "__main__":
    main()
