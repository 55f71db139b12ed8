"""The look by which the live page knows a white cell again, on real cells, in the browser."""

from __future__ import annotations

import base64
import io
import random
from pathlib import Path

import numpy as np
from fixtures_slide import HEIGHT, WIDTH, field_cells, field_names, field_picture
from PIL import Image
from playwright.sync_api import Page

from hemavision.records.results import CellKind

#: How far a detector's box lies off from frame to frame, in shares of its side.
JITTER = 0.015
CELLS, VIEWS = 30, 3
#: Cells are told apart by size first, so that only those of about one size are compared.
SIZES = 1.25


def crop(rgb: np.ndarray, edges: list[float]) -> str:
    """Return what lies in a box as a JPEG in a data address, as a camera's frame would have it."""
    stream = io.BytesIO()
    box = tuple(round(edge) for edge in edges)
    Image.fromarray(rgb).crop(box).save(stream, "JPEG", quality=90)  # type: ignore[arg-type]
    return "data:image/jpeg;base64," + base64.b64encode(stream.getvalue()).decode("ascii")


def test_looks_tell_real_white_cells_apart(page: Page, data: Path) -> None:
    luck = random.Random(1)
    crops: list[list[str]] = []
    sides: list[float] = []
    for name in field_names(data):
        rgb = field_picture(data, name)
        for cell in field_cells(data, name):
            box = cell.box
            side = max(box.right - box.left, box.bottom - box.top)
            edge = min(box.left, box.top, WIDTH - box.right, HEIGHT - box.bottom)
            if cell.kind is not CellKind.WHITE or edge < JITTER * 3 * side or len(crops) == CELLS:
                continue
            edges = (box.left, box.top, box.right, box.bottom)
            views = [[e + luck.gauss(0, JITTER * side) for e in edges] for _ in range(VIEWS)]
            crops.append([crop(rgb, view) for view in views])
            sides.append(side)
    looks = page.evaluate(
        """async (crops) => {
            const { ALIKE, PATCH_PX, signature, unlikeness } =
                await import("/static/js/live/cells.js");
            const context = new OffscreenCanvas(PATCH_PX, PATCH_PX).getContext("2d");
            context.imageSmoothingQuality = "high";
            const look = async (address) => {
                const picture = Object.assign(new Image(), { src: address });
                await picture.decode();
                context.drawImage(picture, 0, 0, PATCH_PX, PATCH_PX);
                return signature(context.getImageData(0, 0, PATCH_PX, PATCH_PX).data);
            };
            const all = [];
            for (const views of crops) all.push(await Promise.all(views.map(look)));
            const from = (a, b) => unlikeness(all[a][0], all[b][1]);
            return {
                alike: ALIKE,
                unlike: all.map((_, a) => all.map((_, b) => from(a, b))),
                same: all.flatMap(([first, ...rest]) => rest.map((v) => unlikeness(first, v))),
            };
        }""",
        crops,
    )
    others = [
        value
        for a, row in enumerate(looks["unlike"])
        for b, value in enumerate(row)
        if a != b and 1 / SIZES < sides[a] / sides[b] < SIZES
    ]
    assert len(crops) == CELLS
    assert len(others) > 200
    # Nearly all pairs fall on their side, and the medians lie far apart.
    assert np.mean(np.array(looks["same"]) < looks["alike"]) > 0.9
    assert np.mean(np.array(others) < looks["alike"]) < 0.01
    assert np.median(others) > 3 * np.median(looks["same"])
