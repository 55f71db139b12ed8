"""Located crops, cut once and kept in one memory-mapped file: training reads nothing else."""

from __future__ import annotations

import hashlib
import inspect
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from hemavision.detection import locate_cell
from hemavision.errors import DataError, ImageError
from hemavision.preprocess import crop_and_resize, standard_crop
from hemavision.results import Box
from hemavision.training.datasets import Sample, open_sample

#: Side of a kept crop, and how much wider than the cell's box it is, so that
#: augmentation can shift and zoom within it.
CROP_PX = 192
MARGIN = 1.3


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
        stain: as in :class:`hemavision.preprocess.PreprocessSpec`.
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
        cut = partial(cut_crop, stain=stain)
        _cut(samples, cut, finished, skip_bad=skip_bad, progress=progress)
    kept = [samples[int(i)] for i in readable.read_text().split()]
    return np.load(finished, mmap_mode="r"), kept


def _readable(finished: Path) -> Path:
    """Return the file that says which samples' crops are in ``finished``."""
    return finished.with_suffix(".txt")


def _cut(
    samples: list[Sample],
    cut: Callable[[np.ndarray], np.ndarray],
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
    for index, sample in enumerate(samples):
        try:
            crops[len(good)] = cut(open_sample(sample))
            good.append(index)
        except ImageError as error:
            bad.append(f"{sample.path}: {error}")
        if progress:
            progress(index + 1, len(samples))
    if bad and not skip_bad:
        raise DataError(f"{len(bad)} unreadable images:\n" + "\n".join(bad))
    with part.open("wb") as stream:
        np.save(stream, crops[: len(good)])
    _readable(finished).write_text("\n".join(map(str, good)))
    part.replace(finished)


def cut_crop(rgb: np.ndarray, stain: str = "as-is") -> np.ndarray:
    """Return the margin-wide crop around the cell of ``rgb``: uint8 CROP_PX×CROP_PX×3."""
    box = locate_cell(rgb)
    centre_x, centre_y = (box.left + box.right) / 2, (box.top + box.bottom) / 2
    wide = Box.square(centre_x, centre_y, (box.right - box.left) * MARGIN)
    if stain == "as-is":
        return crop_and_resize(rgb, wide, CROP_PX)
    # Measured where serving measures it, whatever surrounds the cell in the margin.
    return standard_crop(rgb, box, wide, CROP_PX, stain)
