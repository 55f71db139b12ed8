"""A laboratory in numbers: its light, its stain, and how unlike its cells are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from hemavision.images.stain import measure_stain
from hemavision.reading.finding import locate_cell

#: Of novelty, that stand for its distribution.
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


def measure_cell(rgb: np.ndarray) -> np.ndarray:
    """Return background (0 to 255) and nuclear absorbance of one cell: float 6, NaN if unknown.

    Args:
        rgb: uint8 H×W×3.
    """
    box, (height, width) = locate_cell(rgb), rgb.shape[:2]
    rows = slice(max(box.top, 0), min(box.bottom, height))
    stain = measure_stain(rgb[rows, max(box.left, 0) : min(box.right, width)])
    nucleus = np.full(3, np.nan) if stain.nucleus is None else stain.nucleus
    return np.concatenate([stain.background, nucleus])


def describe(cells: Sequence[np.ndarray], novelty: np.ndarray) -> dict[str, Any]:
    """Return means, spreads and quantiles as JSON values.

    Args:
        cells: what :func:`measure_cell` gave for each.
        novelty: float N.
    """
    values = np.stack(cells)
    return {
        "cells": len(values),
        "mean": np.nanmean(values, axis=0).round(4).tolist(),
        "deviation": np.nanstd(values, axis=0).round(4).tolist(),
        "novelty": np.quantile(novelty, QUANTILES).round(4).tolist(),
    }
