"""One answer from several views of a cell: mirrored, and in standard stain beside its own.

A cell has no up and no left, and its stain is its laboratory's: the mean over such views errs less
than any of them (docs/decisions/0010-eye.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from hemavision.images.stain import measure_stain, standardise
from hemavision.reading.bundle import Manifest
from hemavision.reading.engine.engine import Engine, EngineOutput


class View(NamedTuple):
    """A way to look at a crop: in standard stain or not, and which axes of N×S×S×3 are mirrored."""

    standard: bool = False
    mirrored: tuple[int, ...] = ()


ROWS, COLUMNS = 1, 2


def views_of(manifest: Manifest) -> tuple[View, ...]:
    """Return how a model looks at a crop; the first view is the crop itself."""
    both = manifest.preprocess.stain == "both"
    if not manifest.mirrors:
        return (View(), View(standard=True)) if both else (View(),)
    # As many views with two stains as with one: each stain has its mirror images.
    return (
        View(),
        View(both, (COLUMNS,)),
        View(both, (ROWS,)),
        View(mirrored=(ROWS, COLUMNS)),
    )


def run_averaged(engine: Engine, crops: np.ndarray) -> EngineOutput:
    """Return the mean of what an engine answers to the views of crops that its model takes.

    Args:
        engine: any.
        crops: uint8 N×S×S×3 RGB, as :meth:`Engine.run` takes them.

    Returns:
        Means of probabilities and maps, laid back where they belong. Embedding, novelty and
        what is foreign are the first view's: they describe the image as it is.
    """
    views = views_of(engine.manifest)
    standard = _standard(crops) if any(view.standard for view in views) else crops
    # All views at once: half the time of one after the other.
    seen = [np.flip(standard if view.standard else crops, view.mirrored) for view in views]
    together = engine.run(np.concatenate(seen))
    outputs = [_part(together, index * len(crops), len(crops)) for index in range(len(views))]
    first = outputs[0]

    def placed(maps: Sequence[np.ndarray]) -> np.ndarray:
        mean = _mean_map(maps, views)
        return spread(mean) if engine.manifest.mirrors else mean

    return replace(
        first,
        probabilities=_mean([o.probabilities for o in outputs]),
        heatmaps=placed([o.heatmaps for o in outputs]),
        morphology={n: _mean([o.morphology[n] for o in outputs]) for n in first.morphology},
        morphology_heatmaps={
            name: placed([o.morphology_heatmaps[name] for o in outputs])
            for name in first.morphology_heatmaps
        },
    )


def _part(output: EngineOutput, start: int, count: int) -> EngineOutput:
    """Return what was answered to ``count`` crops from ``start`` on."""
    rows = slice(start, start + count)
    return EngineOutput(
        output.probabilities[rows],
        output.heatmaps[rows],
        output.embedding[rows],
        output.novelty[rows],
        output.foreign[rows],
        {name: values[rows] for name, values in output.morphology.items()},
        {name: maps[rows] for name, maps in output.morphology_heatmaps.items()},
    )


def _standard(crops: np.ndarray) -> np.ndarray:
    return np.stack([standardise(crop, measure_stain(crop), None) for crop in crops])


def _mean_map(maps: Sequence[np.ndarray], views: Sequence[View]) -> np.ndarray:
    """Return the mean of N×K×h×w maps, one a view: rows and columns lie an axis further."""
    laid_back = [
        np.flip(m, tuple(axis + 1 for axis in view.mirrored))
        for m, view in zip(maps, views, strict=True)
    ]
    return _mean(laid_back)


def spread(maps: np.ndarray) -> np.ndarray:
    """Return maps in which each place's evidence lies on its neighbours, too; sums are kept.

    A place of a map with five a side sees far beyond its own fifth, most of it near by (Luo et al.
    2016): what it answers to may lie beside it (docs/decisions/0010-eye.md).
    """
    for axis in (-2, -1):
        before, after = np.roll(maps, 1, axis), np.roll(maps, -1, axis)
        first, last = [slice(None)] * maps.ndim, [slice(None)] * maps.ndim
        first[axis], last[axis] = slice(0, 1), slice(-1, None)
        # At the border a place is its own neighbour.
        before[tuple(first)], after[tuple(last)] = maps[tuple(first)], maps[tuple(last)]
        maps = (before + 2 * maps + after) / 4
    return maps


def _mean(values: Sequence[np.ndarray]) -> np.ndarray:
    return np.asarray(np.mean(values, axis=0, dtype=np.float32))
