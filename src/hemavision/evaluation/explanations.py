"""Scores of the heatmaps: do they lie on the cell, matter, and depend on the weights?"""

from __future__ import annotations

import itertools
import random
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageFilter
from scipy.integrate import trapezoid
from scipy.stats import spearmanr

from hemavision.datasets.leaks import find_leak
from hemavision.datasets.nuclei import (
    Field,
    jtsc_fields,
    mask_of,
    open_field,
    test_field_names,
)
from hemavision.datasets.protocols import Dataset
from hemavision.datasets.samples import read_kaggle
from hemavision.datasets.splits import SPLIT_SEED, Split
from hemavision.differential import LEVEL, clopper_pearson
from hemavision.errors import DataError
from hemavision.evaluation.answers import Progress
from hemavision.evaluation.intervals import draw_weights
from hemavision.evaluation.randomised import STAGES, write_randomised
from hemavision.evaluation.result import round_figures
from hemavision.reading.bundle import find_bundle
from hemavision.reading.cell import Model
from hemavision.reading.engine import Engine, OnnxEngine, run_averaged
from hemavision.reading.explaining.overlay import spread_over_image
from hemavision.reading.preprocess import cut_input
from hemavision.records.results import ModelReference, Prediction

#: How many fields the perturbation curves and the shuffled weights are measured on.
CURVE_FIELDS = 12
#: Points of a curve after its start: each step changes the next tenth of the crop.
CURVE_STEPS = 10
#: Blur that stands for "no information", as a share of the crop's side.
BLUR_SHARE = 0.07


@dataclass(frozen=True)
class Placement:
    """Where one heatmap's heat lies; shares from 0 to 1.

    Attributes:
        energy: of the heat on the cell.
        energy_chance: of the area that heat could fall on (the crop) on the cell.
        nucleus_energy: of the heat on the nucleus.
        nucleus_chance: of the crop's area on the nucleus.
        peak_in_cell: whether the hottest pixel lies on the cell.
        cell_in_crop: of the cell, how much the crop holds.
        cell_in_field: of the field's area, how much the cell covers: what heat spread evenly over
            the whole photograph, in which the product shows its map, would put there.
    """

    energy: float
    energy_chance: float
    nucleus_energy: float
    nucleus_chance: float
    peak_in_cell: bool
    cell_in_crop: float
    cell_in_field: float


@dataclass(frozen=True)
class Examined:
    """A field with the model's prediction and the crop that the network saw."""

    field: Field
    prediction: Prediction
    crop: np.ndarray


def score_heatmaps(
    model_name: str, data: Path, limit: int | None = None, progress: Progress | None = None
) -> dict[str, Any]:
    """Score a model's heatmaps on the photographs behind Kaggle TEST.

    Args:
        model_name: a shipped name or a bundle's path.
        data: the folder of the image sets; needs ``kaggle_wbc``, ``bccd`` and ``jtsc``.
        limit: most fields, drawn with a fixed seed.
        progress: called with (done, total).

    Raises:
        DataError: a file is missing, or no field fits.
    """
    path = find_bundle(model_name)
    engine = OnnxEngine(path)
    model = Model(engine, ModelReference(engine.manifest.name, engine.sha256))
    names = test_field_names(data)
    random.Random(SPLIT_SEED).shuffle(names)
    names = names[:limit]
    examined: list[Examined] = []
    total = len(names) + CURVE_FIELDS + len(STAGES)
    for name in names:
        field = open_field(data, name)
        if field:
            examined.append(_examine(model, field))
        _tell(progress, len(examined), total)
    if not examined:
        raise DataError("None of the fields holds exactly one white cell.")
    subset = examined[:CURVE_FIELDS]
    scores = {
        "model": asdict(model.reference),
        "fields": "the photographs behind Kaggle TEST, one white cell each",
        "seen_in_training": _seen_in_training(engine, data),
        "n_fields": len(examined),
        **summarise([place(e.field, e.prediction) for e in examined]),
    }
    curves = []
    for done, item in enumerate(subset, start=len(names) + 1):
        curves.append(curve_areas(engine, item))
        _tell(progress, done, total)
    masked = itertools.islice(jtsc_fields(data), limit)
    placements = [place(field, model.predict(field.rgb)[0]) for field in masked]
    scores["masks"] = {"set": "jtsc", "n_cells": len(placements)} | summarise(placements)
    scores["perturbation"] = {"n_fields": len(subset), "steps": CURVE_STEPS} | _means(curves)
    scores["randomisation"] = {"n_fields": len(subset)} | _randomise(path, subset, progress, total)
    rounded: dict[str, Any] = round_figures(scores)
    return rounded


