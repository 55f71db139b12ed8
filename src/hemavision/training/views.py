"""Batches of views of kept crops, made here or by processes beside the training."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np

from hemavision.training.augment import (
    WIDE_ZOOM,
    ZOOM,
    another_laboratory,
    coarsened,
    cut_edge,
    plain_view,
    random_light,
    random_view,
)
from hemavision.training.looks import in_the_look_of
from hemavision.training.recipes import Recipe
from hemavision.training.strangers import stranger_of
from hemavision.training.surroundings import among_others

#: Decides everything random about a batch: seed, epoch and position.
Key = tuple[int, int, int]


class Chosen(NamedTuple):
    """What a batch shows.

    Attributes:
        places: int B, which crops.
        elsewhere: float B, the chance that each is as from another laboratory.
        strange: bool B, whether something is made of it that is no cell.
    """

    places: np.ndarray
    elsewhere: np.ndarray
    strange: np.ndarray


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

    def views(self, chosen: Chosen, recipe: Recipe, size_px: int, key: Key) -> np.ndarray:
        """Return a view of each of the ``chosen`` crops: uint8 B×S×S×3.

        Args:
            chosen: which crops.
            recipe: that says how they vary.
            size_px: S.
            key: what decides everything random.
        """
        if self._pool is None:
            return _views(self._crops, chosen, recipe, size_px, key)
        return self._pool.submit(_views_there, chosen, recipe, size_px, key).result()


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


def _views_there(chosen: Chosen, recipe: Recipe, size_px: int, key: Key) -> np.ndarray:
    return _views(_opened[-1], chosen, recipe, size_px, key)


def _views(crops: np.ndarray, chosen: Chosen, recipe: Recipe, size_px: int, key: Key) -> np.ndarray:
    rng = np.random.default_rng(key)
    views = []
    for place, share, strange in zip(*chosen, strict=True):
        crop = crops[place]
        if strange:
            crop = stranger_of(crop, rng)
        else:
            if recipe.relit and rng.random() < recipe.relit * share:
                crop = in_the_look_of(crops[rng.choice(chosen.places)], crop)
            if recipe.surroundings and rng.random() < recipe.surroundings:
                crop = among_others(crop, crops[rng.choice(chosen.places)], rng)
        views.append(_view(crop, recipe, size_px, share, rng))
    return np.stack(views)


def _view(
    crop: np.ndarray, recipe: Recipe, size_px: int, share: float, rng: np.random.Generator
) -> np.ndarray:
    augment = recipe.augment
    if augment == "none":
        return plain_view(crop, size_px, recipe.sides)
    zoom = WIDE_ZOOM if augment == "laboratories" else ZOOM
    view = random_view(crop, size_px, rng, zoom, recipe.sides)
    if augment == "full":
        view = _whole(random_light(view, rng))
    elsewhere = augment == "laboratories" and rng.random() < share
    if elsewhere:
        view = _whole(another_laboratory(view, rng))
    view = cut_edge(view, rng) if elsewhere else view
    return coarsened(view, rng) if recipe.coarse and rng.random() < recipe.coarse else view


def _whole(view: np.ndarray) -> np.ndarray:
    """Round to uint8: what a camera gives."""
    rounded: np.ndarray = np.rint(view).astype(np.uint8)
    return rounded
