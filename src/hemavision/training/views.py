"""Batches of views of kept crops, made here or by processes beside the training."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager

import numpy as np

from hemavision.training.augment import (
    WIDE_ZOOM,
    ZOOM,
    another_laboratory,
    plain_view,
    random_light,
    random_view,
)
from hemavision.training.recipes import Phase

#: Decides everything random about a batch: seed, epoch and position.
Key = tuple[int, int, int]


class ViewMaker:
    """Makes views of crops, uint8 N×S×S×3.

    Attributes:
        at_once: how many batches are worth being asked for at once.
    """

    def __init__(
        self, crops: np.ndarray, pool: ProcessPoolExecutor | None = None, at_once: int = 1
    ) -> None:
        """Take the crops, and so many processes that make views of them; without any: here."""
        self._crops, self._pool, self.at_once = crops, pool, at_once

    def views(self, chosen: np.ndarray, augment: str, phase: Phase, key: Key) -> np.ndarray:
        """Return a view of each of the ``chosen`` crops: uint8 B×S×S×3.

        Args:
            chosen: int B, which crops.
            augment: as in :class:`hemavision.training.recipes.Recipe`.
            phase: how large, and how many as from elsewhere.
            key: what decides everything random.
        """
        if self._pool is None:
            return _views(self._crops, chosen, augment, phase, key)
        return self._pool.submit(_views_there, chosen, augment, phase, key).result()


@contextmanager
def view_maker(crops: np.ndarray, processes: int) -> Iterator[ViewMaker]:
    """Give what makes views of ``crops``, in so many processes of its own; at 0 in this one.

    Args:
        crops: uint8 N×CROP_PX×CROP_PX×3, memory-mapped where other processes shall read it.
        processes: how many.
    """
    if not processes or not isinstance(crops, np.memmap):
        yield ViewMaker(crops)
        return
    # Spawned, not forked: a fork of a process that holds an accelerator may hang.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, context, _open, (str(crops.filename),)) as pool:
        yield ViewMaker(crops, pool, processes)


#: The crops that this process makes views of.
_opened: list[np.ndarray] = []


def _open(file: str) -> None:
    _opened.append(np.load(file, mmap_mode="r"))


def _views_there(chosen: np.ndarray, augment: str, phase: Phase, key: Key) -> np.ndarray:
    return _views(_opened[-1], chosen, augment, phase, key)


def _views(
    crops: np.ndarray, chosen: np.ndarray, augment: str, phase: Phase, key: Key
) -> np.ndarray:
    rng = np.random.default_rng(key)
    return np.stack([_view(crops[i], augment, phase, rng) for i in chosen])


def _view(crop: np.ndarray, augment: str, phase: Phase, rng: np.random.Generator) -> np.ndarray:
    if augment == "none":
        return plain_view(crop, phase.size_px)
    zoom = WIDE_ZOOM if augment == "laboratories" else ZOOM
    view = random_view(crop, phase.size_px, rng, zoom)
    if augment == "full":
        return _whole(random_light(view, rng))
    if augment == "laboratories" and rng.random() < phase.elsewhere:
        return _whole(another_laboratory(view, rng))
    return view


def _whole(view: np.ndarray) -> np.ndarray:
    """Round to uint8: what a camera gives."""
    rounded: np.ndarray = np.rint(view).astype(np.uint8)
    return rounded
