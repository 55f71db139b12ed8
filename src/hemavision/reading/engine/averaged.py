"""One answer from two views of a cell: as it is, and turned by a quarter.

A cell has no up: the mean over both errs less than either. More turns, mirror images or standard
stain take twice the time for half a point at most (docs/decisions/0010-eye.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from hemavision.reading.engine.engine import Engine, EngineOutput

#: Quarter turns of the views, as :func:`numpy.rot90` counts them; the first is the crop itself.
TURNS = (0, -1)


def run_averaged(engine: Engine, crops: np.ndarray) -> EngineOutput:
    """Return the mean of what an engine answers to the views of crops that its model takes.

    Args:
        engine: any.
        crops: uint8 N×S×S×3 RGB, as :meth:`Engine.run` takes them.

    Returns:
        Means of probabilities and maps, laid back where they belong. Embedding, novelty and
        what is foreign are the first view's: they describe the image as it is.
    """
    turns = TURNS if engine.manifest.mirrors else TURNS[:1]
    # Both views at once: sooner than one after the other.
    together = engine.run(np.concatenate([np.rot90(crops, k, (1, 2)) for k in turns]))
    outputs = [_part(together, index * len(crops), len(crops)) for index in range(len(turns))]
    first = outputs[0]

    def placed(maps: Sequence[np.ndarray]) -> np.ndarray:
        mean = _mean_map(maps, turns)
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


def _mean_map(maps: Sequence[np.ndarray], turns: Sequence[int]) -> np.ndarray:
    """Return the mean of N×K×h×w maps, one a view, turned back."""
    return _mean([np.rot90(m, -k, (-2, -1)) for m, k in zip(maps, turns, strict=True)])


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
