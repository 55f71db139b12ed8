"""Does familiarity tell the cells that a model knows from whatever is no such cell?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.datasets import load_sample_images
from sklearn.metrics import roc_auc_score

from hemavision.datasets.protocols import PROTOCOLS
from hemavision.datasets.samples import Sample, boxes_of, open_sample, read_pbc
from hemavision.datasets.splits import SPLIT_SEED
from hemavision.differential import LEVEL
from hemavision.evaluation.answers import Progress
from hemavision.evaluation.red_cells import BLANK_LIGHTS, draw_red_cells
from hemavision.evaluation.result import round_figures
from hemavision.reading.bundle import find_bundle
from hemavision.reading.engine import OnnxEngine
from hemavision.reading.finding import locate_cell
from hemavision.reading.preprocess import around, cut_input
from hemavision.records.results import Box

#: Pictures of each kind; there are four times as many known cells.
OF_EACH = 150
#: Redrawings for an interval.
DRAWS = 500

Pictures = Iterator[tuple[np.ndarray, Box]]


def score_familiarity(
    model_name: str, data: Path, of_each: int = OF_EACH, progress: Progress | None = None
) -> dict[str, Any]:
    """Return how well novelty tells PBC's test cells from what is none of the known types.

    Args:
        model_name: a shipped name or a bundle's path.
        data: the folder of the image sets; needs ``pbc`` and ``bccd``.
        of_each: pictures of each kind.
        progress: called with (done, total).

    Returns:
        ``known`` (cells of the model's types) and ``kinds``: kind of picture → ``auroc`` with its
        ``interval``, ``unfamiliar`` (share flagged) and ``n``; for the known cells
        ``known_unfamiliar``. In a clone of the repository there are the cell types, too, that
        its networks of one type less never saw; there that network is asked.
    """
    engine = OnnxEngine(find_bundle(model_name))
    cells = read_pbc(data / "pbc", "test")
    known = _novelty_of_known(engine, cells, 4 * of_each)
    kinds = {
        "red cells": _boxes(data, "RBC", of_each),
        "blank background": _blanks(of_each),
        "drawn red cells, no white cell": (_located(draw_red_cells(n)) for n in range(of_each)),
        "photographs of other things": _photographs(of_each),
        "whole fields as one cell": _fields(data, of_each),
    }
    if "platelet" not in engine.manifest.cell_types:
        kinds["platelets"] = _boxes(data, "Platelets", of_each)
    found: dict[str, Any] = {}
    lacking = [p.own_model for p in PROTOCOLS.values() if not p.measures and p.own_model]

    def tell() -> None:
        if progress:
            progress(len(found), len(kinds) + len(lacking))

    for name, pictures in kinds.items():
        found[name] = _compare(known, _novelty(engine, pictures))
        tell()
    for path in lacking:
        without = OnnxEngine(path)
        strange = [s for s in cells if s.cell_type not in without.manifest.cell_types]
        name = f"{strange[0].cell_type}s, by the network that never saw one"
        found[name] = _compare(
            _novelty_of_known(without, cells, 4 * of_each),
            _novelty(without, map(_opened, strange[:: max(1, len(strange) // of_each)])),
        )
        tell()
    record = {
        "model": {"name": engine.manifest.name, "sha256": engine.sha256},
        "known": len(known),
        "known_unfamiliar": float((known > 1).mean()),
        "kinds": found,
    }
    rounded: dict[str, Any] = round_figures(record)
    return rounded


def _compare(known: np.ndarray, other: np.ndarray) -> dict[str, Any]:
    truth = np.concatenate([np.zeros(len(known)), np.ones(len(other))])
    rng = np.random.default_rng(SPLIT_SEED)
    draws = [
        roc_auc_score(
            truth, np.concatenate([rng.choice(part, len(part)) for part in (known, other)])
        )
        for _ in range(DRAWS)
    ]
    low, high = np.quantile(draws, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return {
        "auroc": float(roc_auc_score(truth, np.concatenate([known, other]))),
        "interval": [float(low), float(high)],
        "unfamiliar": float((other > 1).mean()),
        "n": len(other),
    }


def _novelty(engine: OnnxEngine, pictures: Pictures) -> np.ndarray:
    spec = engine.manifest.preprocess
    crops = (cut_input(rgb, around(box, spec), spec)[None] for rgb, box in pictures)
    return np.concatenate([engine.run(crop).novelty for crop in crops])


def _novelty_of_known(engine: OnnxEngine, cells: list[Sample], most: int) -> np.ndarray:
    known = [s for s in cells if s.cell_type in engine.manifest.cell_types]
    return _novelty(engine, map(_opened, known[:: max(1, len(known) // most)]))


def _opened(sample: Sample) -> tuple[np.ndarray, Box]:
    return _located(open_sample(sample))


def _located(rgb: np.ndarray) -> tuple[np.ndarray, Box]:
    return rgb, locate_cell(rgb)


def _boxes(data: Path, kind: str, count: int) -> Pictures:
    """Yield BCCD's objects of a kind with no white cell near, cut out as its white cells are."""
    root = data / "bccd"
    found = []
    for path in sorted((root / "JPEGImages").glob("*.jpg")):
        white = boxes_of(root, path.name, "WBC")
        for box in boxes_of(root, path.name, kind):
            sample = Sample(path, kind, path.name, "bccd", box)
            if not any(_near(sample, other) for other in white):
                found.append(sample)
    rng = np.random.default_rng(SPLIT_SEED)
    for index in rng.permutation(len(found))[:count]:
        yield _located(open_sample(found[index]))


def _near(sample: Sample, other: Box) -> bool:
    box = sample.box
    assert box is not None
    reach = max(box.right - box.left, box.bottom - box.top) / 2
    return (
        box.left - reach < other.right
        and other.left < box.right + reach
        and box.top - reach < other.bottom
        and other.top < box.bottom + reach
    )


def _blanks(count: int) -> Pictures:
    """Yield empty fields under lamps of several colours, with a camera's noise."""
    rng = np.random.default_rng(SPLIT_SEED)
    for index in range(count):
        light = np.array(BLANK_LIGHTS[index % len(BLANK_LIGHTS)]) * rng.uniform(0.85, 1.1)
        slope = np.linspace(rng.uniform(0.92, 1.0), rng.uniform(0.92, 1.0), 160)
        field = light * slope[:, None, None] + rng.normal(0, rng.uniform(0.5, 5.0), (160, 160, 3))
        yield _located(np.clip(field, 0, 255).astype(np.uint8))


def _photographs(count: int) -> Pictures:
    """Yield pieces of the photographs that come with scikit-learn: a temple and a flower."""
    rng = np.random.default_rng(SPLIT_SEED)
    photographs = load_sample_images().images
    for index in range(count):
        photograph = photographs[index % len(photographs)]
        side = int(rng.integers(80, 400))
        top, left = (int(rng.integers(0, length - side)) for length in photograph.shape[:2])
        yield _located(np.ascontiguousarray(photograph[top : top + side, left : left + side]))


def _fields(data: Path, count: int) -> Pictures:
    """Yield whole fields of BCCD in the place of one cell."""
    paths = sorted((data / "bccd" / "JPEGImages").glob("*.jpg"))
    for path in paths[:: max(1, len(paths) // count)][:count]:
        rgb = open_sample(Sample(path, "", path.name, "bccd"))
        height, width = rgb.shape[:2]
        yield rgb, Box.square(width / 2, height / 2, min(height, width))
