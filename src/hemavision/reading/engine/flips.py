"""A cell has no up and no left: the mean answer over its mirror images errs less."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hemavision.reading.engine.engine import Engine, EngineOutput

#: The axes of the crops that are mirrored: none, columns, rows, both.
VIEWS: tuple[tuple[int, ...], ...] = ((), (2,), (1,), (1, 2))


def run_flipped(engine: Engine, crops: np.ndarray) -> EngineOutput:
    """Return the mean of what an engine answers to crops and to their mirror images.

    Args:
        engine: any.
        crops: uint8 N×S×S×3 RGB, as :meth:`Engine.run` takes them.

    Returns:
        The means; heatmaps are mirrored back first.
    """
    outputs = [engine.run(np.ascontiguousarray(np.flip(crops, axes))) for axes in VIEWS]
    first = outputs[0]
    return EngineOutput(
        _mean([o.probabilities for o in outputs]),
        _mean_map([o.heatmaps for o in outputs]),
        _mean([o.embedding for o in outputs]),
        _mean([o.novelty for o in outputs]),
        _mean([o.foreign for o in outputs]),
        {name: _mean([o.morphology[name] for o in outputs]) for name in first.morphology},
        {
            name: _mean_map([o.morphology_heatmaps[name] for o in outputs])
            for name in first.morphology_heatmaps
        },
    )


def _mean_map(maps: Sequence[np.ndarray]) -> np.ndarray:
    """Return the mean of N×K×h×w maps, one a view: rows and columns lie an axis further."""
    back = (
        np.flip(m, tuple(axis + 1 for axis in axes)) for m, axes in zip(maps, VIEWS, strict=True)
    )
    return _mean(list(back))


def _mean(values: Sequence[np.ndarray]) -> np.ndarray:
    return np.asarray(np.mean(values, axis=0, dtype=np.float32))
