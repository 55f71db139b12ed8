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
    outputs = [
        engine.run(
            np.ascontiguousarray(np.flip(standard if view.standard else crops, view.mirrored))
        )
        for view in views
    ]
    first = outputs[0]
    return replace(
        first,
        probabilities=_mean([o.probabilities for o in outputs]),
        heatmaps=_mean_map([o.heatmaps for o in outputs], views),
        morphology={n: _mean([o.morphology[n] for o in outputs]) for n in first.morphology},
        morphology_heatmaps={
            name: _mean_map([o.morphology_heatmaps[name] for o in outputs], views)
            for name in first.morphology_heatmaps
        },
    )


def _standard(crops: np.ndarray) -> np.ndarray:
    return np.stack([standardise(crop, measure_stain(crop), None) for crop in crops])


def _mean_map(maps: Sequence[np.ndarray], views: Sequence[View]) -> np.ndarray:
    """Return the mean of N×K×h×w maps, one a view: rows and columns lie an axis further."""
    return _mean(
        [
            np.flip(m, tuple(axis + 1 for axis in view.mirrored))
            for m, view in zip(maps, views, strict=True)
        ]
    )


def _mean(values: Sequence[np.ndarray]) -> np.ndarray:
    return np.asarray(np.mean(values, axis=0, dtype=np.float32))
