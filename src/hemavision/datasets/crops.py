"""Located crops, cut once and kept in one memory-mapped file: training reads nothing else."""

from __future__ import annotations

import hashlib
import inspect
import multiprocessing
import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np

from hemavision.datasets.samples import Sample, open_sample
from hemavision.errors import DataError, ImageError
from hemavision.reading.finding import locate_cell
from hemavision.reading.preprocess import PIXELS_KEPT, crop_and_resize, standard_crop
from hemavision.records.results import Box

#: Side of a kept crop, and how much wider than the cell's box it is, so that
#: augmentation can shift, zoom and turn within it.
CROP_PX = 252
MARGIN = 1.7
#: From so many samples on, every processor cuts, so many at once.
MANY, AT_ONCE = 500, 32


def cut_crops(
    samples: list[Sample],
    cache: Path,
    *,
    stain: str = "as-is",
    skip_bad: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[np.ndarray, list[Sample]]:
    """Return the crops of all samples and the samples that could be read.

    Args:
        samples: what to cut; order is kept.
        cache: a folder; a finished file there for the same samples is used as it is.
        stain: as in :class:`hemavision.reading.preprocess.PreprocessSpec`.
        skip_bad: leave unreadable images out instead of stopping.
        progress: called with (done, total).

    Returns:
        (uint8 N×CROP_PX×CROP_PX×3, memory-mapped; the N samples).

    Raises:
        DataError: names every unreadable image, unless ``skip_bad``.
    """
    names = "\n".join(f"{s.path} {s.box} {s.path.stat().st_mtime_ns}" for s in samples)
    # Crops that an older locator cut are others.
    locator = inspect.getsource(sys.modules[locate_cell.__module__])
    kind = f"{CROP_PX} {MARGIN} {stain} {skip_bad}\n{locator}"
    key = hashlib.sha256(f"{kind}\n{names}".encode()).hexdigest()[:16]
    finished = cache / f"crops-{key}.npy"
    readable = _readable(finished)
    if not finished.exists():
        _cut(samples, stain, finished, skip_bad=skip_bad, progress=progress)
    kept = [samples[int(i)] for i in readable.read_text().split()]
    return np.load(finished, mmap_mode="r"), kept


def _readable(finished: Path) -> Path:
    """Return the file that says which samples' crops are in ``finished``."""
    return finished.with_suffix(".txt")


def _cut(
    samples: list[Sample],
    stain: str,
    finished: Path,
    *,
    skip_bad: bool,
    progress: Callable[[int, int], None] | None,
) -> None:
    finished.parent.mkdir(parents=True, exist_ok=True)
    part = finished.with_suffix(f".{os.getpid()}.part")
    crops = np.empty((len(samples), CROP_PX, CROP_PX, 3), np.uint8)
    good: list[int] = []
    bad: list[str] = []
    for index, crop in enumerate(_cut_all(samples, stain)):
        if isinstance(crop, str):
            bad.append(crop)
        else:
            crops[len(good)] = crop
            good.append(index)
        if progress:
            progress(index + 1, len(samples))
    if bad and not skip_bad:
        raise DataError(f"{len(bad)} unreadable images:\n" + "\n".join(bad))
    with part.open("wb") as stream:
        np.save(stream, crops[: len(good)])
    _readable(finished).write_text("\n".join(map(str, good)))
    part.replace(finished)


def _cut_all(samples: list[Sample], stain: str) -> Iterator[np.ndarray | str]:
    cut = partial(_cut_or_say, stain=stain)
    if len(samples) < MANY:
        yield from map(cut, samples)
        return
    with ProcessPoolExecutor(mp_context=multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(cut, samples, chunksize=AT_ONCE)


def _cut_or_say(sample: Sample, stain: str) -> np.ndarray | str:
    """Return a sample's crop, or why there is none."""
    try:
        return cut_crop(open_sample(sample), stain)
    except ImageError as error:
        return f"{sample.path}: {error}"


def cut_crop(rgb: np.ndarray, stain: str = "as-is") -> np.ndarray:
    """Return the margin-wide crop around the cell of ``rgb``: uint8 CROP_PX×CROP_PX×3."""
    box = locate_cell(rgb)
    centre_x, centre_y = (box.left + box.right) / 2, (box.top + box.bottom) / 2
    wide = Box.square(centre_x, centre_y, (box.right - box.left) * MARGIN)
    if stain in PIXELS_KEPT:
        return crop_and_resize(rgb, wide, CROP_PX)
    # Measured where serving measures it, whatever surrounds the cell in the margin.
    return standard_crop(rgb, box, wide, CROP_PX, stain)