def place(field: Field, prediction: Prediction) -> Placement:
    """Measure where the predicted type's heatmap lies on a field."""
    height, width = field.rgb.shape[:2]
    heat = spread_over_image(prediction.heatmap(), prediction.box, width, height)
    seen = mask_of(prediction.box, height, width)
    cell = field.cell
    total = float(heat.sum()) or 1.0
    row, column = np.unravel_index(int(heat.argmax()), heat.shape)
    return Placement(
        energy=float(heat[cell].sum()) / total,
        energy_chance=float((cell & seen).sum() / seen.sum()),
        nucleus_energy=float(heat[field.nucleus].sum()) / total,
        nucleus_chance=float((field.nucleus & seen).sum() / seen.sum()),
        peak_in_cell=bool(heat.max() > 0 and cell[row, column]),
        cell_in_crop=float((cell & seen).sum() / cell.sum()),
        cell_in_field=float(cell.mean()),
    )


def summarise(placements: list[Placement]) -> dict[str, Any]:
    """Return the means over fields; the pointing game has an exact interval, energy a drawn one."""
    hits = sum(p.peak_in_cell for p in placements)
    heat = ("energy", "energy_chance", "nucleus_energy", "nucleus_chance")
    names = (*heat, "cell_in_crop", "cell_in_field")
    means = {name: float(np.mean([getattr(p, name) for p in placements])) for name in names}
    draws = draw_weights(len(placements)) @ np.array([p.energy for p in placements])
    low, high = np.quantile(draws / len(placements), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return means | {
        "energy_interval": (float(low), float(high)),
        "pointing": hits / len(placements),
        "pointing_interval": clopper_pearson(hits, len(placements)),
    }


def curve_areas(engine: Engine, item: Examined) -> dict[str, float]:
    """Return the areas under the deletion and insertion curves of one crop (Petsiuk 2018).

    Deletion blurs the crop, hottest pixels first: a good map's area is small. Insertion
    starts from the blurred crop and brings the hottest pixels back first: large. The same
    with pixels in random order, in blocks as fine as the map, is what chance gives.
    """
    side = item.crop.shape[0]
    heat = item.prediction.heatmap()
    rng = np.random.default_rng(SPLIT_SEED)
    orders = {"": heat, "_chance": rng.random(heat.shape)}
    blurred = np.asarray(
        Image.fromarray(item.crop).filter(ImageFilter.GaussianBlur(side * BLUR_SHARE))
    )
    index = list(item.prediction.probabilities).index(item.prediction.cell_type)
    areas = {}
    for suffix, values in orders.items():
        small = Image.fromarray(values.astype(np.float32))
        order = np.asarray(small.resize((side, side), Image.Resampling.BILINEAR))
        rank = np.argsort(np.argsort(-order, axis=None, kind="stable")).reshape(side, side)
        for name, start, end in (
            ("deletion", item.crop, blurred),
            ("insertion", blurred, item.crop),
        ):
            steps = [
                np.where((rank < side * side * step / CURVE_STEPS)[..., None], end, start)
                for step in range(CURVE_STEPS + 1)
            ]
            curve = run_averaged(engine, np.stack(steps)).probabilities[:, index]
            areas[name + suffix] = float(trapezoid(curve) / CURVE_STEPS)
    return areas


def similarity(first: np.ndarray, second: np.ndarray) -> float:
    """Return Spearman's correlation of two maps, -1 to 1; 0 where one is constant."""
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return 0.0
    return float(spearmanr(first, second, axis=None).statistic)


def _seen_in_training(engine: Engine, data: Path) -> str:
    fields = Split("heatmaps", [], [], read_kaggle(data / "kaggle_wbc", "TEST"))
    return find_leak(engine.manifest.training, Dataset(data), fields).kind


def _examine(model: Model, field: Field) -> Examined:
    prediction = model.predict(field.rgb)[0]
    spec = model.manifest.preprocess
    return Examined(field, prediction, cut_input(field.rgb, prediction.box, spec))


def _randomise(
    bundle: Path, subset: list[Examined], progress: Progress | None, total: int
) -> dict[str, Any]:
    """Return for each stage how like the shuffled network's maps are to the real ones."""
    crops = np.stack([item.crop for item in subset])
    table: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        for number, stage in enumerate(STAGES):
            path = Path(folder) / f"{number}.onnx"
            write_randomised(bundle, stage, SPLIT_SEED, path)
            maps = run_averaged(OnnxEngine(path), crops).heatmaps
            likeness = []
            for item, answer in zip(subset, maps, strict=True):
                index = list(item.prediction.probabilities).index(item.prediction.cell_type)
                likeness.append(similarity(item.prediction.heatmap(), answer[index]))
            table[stage] = float(np.mean(likeness))
            _tell(progress, total - len(STAGES) + number + 1, total)
    return {"spearman": table}


def _means(rows: list[dict[str, float]]) -> dict[str, float]:
    return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}


def _tell(progress: Progress | None, done: int, total: int) -> None:
    if progress:
        progress(done, total)
