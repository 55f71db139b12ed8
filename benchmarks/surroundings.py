"""How a white cell of a field is cut out, and how often it is then named right.

Takes the single white cells of BCCD's train and val lists by their authors' boxes, less the
photographs behind Kaggle TEST: nothing is chosen on a test set. Compares what is cut out around a
cell before its nucleus is looked for (in longer sides of its box), plain squares around the box,
and the mean over mirror images.

    python benchmarks/surroundings.py --model bundles/lab-out-bccd.onnx

The model named here never saw BCCD; the shipped one learned from most of these fields.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np

from hemavision.datasets.samples import Sample, read_bccd_cells, read_kaggle
from hemavision.images.opening import open_image
from hemavision.reading import field, where
from hemavision.reading.cell import Model, open_model
from hemavision.records.results import Box, CellKind, Detection, Prediction
from hemavision.settings import data_folder, text

WIDTHS = (1.5, 2.0, 3.0, 4.0, 6.0)
SQUARES = (1.2, 1.5, 1.8)

Way = Callable[[Model, np.ndarray, Box], Prediction]


def cells_to_learn_from(data: Path) -> list[Sample]:
    """Return the single white cells of BCCD's train and val lists."""
    root = data / "bccd"
    lists = (root / "ImageSets" / "Main" / f"{part}.txt" for part in ("train", "val"))
    named = {f"bccd/{line}.jpg" for path in lists for line in path.read_text().split()}
    named -= {s.original for s in read_kaggle(data / "kaggle_wbc", "TEST")}
    return [s for s in read_bccd_cells(root) if s.original in named]


def by_nucleus(width: float) -> Way:
    """Return the way that fields are read, with so much cut out."""

    def name(model: Model, rgb: np.ndarray, box: Box) -> Prediction:
        where.SURROUNDINGS = width
        found = [Detection(CellKind.WHITE, box, 1.0)]
        return field.name_white_cells(model, rgb, found)[0]

    return name


def by_square(sides: float) -> Way:
    """Return the way that looks at a square around the cell's box."""

    def name(model: Model, rgb: np.ndarray, box: Box) -> Prediction:
        side = sides * max(box.right - box.left, box.bottom - box.top)
        square = Box.square((box.left + box.right) / 2, (box.top + box.bottom) / 2, side)
        return next(model.predict_boxes([rgb], [square]))

    return name


def main() -> None:
    """Print a line a way."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", default=text("model"))
    model, samples = open_model(parser.parse_args().model), cells_to_learn_from(data_folder())
    pictures = {sample.path: open_image(sample.path).rgb for sample in samples}
    ways = {f"nucleus, {width:g} sides cut out": by_nucleus(width) for width in WIDTHS}
    ways |= {f"square of {sides:g} sides": by_square(sides) for sides in SQUARES}
    print(f"{len(samples)} cells, model {model.reference.name}")
    for title, way in ways.items():
        answers = [way(model, pictures[s.path], s.box) for s in samples if s.box]
        pairs = list(zip(answers, samples, strict=True))
        right = np.mean([p.cell_type == s.cell_type for p, s in pairs])
        loss = np.mean([-np.log(max(p.probabilities.get(s.cell_type, 0), 1e-6)) for p, s in pairs])
        print(f"{title:<42}right {100 * right:5.1f}%   log loss {loss:.3f}", flush=True)


if __name__ == "__main__":
    main()
