"""How much of a heatmap lies on the located cell."""

from __future__ import annotations

import numpy as np

#: The cell's radius as a share of its box's side: the box is cut around the nucleus so wide that
#: the cell lies whole in this disc.
CELL_RADIUS = 0.4


def focus(heatmap: np.ndarray) -> float:
    """Return the share of a map's heat on the located cell, 0 to 1; 0 for a map without heat.

    Args:
        heatmap: float h×w, ≥ 0, over the cell's square box.
    """
    total = float(heatmap.sum())
    if total <= 0:
        return 0.0
    height, width = heatmap.shape
    rows = (np.arange(height) + 0.5) / height - 0.5
    columns = (np.arange(width) + 0.5) / width - 0.5
    on_cell = np.hypot(rows[:, None], columns[None]) <= CELL_RADIUS
    return float(heatmap[on_cell].sum()) / total
