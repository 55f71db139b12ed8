"""Which boxes show the same cell: of those found, the surest; of those marked, the likest."""

from __future__ import annotations

import numpy as np

#: Intersection over union from which on a found box shows the marked cell.
SAME_CELL = 0.5


def surest_boxes(boxes: np.ndarray, scores: np.ndarray, most: float) -> np.ndarray:
    """Return which boxes stay when none may overlap a surer one by more than ``most``.

    Args:
        boxes: float B×4, left, top, right, bottom.
        scores: float B.
        most: largest intersection over union that two cells have, 0 to 1.

    Returns:
        Their positions, int, the surest first.
    """
    order = np.argsort(-scores, kind="stable")
    kept: list[int] = []
    while len(order):
        first, rest = order[0], order[1:]
        kept.append(int(first))
        order = rest[overlap(boxes[first], boxes[rest]) <= most]
    return np.array(kept, int)


def matched(boxes: np.ndarray, found: np.ndarray) -> list[int]:
    """Return which marked box each found one shows, -1 for none.

    Args:
        boxes: float B×4, marked.
        found: float F×4, the surest first; each mark is taken once.
    """
    free = np.ones(len(boxes), bool)
    shown = []
    for box in found:
        likeness = np.where(free, overlap(box, boxes), 0.0)
        best = int(likeness.argmax()) if len(boxes) else -1
        same = best >= 0 and likeness[best] >= SAME_CELL
        shown.append(best if same else -1)
        if same:
            free[best] = False
    return shown


def overlap(box: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return the intersection over union of a box (4) with others (B×4): float B, 0 to 1."""
    low = np.maximum(box[:2], others[:, :2])
    high = np.minimum(box[2:], others[:, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=1)
    areas = (others[:, 2:] - others[:, :2]).prod(axis=1)
    joint = (box[2:] - box[:2]).prod() + areas - shared
    share: np.ndarray = shared / np.maximum(joint, 1e-9)
    return share
