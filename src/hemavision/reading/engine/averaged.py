"""One answer from two views of a cell: as it is, and turned by a quarter.

A cell has no up: the mean over both errs less than either. Where the colours are those of no
laboratory that the network knows, the second view is blurred, too: how sharply a camera draws a
cell says nothing about its type. More turns or mirror images take twice the time for half a point
at most (docs/decisions/0010-eye.md).
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
from PIL import Image, ImageFilter

from hemavision.reading.engine.engine import Engine, EngineOutput

#: The second view's quarter turns, as :func:`numpy.rot90` counts them.
TURNS = -1
#: Standard deviation of its blur in pixels, in foreign colours.
BLUR_PX = 1.5


def run_averaged(engine: Engine, crops: np.ndarray) -> EngineOutput:
    """Return the mean of what an engine answers to the views of crops that its model takes.

    Args:
        engine: any.
        crops: uint8 N×S×S×3 RGB, as :meth:`Engine.run` takes them.

    Returns:
        Means of probabilities and maps, laid back where they belong. Embedding, novelty and
        what is foreign are the first view's: they describe the image as it is.
    """
    first = engine.run(crops)
    if not engine.manifest.mirrors:
        return first
    second = engine.run(second_view(crops, first.foreign > 1.0))
    looks, offset = first.morphology, engine.manifest.map_offset
    return replace(
        first,
        probabilities=_mean(first.probabilities, second.probabilities),
        heatmaps=_mean_map(first.heatmaps, second.heatmaps, offset),
        morphology={name: _mean(looks[name], second.morphology[name]) for name in looks},
        morphology_heatmaps={
            name: _mean_map(maps, second.morphology_heatmaps[name], offset)
            for name, maps in first.morphology_heatmaps.items()
        },
    )


def second_view(crops: np.ndarray, foreign: np.ndarray) -> np.ndarray:
    """Return crops turned by a quarter, those in foreign colours blurred: uint8 N×S×S×3.

    Args:
        crops: uint8 N×S×S×3.
        foreign: bool N.
    """
    turned = np.rot90(crops, TURNS, (1, 2)).copy()
    blur = ImageFilter.GaussianBlur(BLUR_PX)
    for index in np.flatnonzero(foreign):
        turned[index] = Image.fromarray(turned[index]).filter(blur)
    return turned


def _mean_map(first: np.ndarray, second: np.ndarray, offset: tuple[float, float]) -> np.ndarray:
    """Return the mean of N×K×h×w maps of both views, each laid where its evidence is."""
    turned_back = np.rot90(laid_out(second, offset), -TURNS, (-2, -1))
    return _mean(laid_out(first, offset), turned_back)


def laid_out(maps: np.ndarray, offset: tuple[float, float]) -> np.ndarray:
    """Return N×K×h×w maps moved to where their evidence is, and spread; sums are kept.

    A network's maps all lie beside their evidence by the same distance, which training leaves free
    (:mod:`hemavision.training.displacement`). And a place of a map with five a side sees far beyond
    its own fifth, most of it near by (Luo et al. 2016): what it answers to may lie beside it.

    Args:
        maps: of any engine.
        offset: places down, and to the right.
    """
    rows, columns = (_moved_and_spread(s, o) for s, o in zip(maps.shape[-2:], offset, strict=True))
    return np.asarray(rows @ maps @ columns.T, np.float32)


@lru_cache
def _moved_and_spread(places: int, offset: float) -> np.ndarray:
    """Return what each place gets of each: float places×places, its columns' sums 1.

    At the border a place is its own neighbour.
    """
    every = np.arange(places)
    reached = np.clip(every + offset, 0, places - 1)
    moved = np.maximum(0, 1 - np.abs(every[:, None] - reached))
    edged = np.pad(moved, ((1, 1), (0, 0)), mode="edge")
    return np.asarray((edged[:-2] + 2 * edged[1:-1] + edged[2:]) / 4, np.float32)


def _mean(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return np.asarray((first + second) / 2, np.float32)
